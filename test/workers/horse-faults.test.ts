import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { enqueueMany, type PulpWorker } from '../../src/index.ts';
import { connect } from '../support/database.ts';
import { Engine } from '../support/worker.ts';
import { canceledByStop, DEADLY, ENDLESS, HARMLESS, requeuedByStop, TREACHEROUS } from './fault-tasks.ts';
import { horsesHere } from './horses-here.ts';

const TASKS_FILE = fileURLToPath(new URL('./fault-tasks.ts', import.meta.url));

/** Long enough for any task here on a busy machine, in milliseconds. */
const PATIENCE_MS = 120_000;

/** How many times it is done, with other tasks and faults each time. Seeds and counterexamples are told by fast-check. */
const ROUNDS = Number(process.env['PULP_HORSE_FAULTS'] ?? 1);

/** A round: fewer where it is one of all tests. */
const [TASKS, FAULTS] = process.env['PULP_HORSE_FAULTS'] === undefined ? [120, 16] : [300, 40];

/** What a task does, and what is done to it. */
interface Fate {
  readonly does: (typeof HARMLESS | typeof DEADLY | typeof ENDLESS | typeof TREACHEROUS)[number];
  readonly ms: number;
  readonly isRequeued: boolean;
  readonly retries: number;
  readonly timeout: number | undefined;
}

/** What happens from outside: when so many more tasks have begun, and so much later. */
interface Fault {
  readonly does: 'kill' | 'stop' | 'cancel' | 'deafen the worker' | 'restart the worker';
  readonly begun: number;
  readonly laterMs: number;
  /** Which horse, or which tasks. */
  readonly which: number;
  readonly ms: number;
}

const fate = fc
  .record({
    does: fc.oneof(
      { weight: 150, arbitrary: fc.constant('return' as const) },
      { weight: 16, arbitrary: fc.constantFrom(...HARMLESS) },
      { weight: 6, arbitrary: fc.constantFrom(...DEADLY) },
      { weight: 1, arbitrary: fc.constantFrom(...ENDLESS) },
      { weight: 2, arbitrary: fc.constantFrom(...TREACHEROUS) },
    ),
    ms: fc.integer({ min: 0, max: 40 }),
    isRequeued: fc.boolean(),
    retries: fc.constantFrom(0, 0, 0, 0, 1),
    timeout: fc.constantFrom(undefined, undefined, undefined, PATIENCE_MS / 1000),
  })
  .map((each): Fate =>
    ENDLESS.some((does) => does === each.does) ? { ...each, timeout: 1, retries: 0 } : each,
  );

const fault = fc.record<Fault>({
  does: fc.oneof(
    { weight: 24, arbitrary: fc.constant('kill' as const) },
    { weight: 4, arbitrary: fc.constant('stop' as const) },
    { weight: 4, arbitrary: fc.constant('cancel' as const) },
    { weight: 8, arbitrary: fc.constant('deafen the worker' as const) },
    { weight: 1, arbitrary: fc.constant('restart the worker' as const) },
  ),
  begun: fc.integer({ min: 0, max: 5 }),
  laterMs: fc.constantFrom(0, 0, 0, 1, 3, 10),
  which: fc.nat(),
  ms: fc.integer({ min: 1, max: 80 }),
});

/** A run as the log has it. */
interface LoggedRun {
  readonly task: string;
  readonly attempt: number;
  /** The event that ended it. */
  readonly end: string;
  /** If it failed. */
  readonly code: string | undefined;
}

/** Codes of what ended together with its process. */
const DEATHS = ['HORSE_DIED', 'OUT_OF_MEMORY', 'UNCAUGHT_EXCEPTION', 'UNHANDLED_REJECTION'];

test(
  'whatever befalls horses, code begins as often as the log says, a death ends one run, and no task is lost',
  { skip: process.platform !== 'linux' && 'needs /proc', timeout: ROUNDS * 300_000 },
  async (t) => {
    const seen = { tasks: 0, deaths: 0, kills: 0, unbegun: 0, innocent: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.noBias(fc.array(fate, { minLength: TASKS, maxLength: TASKS })),
        fc.noBias(fc.array(fault, { minLength: FAULTS, maxLength: FAULTS })),
        async (fates, faults) => {
          const { runs, begins, kills } = await live(fates, faults);
          const treacherous = fates.filter(({ does }) => TREACHEROUS.some((each) => each === does)).length;
          const last = new Map(begins.map(({ key, pid }) => [pid, key]));
          const victims = new Map<number, string>();
          let unbegun = 0;
          let innocent = 0;
          for (const [key, logged] of runs) {
            const own = begins.filter((begin) => begin.key === key);
            const what = `${fates[indexOf(key)]?.does ?? ''}: ${JSON.stringify(logged)}`;
            assert.ok(own.length <= logged.length, `began ${own.length} times; ${what}`);
            // Those that were canceled or put back may have begun, or not.
            const sure = logged.filter(({ end }) => !['TaskCanceled', 'TaskInterrupted'].includes(end));
            assert.ok(sure.length <= 1, what);
            const isDeath = sure.some(({ code }) => code !== undefined && DEATHS.includes(code));
            if (!isDeath) assert.ok(own.length >= sure.length, `did not begin; ${what}`);
            if (!isDeath) continue;
            seen.deaths += 1;
            if (!DEADLY.some((does) => does === fates[indexOf(key)]?.does)) innocent += 1;
            if (own.length === 0) {
              unbegun += 1; // it was killed between its beginning and its code
              continue;
            }
            const { pid = 0 } = own.at(-1) ?? {};
            assert.equal(last.get(pid), key, `others began after it in its process; ${what}`);
            assert.equal(victims.get(pid), undefined, `its death ended another, too; ${what}`);
            victims.set(pid, key);
          }
          assert.ok(unbegun <= kills, `${unbegun} did not begin, by ${kills} kills`);
          assert.ok(
            innocent <= kills + treacherous,
            `${innocent} ended by ${kills} kills and ${treacherous} exits`,
          );
          seen.tasks += fates.length;
          seen.kills += kills;
          seen.unbegun += unbegun;
          seen.innocent += innocent;
        },
      ),
      { numRuns: ROUNDS, endOnFailure: true },
    );
    t.diagnostic(JSON.stringify(seen));
  },
);

/** A key tells a task by its place among the fates, and an attempt of it. */
function keyOf(index: number, attempt: number): string {
  return `${index}#${attempt}`;
}

function indexOf(key: string): number {
  return Number.parseInt(key, 10);
}

/** Has the tasks run amid the faults. Gives, of each attempt, its runs as the log has them, and in their order what began where. */
async function live(fates: readonly Fate[], faults: readonly Fault[]) {
  const folder = await mkdtemp(join(tmpdir(), 'pulp-horse-faults-'));
  const journal = join(folder, 'journal');
  writeFileSync(journal, '');
  process.env['NODE_OPTIONS'] = '--max-old-space-size=64'; // else it takes long until a heap is full
  try {
    await using engine = await Engine.create(TASKS_FILE);
    let worker = await engine.worker({ concurrency: 40, maxTasksPerHorse: 60 });
    const tasks = await enqueueMany(
      fates.map(({ does, ms, isRequeued, retries, timeout }) => ({
        task: isRequeued ? requeuedByStop : canceledByStop,
        kwargs: { journal, does, ms },
        retries,
        ...(timeout !== undefined && { timeout }),
      })),
    );
    let isOver = false;
    const all = Promise.all(tasks.map((task) => task.wait({ timeout: PATIENCE_MS }))).finally(() => {
      isOver = true;
    });
    all.catch(() => undefined);
    let kills = 0;
    for (const { does, begun, laterMs, which, ms } of faults) {
      const before = lines(journal).length;
      while (!isOver && lines(journal).length < before + begun) await pause(1);
      if (laterMs > 0) await pause(laterMs);
      if (isOver) break;
      switch (does) {
        case 'kill':
          if (signal(journal, which, 'SIGKILL') !== undefined) kills += 1;
          break;
        case 'stop': {
          const pid = signal(journal, which, 'SIGSTOP');
          if (pid !== undefined) setTimeout(resume, 10 * ms, pid);
          break;
        }
        case 'cancel':
          await Promise.all(
            tasks.filter((_, index) => index % 50 === which % 50).map((task) => task.cancel()),
          );
          break;
        case 'deafen the worker':
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
          break;
        case 'restart the worker':
          worker = await restart(engine, worker);
          break;
      }
    }
    const ended = await all;
    assert.deepEqual(await engine.violations(), []);
    const index = new Map(ended.map(({ id }, place) => [id, place]));
    const runs = Map.groupBy(await loggedRuns(engine), ({ task, attempt }) =>
      keyOf(index.get(task) ?? NaN, attempt),
    );
    const begins = lines(journal).map((line) => {
      const [id = '', attempt, pid] = line.split(' ');
      return { key: keyOf(index.get(id) ?? NaN, Number(attempt)), pid: Number(pid) };
    });
    for (const { key } of begins) assert.ok(runs.has(key), `the log knows nothing of ${key}`);
    return { runs, begins, kills };
  } finally {
    Reflect.deleteProperty(process.env, 'NODE_OPTIONS');
    await rm(folder, { recursive: true });
  }
}

async function restart(engine: Engine, worker: PulpWorker): Promise<PulpWorker> {
  worker.kill();
  await engine.stop(worker);
  return engine.worker({ concurrency: 40, maxTasksPerHorse: 60 });
}

async function loggedRuns(engine: Engine): Promise<readonly LoggedRun[]> {
  await using client = await connect(engine.database.url);
  const { rows } = await client.query<LoggedRun>(`
    select stream_id as task, (data ->> 'attempt')::integer as attempt, next_type as "end", next_code as code
    from (
      select *, lead(type) over story as next_type, lead(data -> 'error' ->> 'code') over story as next_code
      from pulp.event
      where stream_kind = 'task' and type not in ('TaskProgressed', 'TaskCancelRequested')
      window story as (partition by stream_id order by version)
    ) e
    where type = 'TaskStarted'`);
  return rows;
}

function lines(journal: string): readonly string[] {
  return readFileSync(journal, 'utf8').split('\n').slice(0, -1);
}

/** Sends a signal to a horse of the workers in this process, every other time the one that was seen at work last; gives its id. */
function signal(journal: string, which: number, name: NodeJS.Signals): number | undefined {
  const all = horsesHere();
  const atWork = Number(lines(journal).at(-1)?.split(' ').at(-1));
  const pid = which % 2 === 0 && all.includes(atWork) ? atWork : all[which % all.length];
  if (pid !== undefined) process.kill(pid, name);
  return pid;
}

function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // it is gone
  }
}
