import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import test, { suite } from 'node:test';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { enqueueMany } from '../../src/index.ts';
import { isAlive } from '../support/is-alive.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import { resultOf, TestPool, type TestRun } from './cgroups/pool.ts';
import { horsesHere } from './horses-here.ts';
import { alone, any, DOINGS } from './line-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./line-tasks.ts', import.meta.url));

/** How many horses are made for short runs. */
const FEW = 2 * availableParallelism();

/** Long enough for any task here on a busy machine, in milliseconds. */
const PATIENCE_MS = 60_000;

const LINUX_ONLY = { skip: process.platform !== 'linux' && 'needs /proc' };

interface Returned {
  readonly id: string;
  readonly pid: number;
  readonly begunAt: number;
  readonly endedAt: number;
}

interface Fault {
  readonly code: string;
  readonly message: string;
  readonly output?: string;
}

/** Where runs note that they ran. */
class Journal implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'journal');
  }

  static async make(): Promise<Journal> {
    return new Journal(await mkdtemp(join(tmpdir(), 'pulp-line-')));
  }

  /** How often each task's code ran. Fails if any took itself for another, or was elsewhere than in a directory of its own. */
  runs(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    const text = existsSync(this.path) ? readFileSync(this.path, 'utf8') : '';
    // The last part is empty, or a line that is being written.
    for (const line of text.split('\n').slice(0, -1)) {
      const [id = '', current, cwd = '', directory = ''] = line.split(' ');
      assert.deepEqual([current, basename(cwd), basename(directory)], [id, id, id]);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.#folder, { recursive: true });
  }
}

/** Horses that know from experience that the runs of these tests are short, and nothing of what is to come. */
async function experienced(journal: Journal): Promise<TestPool> {
  const pool = await TestPool.make(undefined, { tasksFiles: [TASKS_FILE] });
  // One process for a while, so that it is no newcomer that is judged by.
  for (let run = 0; run < 40; run += 1) await pool.result(any, { journal: journal.path });
  return pool;
}

suite('tasks that are sent ahead', () => {
  test('of a short type share few processes', async () => {
    await using journal = await Journal.make();
    await using pool = await experienced(journal);
    const runs = Array.from({ length: 200 }, () => pool.start(any, { journal: journal.path }));
    const pids = new Set((await Promise.all(runs.map(returnOf))).map(({ pid }) => pid));
    assert.ok(pids.size <= 2 * FEW, `${pids.size} processes`); // a machine without a free processor makes some look long
    for (const { id } of runs) assert.equal(journal.runs().get(id), 1);
  });

  for (const does of ['wait', 'block'] as const) {
    test(`do not stay behind one that turns out to ${does} for long`, async () => {
      await using journal = await Journal.make();
      await using pool = await experienced(journal);
      const long = Array.from({ length: FEW + 1 }, () =>
        pool.start(any, { journal: journal.path, does, ms: 10_000 }),
      );
      const short = Array.from({ length: 30 }, () => pool.start(any, { journal: journal.path }));
      let isOver = false;
      for (const { ended } of long)
        void ended.then(() => {
          isOver = true;
        });
      await Promise.all(short.map(returnOf));
      assert.equal(isOver, false, 'all short ones have ended before a long one has');
      for (const run of long) run.kill();
      await Promise.all(long.map(({ ended }) => ended));
      for (const { id } of [...short, ...long]) assert.equal(journal.runs().get(id), 1);
    });
  }

  for (const does of ['die', 'exit'] as const) {
    test(`survive one that makes its process ${does}`, async () => {
      await using journal = await Journal.make();
      await using pool = await experienced(journal);
      const runs = Array.from({ length: 60 }, (_, index) =>
        pool.start(any, { journal: journal.path, does: index % 10 === 0 ? does : 'return' }),
      );
      for (const [index, run] of runs.entries()) {
        const result = resultOf(await run.ended);
        if (index % 10 !== 0) assert.equal((result as Returned).id, run.id);
        else {
          const { code, output } = result as Fault;
          assert.equal(code, 'HORSE_DIED');
          if (does === 'die')
            assert.equal(output, `${run.id} was here\n`, 'what it wrote, and nothing of others');
        }
        assert.equal(journal.runs().get(run.id), 1, 'its code ran once');
        assert.equal((await run.progress)['id'], run.id);
      }
    });
  }

  test('count as they ended though their process died meanwhile, and more was sent to it before that was seen', async () => {
    await using journal = await Journal.make();
    await using pool = await experienced(journal);
    const runs = Array.from({ length: 12 }, (_, index) =>
      pool.start(any, { journal: journal.path, does: index === 10 ? 'die' : 'return' }),
    );
    await yieldToOthers(); // now they are sent
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 80); // they run, and nobody listens
    runs.push(pool.start(any, { journal: journal.path }));
    for (const [index, run] of runs.entries()) {
      const result = resultOf(await run.ended);
      if (index === 10) assert.equal((result as Fault).code, 'HORSE_DIED');
      else assert.equal((result as Returned).id, run.id);
      assert.equal(journal.runs().get(run.id), 1);
    }
  });

  test('are taken back when they are canceled, and no process ends for it', async () => {
    await using journal = await Journal.make();
    await using pool = await experienced(journal);
    const { pid } = await returnOf(pool.start(any, { journal: journal.path }));
    const runs = Array.from({ length: 60 }, () => pool.start(any, { journal: journal.path }));
    await yieldToOthers(); // now they are sent
    const [canceled, others] = [runs.slice(20, 40), [...runs.slice(0, 20), ...runs.slice(40)]];
    for (const run of canceled) run.abort('not wanted any more');
    for (const run of canceled) {
      assert.equal(resultOf(await run.ended), 'canceled');
      assert.equal(journal.runs().get(run.id), undefined, 'its code did not run');
    }
    await Promise.all(others.map(returnOf));
    assert.ok(isAlive(pid));
  });

  test('leave alone a task that wants a process of its own', async () => {
    await using journal = await Journal.make();
    await using pool = await experienced(journal);
    const lonely = Array.from({ length: 3 }, () => pool.start(alone));
    const others = Array.from({ length: 20 }, () => pool.start(any, { journal: journal.path }));
    const pids = (await Promise.all(lonely.map(returnOf))).map(({ pid }) => pid);
    assert.equal(new Set(pids).size, 3);
    for (const { pid } of await Promise.all(others.map(returnOf))) assert.ok(!pids.includes(pid));
    await until(() => !pids.some(isAlive));
  });
});

/** What the task of a worker is to do, and what is done to it. */
interface Fate {
  readonly does: (typeof DOINGS)[number];
  readonly ms: number;
  readonly end: 'none' | 'cancel' | 'timeout';
}

const fate = fc
  .record<Fate>({
    does: fc.oneof(
      { weight: 12, arbitrary: fc.constant('return' as const) },
      { weight: 5, arbitrary: fc.constantFrom(...DOINGS) },
    ),
    ms: fc.integer({ min: 0, max: 60 }),
    end: fc.oneof(
      { weight: 6, arbitrary: fc.constant('none' as const) },
      { weight: 1, arbitrary: fc.constant('cancel' as const) },
      { weight: 1, arbitrary: fc.constant('timeout' as const) },
    ),
  })
  .map((each) => (each.does === 'hang' && each.end === 'none' ? { ...each, end: 'cancel' as const } : each));

test('tasks end once each, as their code and their callers have it, whatever runs before and beside them', async (t) => {
  await using journal = await Journal.make();
  await using engine = await Engine.create(TASKS_FILE);
  await engine.worker({ concurrency: 30 });
  let ended = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fate, { minLength: 20, maxLength: 120 }), async (fates) => {
      const tasks = await enqueueMany(
        fates.map(({ does, ms, end }) => ({
          task: any,
          kwargs: { journal: journal.path, does, ms },
          ...(end === 'timeout' && { timeout: does === 'hang' ? 1 : PATIENCE_MS / 1000 }),
        })),
      );
      await Promise.all(
        tasks.filter((_, index) => fates[index]?.end === 'cancel').map((task) => task.cancel()),
      );
      const runs = new Map<string, number>();
      for (const [index, task] of tasks.entries()) {
        const { does, end } = fates[index] as Fate;
        const { state, attempt, error, result } = await task.wait({ timeout: PATIENCE_MS });
        const words = `${does}, ${end}: ${state} ${JSON.stringify(error)}`;
        const fails = does === 'throw' || does === 'exit' || does === 'die';
        const own = does === 'hang' ? [] : [fails ? 'failed' : 'completed'];
        const allowed = {
          none: own,
          cancel: [...own, 'canceled'],
          timeout: does === 'hang' ? ['failed'] : own,
        };
        assert.ok(allowed[end].includes(state), words);
        if (state === 'failed') {
          const { code } = error as Fault;
          assert.equal(
            code,
            { throw: 'TASK_FAILED', hang: 'TIMEOUT' }[does as string] ?? 'HORSE_DIED',
            words,
          );
        }
        if (state === 'completed') assert.equal((result as Returned).id, task.id);
        assert.ok(attempt <= 1, 'nothing that was not its own doing costs it an attempt');
        runs.set(task.id, state === 'canceled' ? 0 : 1);
      }
      const journalled = journal.runs();
      for (const [id, least] of runs) {
        const times = journalled.get(id) ?? 0;
        assert.ok(times >= least && times <= 1, `the code of ${id} ran ${times} times`);
      }
      ended += tasks.length;
    }),
    { numRuns: 8, endOnFailure: true },
  );
  t.diagnostic(`${ended} tasks`);
  assert.deepEqual(await engine.violations(), []);
});

test('a horse that is killed from outside ends one run at most', LINUX_ONLY, async (t) => {
  await using journal = await Journal.make();
  await using engine = await Engine.create(TASKS_FILE);
  await engine.worker({ concurrency: 30 });
  const tasks = await enqueueMany(
    Array.from({ length: 2000 }, () => ({ task: any, kwargs: { journal: journal.path } })),
  );
  const all = Promise.all(tasks.map((task) => task.wait({ timeout: PATIENCE_MS })));
  let isOver = false;
  all
    .finally(() => {
      isOver = true;
    })
    .catch(() => undefined); // told where it is awaited
  let kills = 0;
  while (!isOver && kills < 12) {
    const had = journal.runs().size;
    await until(() => isOver || journal.runs().size >= had + 20); // they are at work
    const [victim] = horsesHere();
    if (victim === undefined) continue;
    process.kill(victim, 'SIGKILL');
    kills += 1;
  }
  const ended = await all;
  const failed = ended.filter(({ state }) => state !== 'completed');
  for (const { state, error } of failed)
    assert.deepEqual([state, (error as Fault).code], ['failed', 'HORSE_DIED']);
  assert.ok(failed.length <= kills, `${kills} kills ended ${failed.length} runs`);
  const runs = journal.runs();
  for (const { id, state, attempt } of ended) {
    assert.equal(attempt, 1, 'it costs the others no attempt');
    const times = runs.get(id) ?? 0;
    assert.ok(times === 1 || (times === 0 && state === 'failed'), `the code of ${id} ran ${times} times`);
  }
  t.diagnostic(`${kills} kills ended ${failed.length} of ${tasks.length} runs`);
  assert.deepEqual(await engine.violations(), []);
});

async function returnOf(run: TestRun): Promise<Returned> {
  const outcome = await run.ended;
  assert.equal(outcome.outcome, 'completed', JSON.stringify(outcome));
  return resultOf(outcome) as Returned;
}
