import assert from 'node:assert/strict';
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { createDatabase } from '../support/database.ts';
import { eventually } from './eventually.ts';
import { noSystemdMachine as skip, SystemdMachine, type Ran } from './systemd-machine.ts';

const TASKS = fileURLToPath(new URL('./systemd-tasks.mjs', import.meta.url));
const ENVIRONMENT = 'workers.env';
const START = ['workers', 'start', '--environment-file', ENVIRONMENT];
const WORKER = 'pulp-worker@0.service';
const WARNING = 4;

/** How long a start or a stop of services may take here, in milliseconds: a machine that tests use is slow. */
const PATIENCE = { timeout: 120_000 };

test('services under a live systemd', { skip, timeout: 1_200_000 }, async (t) => {
  await using database = await createDatabase();
  const app = await mkdtemp(join(tmpdir(), 'pulp-systemd-'));
  await chmod(app, 0o755);
  const environment = async (more: string) => {
    await writeFile(join(app, ENVIRONMENT), `DATABASE_URL = "${database.url}"\n${more}`, { mode: 0o600 });
  };
  await copyFile(TASKS, join(app, 'pulp.tasks.mjs'));
  await environment('');
  {
    await using machine = await SystemdMachine.boot(app);
    const call = (args: readonly string[]) =>
      machine.pulp(args, { DATABASE_URL: database.url, PULP_CONCURRENCY: '1' });
    const json = async <T>(args: readonly string[]) =>
      JSON.parse((await call([...args, '--json'])).stdout) as T;
    const enqueue = async (name: string, kwargs = {}) =>
      succeeded(await call(['task', 'enqueue', name, '--kwargs', JSON.stringify(kwargs)])).trim();
    const show = (id: string) => json<{ state: string; result: unknown }>(['task', 'show', id]);
    const finished = async (id: string) => {
      await call(['task', 'wait', id, '--timeout', '2m']);
      const { state, result } = await show(id);
      assert.equal(state, 'completed', `${id} is ${state}`);
      return result;
    };
    const running = (id: string) =>
      eventually('the task runs', async () => (await show(id)).state === 'running', PATIENCE);
    const active = (unit: string) =>
      eventually(
        `${unit} is active`,
        async () => (await machine.property(unit, 'ActiveState')) === 'active',
        PATIENCE,
      );
    const failedUnits = async () =>
      (await machine.run(['systemctl', '--failed', '--plain', '--no-legend'])).stdout;

    // Each builds on what the one before it left: the first that fails ends it all.
    const step = async (name: string, body: () => Promise<void>) => {
      await body();
      t.diagnostic(name);
    };

    await step(
      'they start with the account that systemd makes, though no list of accounts has it',
      async () => {
        assert.match(succeeded(await call(START)), /^1 resource manager, 1 reserved worker$/m);
        const { home, unit } = (await finished(await enqueue('systemd.surroundings'))) as Record<
          string,
          string
        >;
        assert.equal(home, '/var/cache/private/pulp-workers');
        assert.match(unit ?? '', /\/pulp-worker@0\.service$/);
        const { stdout } = await machine.run(['systemd-analyze', 'security', '--no-pager', WORKER]);
        t.diagnostic(stdout.trim().split('\n').at(-1) ?? '');
      },
    );

    await step('the journal has the priority of each line, and tasks cannot set it', async () => {
      await finished(await enqueue('systemd.speak'));
      const lines = await machine.journal(WORKER);
      const said = lines.filter(({ MESSAGE }) => MESSAGE.includes('a task is no emergency'));
      assert.deepEqual(
        said.map(({ PRIORITY, MESSAGE }) => [PRIORITY, MESSAGE]),
        [['6', '<0>a task is no emergency']],
      );
      const long = lines.filter(({ MESSAGE }) => /^x+(<1>)?$/.test(MESSAGE));
      assert.equal(long.map(({ MESSAGE }) => MESSAGE).join('').length, 100_003);
      for (const { PRIORITY, MESSAGE } of lines.filter((line) => line.MESSAGE.startsWith('{"level":'))) {
        const { level } = JSON.parse(MESSAGE) as { level: number };
        assert.equal(Number(PRIORITY) <= WARNING, level >= 40, MESSAGE);
      }
    });

    await step('settings that cannot work change nothing, and are told', async () => {
      const before = await machine.property(WORKER, 'MainPID');
      await environment('PULP_WORKER_TTL=nonsense\n');
      const refused = await call(START);
      assert.equal(refused.code, 2);
      assert.match(
        refused.stderr,
        /workers cannot run with these settings: PULP_WORKER_TTL: "nonsense" is not a number/,
      );
      await environment('');
      assert.match((await call([...START, '--run-as', 'no-such'])).stderr, /there is no account "no-such"/);
      await machine.run(['useradd', '--system', 'ann']);
      await chmod(app, 0o700);
      assert.match(
        (await call([...START, '--run-as', 'ann'])).stderr,
        /its folder is not there, or its account may not enter it/,
      );
      await chmod(app, 0o755);
      assert.equal(await machine.property(WORKER, 'MainPID'), before);
      assert.equal(await failedUnits(), '');
    });

    await step(
      'the content of the environment file reaches them, and the same again changes nothing',
      async () => {
        const pid = await machine.property(WORKER, 'MainPID');
        succeeded(await call(START));
        assert.equal(await machine.property(WORKER, 'MainPID'), pid);
        await environment('PULP_LOG_LEVEL=debug\n');
        succeeded(await call(START));
        assert.notEqual(await machine.property(WORKER, 'MainPID'), pid);
      },
    );

    await step('another account harms no task that runs', async () => {
      const id = await enqueue('systemd.work', { ms: 20_000 });
      await running(id);
      const said = succeeded(await call([...START, '--run-as', 'ann']));
      assert.match(said, /not waited for, .*: pulp-worker@0\.service/);
      assert.equal(await finished(id), 'worked');
      await active(WORKER);
      assert.equal(await finished(await enqueue('systemd.work', { ms: 100 })), 'worked');
    });

    await step('a worker that is killed comes back', async () => {
      const pid = await machine.property(WORKER, 'MainPID');
      await machine.run(['kill', '-KILL', pid]);
      await eventually(
        'another process is up',
        async () => {
          const [state, other] = await Promise.all(
            ['ActiveState', 'MainPID'].map((name) => machine.property(WORKER, name)),
          );
          return state === 'active' && other !== pid;
        },
        PATIENCE,
      );
    });

    await step('a stop that ends what runs leaves no failed service', async () => {
      succeeded(await call([...START, '--shutdown-deadline', '1s', '--run-as', 'ann']));
      await running(await enqueue('systemd.work', { ms: 600_000 }));
      succeeded(await machine.run(['systemctl', 'stop', WORKER]));
      assert.equal(await machine.property(WORKER, 'ExecMainStatus'), '4');
      assert.equal(await machine.property(WORKER, 'ActiveState'), 'inactive');
      assert.equal(await failedUnits(), '');
    });

    await step('nothing is left of them after a stop', async () => {
      succeeded(await call(['workers', 'stop']));
      const { stdout } = await machine.run([
        'systemctl',
        'list-units',
        '--all',
        '--plain',
        '--no-legend',
        'pulp-*',
      ]);
      assert.equal(stdout, '');
      assert.equal((await machine.run(['sh', '-c', 'ls /etc/systemd/system/pulp-*'])).stdout, '');
    });
  }
  await rm(app, { recursive: true });
});

function succeeded({ code, stdout, stderr }: Ran): string {
  assert.equal(code, 0, stderr);
  return stdout;
}
