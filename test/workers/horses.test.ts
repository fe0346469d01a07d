import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, suite } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  closeConnection,
  enqueueMany,
  enqueueWithReservation,
  listWorkers,
  readHistory,
  type EnqueueOptions,
  type Task,
  type TaskType,
} from '../../src/index.ts';
import { CommandLine } from '../cli/command-line.ts';
import { connect, createDatabase } from '../support/database.ts';
import { guardiansOf } from '../support/guardians.ts';
import { environment } from '../support/environment.ts';
import { isAlive } from '../support/is-alive.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './horse-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./horse-tasks.ts', import.meta.url));

/** Long enough for any task here on a busy machine, in milliseconds. */
const PATIENCE_MS = 20_000;

/** What does not last longer than this when its worker is killed, in milliseconds. */
const LIFE_AFTER_WORKER_MS = 500;

const LINUX_ONLY = { skip: process.platform !== 'linux' && 'needs /proc' };

interface Death {
  readonly how: string;
  readonly task: TaskType;
  readonly kwargs?: Record<string, unknown>;
  readonly options?: EnqueueOptions;
  readonly code: string;
  readonly message: RegExp;
}

const DEATHS: readonly Death[] = [
  {
    how: 'exits with 0',
    task: tasks.exit,
    kwargs: { code: 0 },
    code: 'HORSE_DIED',
    message: /exited with code 0 without a result/,
  },
  {
    how: 'exits with 7',
    task: tasks.exit,
    kwargs: { code: 7 },
    code: 'HORSE_DIED',
    message: /exited with code 7 without a result/,
  },
  {
    how: 'gets SIGKILL',
    task: tasks.signal,
    kwargs: { signal: 'SIGKILL' },
    code: 'HORSE_DIED',
    message: /killed by SIGKILL/,
  },
  {
    how: 'gets SIGTERM',
    task: tasks.signal,
    kwargs: { signal: 'SIGTERM' },
    code: 'HORSE_DIED',
    message: /ended by SIGTERM/,
  },
  {
    how: 'gets SIGSEGV',
    task: tasks.signal,
    kwargs: { signal: 'SIGSEGV' },
    code: 'HORSE_DIED',
    message: /ended by SIGSEGV/,
  },
  {
    how: 'leaves a rejection unhandled',
    task: tasks.unhandledRejection,
    code: 'UNHANDLED_REJECTION',
    message: /nobody waits for me/,
  },
  {
    how: 'throws in a stray callback',
    task: tasks.uncaughtException,
    code: 'UNCAUGHT_EXCEPTION',
    message: /in a stray callback/,
  },
  { how: 'fills its heap', task: tasks.outOfMemory, code: 'OUT_OF_MEMORY', message: /heap was full/ },
  { how: 'disconnects', task: tasks.disconnect, code: 'TASK_FAILED', message: /process\.disconnect/ },
  {
    how: 'closes its channel',
    task: tasks.closeFileDescriptor,
    kwargs: { fds: [3] },
    code: 'HORSE_DIED',
    message: /closed its channel/,
  },
  {
    how: 'writes into its channel',
    task: tasks.writeIntoChannel,
    code: 'HORSE_DIED',
    message: /wrote into its channel/,
  },
  { how: 'returns what is no JSON', task: tasks.noJson, code: 'INVALID_INPUT', message: /result\.big/ },
  {
    how: 'throws what cannot be read',
    task: tasks.throwsTraps,
    code: 'TASK_FAILED',
    message: /cannot be read/,
  },
  {
    how: 'blocks its event loop and has a timeout',
    task: tasks.breeds,
    kwargs: { blocks: true },
    options: { timeout: 1 },
    code: 'TIMEOUT',
    message: /timeout of 1 s/,
  },
];

suite('a task', () => {
  test('that ends its process fails with the true reason, and the worker goes on', async (t) => {
    using _options = environment('NODE_OPTIONS', '--max-old-space-size=48');
    using _cache = environment('NODE_COMPILE_CACHE', undefined); // horses keep one of their own then
    await using engine = await Engine.create(TASKS_FILE);
    const worker = await engine.worker({ concurrency: 4 });
    const retried = ended(tasks.exit, { kwargs: { code: 1 }, retries: 1 });
    const ends = await Promise.all(
      DEATHS.map(({ task, kwargs = {}, options = {} }) => ended(task, { kwargs, ...options })),
    );
    for (const [index, { how, code, message }] of DEATHS.entries()) {
      await t.test(how, () => {
        const end = ends[index];
        const error = end?.error as { code: string; message: string };
        assert.equal(end?.state, 'failed');
        assert.equal(error.code, code, JSON.stringify(error));
        assert.match(error.message, message);
      });
    }
    const [rejection, callback] = ['leaves a rejection', 'throws in a stray'].map((how) => {
      const index = DEATHS.findIndex((death) => death.how.startsWith(how));
      return ends[index]?.error as { name: string; stack: string };
    });
    assert.equal(rejection?.name, 'RangeError');
    assert.match(rejection.stack, /horse-tasks\.ts/);
    assert.equal(callback?.name, 'TypeError');
    const { state, attempt } = await retried; // while its second run goes on it has a folder, too
    const left = readdirSync(join(process.env['PULP_WORKING_DIRECTORY'] ?? '', worker.name)).filter(
      (name) => {
        const [, keeper] = /^\.vacant-(\d+)$/.exec(name) ?? [];
        return keeper === undefined || !isAlive(Number(keeper)); // a live horse may keep one for its next task
      },
    );
    assert.deepEqual(left, ['.compile-cache']);
    assert.deepEqual([state, attempt], ['failed', 2], 'it is tried again as after any failure');
    assert.equal((await ended(tasks.pid)).state, 'completed');
    assert.deepEqual(await engine.violations(), []);
  });

  test('waits while its host cannot run it, costs no attempt by that, and runs when it can', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pulp-tasks-'));
    const file = join(folder, 'tasks.ts');
    const source = `export * from ${JSON.stringify(TASKS_FILE)};`;
    const broken = `if (process.env.PULP_HORSE_MARK) throw new Error('not in a horse');\n${source}`;
    await writeFile(file, broken);
    try {
      await using engine = await Engine.create(file);
      const { online, unable } = await engine.start({ maxTasksPerHorse: 1 });
      assert.match(await unable, /no horse can be started: .*not in a horse/);
      const task = await enqueueWithReservation(tasks.pid, []);
      await using client = await connect(engine.database.url);
      const { rows } = await client.query<{ state: string; unable: string }>(
        'select state, unable from pulp.worker',
      );
      assert.equal(rows[0]?.state, 'online');
      assert.match(rows[0].unable, /not in a horse/);
      await writeFile(file, source);
      await online;
      assert.equal((await task.wait({ timeout: PATIENCE_MS })).state, 'completed');

      // A horse that was there may be the last one that could start.
      await writeFile(file, broken);
      const others = await enqueueMany(Array.from({ length: 3 }, () => ({ task: tasks.pid })));
      await until(
        async () => (await client.query('select from pulp.worker where unable is not null')).rowCount === 1,
      );
      await writeFile(file, source);
      for (const other of others) {
        const { state, attempt } = await other.wait({ timeout: PATIENCE_MS });
        assert.deepEqual([state, attempt], ['completed', 1]);
      }
      assert.deepEqual(await engine.violations(), []);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

suite('a task, one after another in one worker,', () => {
  const scope = new AsyncDisposableStack();
  before(async () => {
    scope.use(environment('NOTIFY_SOCKET', '/nowhere'));
    const engine = scope.use(await Engine.create(TASKS_FILE));
    await engine.worker({ concurrency: 1 });
  });
  after(() => scope.disposeAsync());

  test('is not blamed for what an earlier one in its process left behind', async () => {
    const throwing = await ended(tasks.leavesCallback, { kwargs: { does: 'throw' } });
    const innocent = await ended(tasks.patient);
    assert.deepEqual([innocent.state, innocent.result], ['completed', throwing.result]);
    const exiting = await ended(tasks.leavesCallback, { kwargs: { does: 'exit' } });
    assert.notEqual(exiting.result, throwing.result, 'the process had to be replaced');
    const victim = await ended(tasks.patient);
    assert.equal(victim.state, 'failed');
    assert.match(
      (victim.error as { message: string }).message,
      new RegExp(`task ${exiting.id} .* left behind`),
    );
  });

  test('that closes its output costs the next one nothing', async () => {
    const closing = await ended(tasks.closeFileDescriptor, { kwargs: { fds: [1, 2] } });
    assert.equal(closing.state, 'completed');
    const next = await ended(tasks.pid);
    assert.equal(next.state, 'completed');
    assert.notEqual(next.result, closing.result);
  });

  test('may report without end: few reports are recorded', async () => {
    const { state, version } = await ended(tasks.floodsProgress);
    assert.equal(state, 'completed');
    assert.ok(version < 20, `${version} events`);
  });

  test('that starts a program and waits for it keeps its process warm', async () => {
    const first = await ended(tasks.runsProgram);
    assert.equal((await ended(tasks.runsProgram)).result, first.result);
  });

  test('that leaves a process behind is over when that one is gone', LINUX_ONLY, async () => {
    const task = await ended(tasks.leavesProcess);
    const { horse, left } = task.result as { horse: number; left: number };
    assert.equal(task.state, 'completed');
    assert.deepEqual([horse, left].filter(isAlive), []);
  });

  test(
    'that is canceled is over when all it started is gone, though nothing of it heeds a signal',
    LINUX_ONLY,
    async () => {
      for (const blocks of [true, false]) {
        const task = await enqueueWithReservation(tasks.breeds, [], { kwargs: { blocks } });
        const family = await progressOf(task);
        await task.cancel();
        assert.equal((await task.wait({ timeout: PATIENCE_MS })).state, 'canceled');
        assert.deepEqual(family.filter(isAlive), []);
      }
    },
  );

  test('has the environment of its worker, without the variables of its service', async () => {
    assert.deepEqual((await ended(tasks.serviceVariables)).result, []);
  });
});

suite('what a task leaves behind that ends its process', () => {
  for (const { victim, expected } of [
    { victim: tasks.repeatable, expected: { state: 'completed', attempt: 1, code: undefined } },
    { victim: tasks.unrepeatable, expected: { state: 'failed', attempt: 1, code: 'HORSE_DIED' } },
  ]) {
    test(`costs the next one nothing that can be repeated; ${victim.name} is ${expected.state}`, async () => {
      await using engine = await Engine.create(TASKS_FILE);
      await engine.worker({ concurrency: 1 });
      // More than there are horses for short runs: each of those has a bomb when the victim comes.
      const bombs = Array.from({ length: 20 }, () => ({ task: tasks.leavesBomb, priority: 1 }));
      const left = (await enqueueMany(bombs)).map(({ id }) => id).join('|');
      const next = await enqueueWithReservation(victim, []);
      const end = await next.wait({ timeout: PATIENCE_MS });
      const { code, message = '' } = (end.error ?? {}) as { code?: string; message?: string };
      assert.deepEqual({ state: end.state, attempt: end.attempt, code }, expected);
      const interruptions = (await readHistory(next.id)).filter(({ type }) => type === 'TaskInterrupted');
      assert.deepEqual(
        interruptions.map(({ data }) => (data as { by: string }).by),
        expected.state === 'completed' ? ['leftover'] : [],
      );
      const told = expected.state === 'completed' ? JSON.stringify(interruptions) : message;
      assert.match(
        told,
        new RegExp(`code that task (${left}) \\(horse.leaves-bomb\\) left behind ended the process`),
      );
      assert.deepEqual(await engine.violations(), []);
    });
  }
});

suite('a worker that is killed', LINUX_ONLY, () => {
  const cases = [
    { that: 'takes its horses along, and what they started' },
    { that: 'does so without setpriv', env: { PATH: '/nowhere' } },
    { that: 'does so after its guardian was killed', killsGuardian: true },
  ];
  for (const { that, env = {}, killsGuardian = false } of cases) {
    test(that, async () => {
      await using database = await createDatabase();
      await using _ = reach(database.url);
      await using pulp = await CommandLine.create({ DATABASE_URL: database.url, ...env });
      const worker = await pulp.worker('--tasks', TASKS_FILE);
      const families = await Promise.all(
        [true, false].map(async (blocks) =>
          progressOf(await enqueueWithReservation(tasks.breeds, [], { kwargs: { blocks } })),
        ),
      );
      const family = families.flat();
      assert.deepEqual(family.filter(isAlive), family);
      if (killsGuardian) {
        for (const guardian of guardiansOf(worker.process.pid)) process.kill(guardian, 'SIGKILL');
        await worker.logged('the guardian of the worker ended');
        await until(() => guardiansOf(worker.process.pid).some(isListening));
      }
      const guardians = guardiansOf(worker.process.pid);
      worker.process.kill('SIGKILL');
      const killedAt = performance.now();
      await until(() => !family.some(isAlive));
      const ms = performance.now() - killedAt;
      assert.ok(ms < LIFE_AFTER_WORKER_MS, `they lived for another ${ms} ms`);
      // Its guardian reports it, and goes: nobody waits for the TTL.
      await until(async () => (await listWorkers())[0]?.state === 'missing');
      await until(() => !guardians.some(isAlive));
    });
  }
});

suite('output that nobody reads', () => {
  for (const gone of [false, true]) {
    test(gone ? 'is no matter: stderr is closed' : 'is dropped: stderr is full', async () => {
      await using database = await createDatabase();
      await using _ = reach(database.url);
      await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
      const worker = pulp.start(['worker', '--tasks', TASKS_FILE]);
      if (gone) worker.stderr.destroy();
      try {
        const options = { kwargs: { megabytes: 4 } };
        assert.equal((await ended(tasks.floods, options)).state, 'completed');
        assert.equal((await ended(tasks.pid)).state, 'completed');
        const over = new Promise((resolve) => worker.once('exit', resolve));
        worker.kill('SIGTERM');
        assert.equal(await over, 0);
      } finally {
        worker.kill('SIGKILL');
      }
    });
  }
});

type Options = EnqueueOptions & { readonly kwargs?: Record<string, unknown> };

async function ended(task: TaskType, options: Options = {}): Promise<Task> {
  return (await enqueueWithReservation(task, [], options)).wait({ timeout: PATIENCE_MS });
}

/** The progress that a task reports, here a list of process ids. */
async function progressOf(task: { read(): Promise<Task> }): Promise<number[]> {
  await until(async () => (await task.read()).progress !== null);
  return (await task.read()).progress as number[];
}

/** Whether a process catches SIGTERM, which a guardian does once its program is loaded. */
function isListening(pid: number): boolean {
  const [, caught = '0'] = /^SigCgt:\t(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${caught}`) & (1n << BigInt(constants.signals.SIGTERM - 1))) !== 0n;
}

/** Enqueues to this database, for a scope. */
function reach(databaseUrl: string): AsyncDisposable {
  process.env['DATABASE_URL'] = databaseUrl;
  return { [Symbol.asyncDispose]: closeConnection };
}
