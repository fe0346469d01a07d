import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { suite, test } from 'node:test';
import { CommandLine } from './command-line.ts';

/** Stands in for `systemctl`: writes down each call, and answers as a systemd that has the services named in a file. */
const SYSTEMCTL = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/calls"
case "$*" in
  *--version*) echo 'systemd 255 (255.4)';;
  *is-system-running*) cat "$here/state";;
  *list-units*) cat "$here/units";;
  *' show '*) cat "$here/shown";;
  *' start pulp-worker-check.service'*) cat "$here/refusal" >&2; test ! -s "$here/refusal"; exit;;
  *' start '*pulp-worker@1.service*) echo 'Job for pulp-worker@1.service failed.' >&2; exit 1;;
esac
`;

/** A command line on a machine with such a systemd of the user's. */
class Machine implements AsyncDisposable {
  readonly pulp: CommandLine;
  /** Where unit files are. */
  readonly units: string;
  readonly #programs: string;

  private constructor(pulp: CommandLine) {
    this.pulp = pulp;
    this.#programs = join(pulp.folder, 'programs');
    this.units = join(pulp.folder, 'config/systemd/user');
  }

  static async create(): Promise<Machine> {
    const machine = new Machine(await CommandLine.create({}));
    const { pulp } = machine;
    await mkdir(machine.#programs);
    await writeFile(join(machine.#programs, 'systemctl'), SYSTEMCTL, { mode: 0o755 });
    await machine.answers('state', 'degraded\n');
    await machine.answers('units', '');
    await machine.answers('shown', '');
    await machine.answers('refusal', '');
    await pulp.write('pulp.tasks.ts', 'export {};');
    await pulp.write('workers.env', 'PULP_LOG_LEVEL=warn\nDATABASE_URL=postgresql://u:S3CR3T@db/app\n');
    await chmod(join(pulp.folder, 'workers.env'), 0o600);
    return machine;
  }

  /** What it says from now on. */
  async answers(file: 'state' | 'units' | 'shown' | 'refusal', text: string): Promise<void> {
    await writeFile(join(this.#programs, file), text);
  }

  run(args: readonly string[], settings: NodeJS.ProcessEnv = {}) {
    return this.pulp.run(['workers', ...args], { env: this.#environment(settings) });
  }

  json(args: readonly string[], settings: NodeJS.ProcessEnv = {}) {
    return this.pulp.json(['workers', ...args], { env: this.#environment(settings) });
  }

  /** How systemctl was called since the last time, without questions. */
  async calls(): Promise<readonly string[]> {
    const path = join(this.#programs, 'calls');
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    await writeFile(path, '');
    return lines.filter((line) => !/--version|is-system-running|list-units| show /.test(line));
  }

  #environment(settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return {
      PATH: `${this.#programs}${delimiter}${process.env['PATH'] ?? ''}`,
      XDG_CONFIG_HOME: join(this.pulp.folder, 'config'),
      ...settings,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pulp[Symbol.asyncDispose]();
  }
}

const START = ['start', '--user', '--environment-file', 'workers.env'];
const RESET = '--user reset-failed pulp-worker@*.service pulp-resource-manager*.service';

/** The settings are checked by a unit that is there for no longer. */
const CHECK = [
  '--user daemon-reload',
  '--user start pulp-worker-check.service',
  '--user daemon-reload',
  '--user reset-failed pulp-worker-check*.service',
];

/** What systemd says of a service that is to start anew. */
function shown(unit: string, state: string, status = 0): string {
  return `Id=${unit}\nActiveState=${state}\nSubState=${state}\nResult=success\nExecMainStatus=${status}\n\n`;
}

suite('pulp workers', () => {
  test('starts services, changes them, and leaves nothing of them', async () => {
    await using machine = await Machine.create();
    const { code, stdout, stderr } = await machine.run(START, { PULP_CONCURRENCY: '1' });
    assert.deepEqual([code, stdout], [0, '1 resource manager, 1 reserved worker\n']);
    assert.match(stderr, /^systemctl --user daemon-reload$/m);
    assert.deepEqual(await machine.calls(), [
      ...CHECK,
      '--user daemon-reload',
      RESET,
      '--user enable pulp-workers.target',
      '--user --no-block start pulp-workers.target',
      '--user start pulp-resource-manager.service pulp-worker@0.service',
    ]);
    assert.deepEqual((await readdir(machine.units)).sort(), [
      'pulp-resource-manager.service',
      'pulp-worker@.service',
      'pulp-workers.target',
    ]);
    const worker = await readFile(join(machine.units, 'pulp-worker@.service'), 'utf8');
    assert.match(worker, new RegExp(`^EnvironmentFile=${machine.pulp.folder}/workers.env$`, 'm'));
    assert.match(worker, /^RestartMaxDelaySec=/m); // this systemd knows it
    assert.doesNotMatch(worker, /S3CR3T/);

    await machine.answers('units', 'pulp-worker@0.service loaded active running Pulp worker 0\n');
    const more = await machine.run([...START, '--concurrency', '4'], { PULP_CONCURRENCY: '3' });
    assert.equal(more.code, 0);
    assert.deepEqual((await machine.calls()).slice(CHECK.length + 3), [
      '--user --no-block restart pulp-worker@0.service pulp-worker@1.service pulp-worker@2.service',
      '--user --no-block start pulp-workers.target',
      '--user start pulp-resource-manager.service',
    ]);

    await machine.answers(
      'units',
      [0, 1, 2].map((number) => `pulp-worker@${number}.service loaded active running Pulp worker\n`).join(''),
    );
    const fewer = await machine.run([...START, '--concurrency', '4'], { PULP_CONCURRENCY: '1' });
    assert.equal(fewer.code, 0);
    assert.equal(
      (await machine.calls())[CHECK.length],
      '--user --no-block stop pulp-worker@1.service pulp-worker@2.service',
    );

    const dry = await machine.json(['stop', '--user', '--dry-run']);
    assert.deepEqual(await machine.calls(), []);
    const stopped = await machine.json(['stop', '--user']);
    assert.deepEqual(stopped, { code: 0, data: { ...(dry.data as object), dry_run: false } });
    assert.deepEqual(await machine.calls(), [
      '--user stop pulp-workers.target pulp-resource-manager.service pulp-worker@0.service pulp-worker@1.service pulp-worker@2.service',
      '--user disable pulp-workers.target',
      '--user daemon-reload',
      RESET,
    ]);
    assert.deepEqual(await readdir(machine.units), []);
    await machine.answers('units', '');
    assert.equal((await machine.run(['stop', '--user'])).stdout, 'there were none\n');
    assert.deepEqual(await machine.calls(), []);
  });

  test('the content of what the workers read changes them, and nothing else does', async () => {
    await using machine = await Machine.create();
    const { pulp } = machine;
    const restarts = async () =>
      (await machine.calls()).filter((call) => call.includes('--no-block restart'));
    const settings = { PULP_CONCURRENCY: '1' };
    await machine.run(START, settings);
    await machine.run(START, settings);
    assert.deepEqual(await restarts(), []);
    const all = ['--user --no-block restart pulp-resource-manager.service pulp-worker@0.service'];
    await pulp.write('workers.env', 'PULP_SECRET_KEYS=a:b\n DATABASE_URL = "postgresql://u:S3CR3T@db/app"\n');
    assert.equal((await machine.run(START, settings)).code, 0);
    assert.deepEqual(await restarts(), all);
    await pulp.write('pulp.tasks.ts', 'export {}; // another release');
    await machine.answers(
      'shown',
      shown('pulp-resource-manager.service', 'active') + shown('pulp-worker@0.service', 'deactivating'),
    );
    const { stdout } = await machine.run(START, settings);
    assert.deepEqual(await restarts(), all);
    assert.match(stdout, /^not waited for, .* finish what runs .*: pulp-worker@0\.service$/m);
  });

  test('settings that workers refuse change nothing; a restart that fails is told', async () => {
    await using machine = await Machine.create();
    await machine.run(START, { PULP_CONCURRENCY: '1' });
    const path = join(machine.units, 'pulp-worker@.service');
    const before = await readFile(path, 'utf8');
    await machine.calls();
    await machine.answers('refusal', 'Job for pulp-worker-check.service failed.');
    const refused = await machine.json([...START, '--concurrency', '3'], { PULP_CONCURRENCY: '1' });
    assert.equal(refused.code, 2);
    assert.equal((refused.data as { error: { code: string } }).error.code, 'SETTINGS_REFUSED');
    assert.deepEqual(await machine.calls(), CHECK);
    assert.equal(await readFile(path, 'utf8'), before);
    assert.equal((await readdir(machine.units)).length, 3); // the check left no unit

    await machine.answers('refusal', '');
    await machine.answers('shown', shown('pulp-worker@0.service', 'failed', 200));
    const failed = await machine.run([...START, '--concurrency', '3'], { PULP_CONCURRENCY: '1' });
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /pulp-worker@0\.service does not start\nits folder is not there, or /);
  });

  test('a dry run shows the units and what would be done, and does none of it, even where it could not', async () => {
    await using machine = await Machine.create();
    await machine.answers('state', 'offline\n');
    const { code, stdout, stderr } = await machine.run(['start', '--user', '--dry-run'], {
      PULP_CONCURRENCY: '2',
    });
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^Wants=pulp-resource-manager\.service pulp-worker@0\.service pulp-worker@1\.service$/m,
    );
    assert.match(stdout, new RegExp(`^# then: write ${machine.units}/pulp-worker@\\.service$`, 'm'));
    assert.match(stdout, /^# then: systemctl --user start pulp-resource-manager\.service/m);
    assert.match(stderr, /nothing names the database of the services: .*\nTry: .*--environment-file/);
    assert.match(stderr, /systemd of this user is not running here: it is offline/);
    assert.deepEqual(await machine.calls(), []);
    await assert.rejects(readdir(machine.units), { code: 'ENOENT' });
  });

  test('refuses what could not work, before it does anything', async () => {
    await using machine = await Machine.create();
    const { pulp } = machine;
    await pulp.write('open.env', 'DATABASE_URL=postgresql://u:S3CR3T@db/app\n');
    await chmod(join(pulp.folder, 'open.env'), 0o644);
    await pulp.write('poor.env', 'PULP_LOG_LEVEL=warn\n');
    await chmod(join(pulp.folder, 'poor.env'), 0o600);
    const refusals = {
      INVALID_INPUT: await machine.json(START, { PULP_CONCURRENCY: '0' }),
      NO_TASKS_FILE: await machine.json([...START, '--tasks', 'nowhere.ts']),
      ENVIRONMENT_FILE_UNUSABLE: await machine.json(['start', '--user']),
      BAD_USAGE: await machine.json([...START, '--run-as', 'ann']),
      NO_ACCOUNT: await machine.json(['start', '--environment-file', 'workers.env', '--run-as', 'no-such']),
    };
    for (const [expected, { code, data }] of Object.entries(refusals)) {
      assert.deepEqual([code, (data as { error: { code: string } }).error.code], [2, expected]);
    }
    const [open, poor, missing] = await Promise.all(
      ['open.env', 'poor.env', 'no.env'].map((file) =>
        machine.run(['start', '--user', '--environment-file', file]),
      ),
    );
    assert.match(open?.stderr ?? '', /open\.env can be read by everybody\nTry: .*chmod 600/);
    assert.match(poor?.stderr ?? '', /poor\.env has no line DATABASE_URL=/);
    assert.match(missing?.stderr ?? '', /cannot read .*no\.env: ENOENT/);
    await machine.answers('state', 'offline\n');
    for (const args of [START, ['stop', '--user']]) {
      const { code, stderr } = await machine.run(args);
      assert.equal(code, 1);
      assert.match(stderr, /is not running here: it is offline\nTry: .*`pulp worker`.*--dry-run/);
    }
    const { stderr } = await machine.run(START, { PATH: '/nowhere' });
    assert.match(stderr, /there is no systemctl/);
    assert.deepEqual(await machine.calls(), []);
    await assert.rejects(readdir(machine.units), { code: 'ENOENT' });
  });

  test("leaves somebody else's unit files alone", async () => {
    await using machine = await Machine.create();
    await mkdir(machine.units, { recursive: true });
    const path = join(machine.units, 'pulp-workers.target');
    await writeFile(path, '[Unit]\nDescription=Mine\n');
    for (const args of [START, ['stop', '--user']]) {
      const { code, stderr } = await machine.run(args);
      assert.equal(code, 1);
      assert.match(stderr, /pulp-workers\.target was not made by pulp/);
    }
    assert.equal(await readFile(path, 'utf8'), '[Unit]\nDescription=Mine\n');
    assert.deepEqual(await machine.calls(), []);
  });

  test('tells what systemctl complained of', async () => {
    await using machine = await Machine.create();
    const { code, stderr } = await machine.run(START, { PULP_CONCURRENCY: '2' });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /systemctl start failed: Job for pulp-worker@1\.service failed\.\nTry: `systemctl --user status/,
    );
  });

  test(
    'the services of the system are for root',
    { skip: process.getuid?.() === 0 && 'is root' },
    async () => {
      await using machine = await Machine.create();
      const { code, stderr } = await machine.run([
        ...START.filter((word) => word !== '--user'),
        '--run-as',
        'nobody',
      ]);
      assert.equal(code, 1);
      assert.match(stderr, /Try: Run it as root, or with --user/);
    },
  );
});
