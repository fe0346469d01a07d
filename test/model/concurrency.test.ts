import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { act } from './acts.ts';
import { contentOf } from './any-command.ts';
import { ON_WORKER_LOSS } from './cast.ts';
import { Crowd, type CallerStep, type WorkerStep } from './crowd.ts';

/** More make a longer search: PULP_CROWD_RUNS=200. */
const RUNS = Number(process.env['PULP_CROWD_RUNS'] ?? 5);

const WORKERS = ['left', 'middle', 'right'];

const content = contentOf(fc.constantFrom(...ON_WORKER_LOSS.keys()));

const callerStep: fc.Arbitrary<CallerStep> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      step: fc.constant('enqueue' as const),
      contents: fc.array(content, { minLength: 1, maxLength: 3 }),
      commit: fc.nat(7).map((number) => number > 0),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      step: fc.constant('act' as const),
      acts: fc.array(act, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('cancel' as const), task: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({ step: fc.constant('retry' as const), tasks: fc.integer({ min: 1, max: 20 }) }),
  },
);

const workerStep: fc.Arbitrary<WorkerStep> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ step: 'is given up' as const }) },
  {
    weight: 8,
    arbitrary: fc.record({ step: fc.constant('start' as const), atMost: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      step: fc.constant('finish' as const),
      outcome: fc.constantFrom(
        'completed' as const,
        'failed' as const,
        'canceled' as const,
        'interrupted' as const,
      ),
      atMost: fc.constantFrom(undefined, 1, 5, 10),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ step: 'progress' as const }) },
);

/** What everybody does. */
const plan = fc.record({
  callers: times(4, times(25, callerStep)),
  workers: times(WORKERS.length, times(40, workerStep)),
  managers: times(2, times(10, fc.constantFrom(1, 3, 1000))),
});

test("a crowd in each other's way leaves a log without a flaw, and no task behind", async () => {
  await fc.assert(
    // What happens depends on who is quicker: a smaller plan would not fail in the same way, so that none is looked for.
    fc.asyncProperty(fc.noShrink(fc.nat()), async (seed) => {
      const [drawn] = fc.sample(plan, { seed, numRuns: 1 });
      assert(drawn !== undefined);
      await using database = await createDatabase();
      await using crowd = new Crowd(database.url);
      const others = Promise.all([
        ...drawn.callers.map((steps, index) => crowd.call(String(index), steps)),
        ...drawn.workers.map((steps, index) => crowd.work(WORKERS[index] ?? '', steps)),
      ]);
      await Promise.all([others, ...drawn.managers.map((batches) => crowd.manage(batches, others))]);
      const left = await crowd.settle();
      await using client = await connect(database.url);
      assert.deepEqual(await checkLog(client), []);
      assert.deepEqual(crowd.witness.conflicts, []);
      assert.equal(crowd.locksLeft, 0);
      assert.deepEqual(left, []);
    }),
    { numRuns: RUNS },
  );
});

function times<T>(count: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(arbitrary, { minLength: count, maxLength: count });
}
