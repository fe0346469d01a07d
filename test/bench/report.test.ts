import assert from 'node:assert/strict';
import { test } from 'node:test';
import { graphileWorker } from './graphile-worker.ts';
import { pgBossAlone } from './pg-boss-alone.ts';
import { formatReport, judge, type Target } from './report.ts';
import type { Sample } from './rounds.ts';

const fast = pgBossAlone(500);
const slow = graphileWorker;

const samples: Sample[] = [
  { contestant: fast, round: 1, tasks: 20_000, enqueueRate: 30_000, drainRate: 15_000 },
  { contestant: slow, round: 1, tasks: 4_000, enqueueRate: 40_000, drainRate: 2_500 },
  { contestant: slow, round: 2, tasks: 4_000, enqueueRate: 40_000, drainRate: 1_250 },
  { contestant: fast, round: 2, tasks: 20_000, enqueueRate: 20_000, drainRate: 10_000 },
];

function target(overrides: Partial<Target>): Target {
  return { measure: 'drain', contestant: fast.name, baseline: slow.name, atLeast: 7, ...overrides };
}

test('a target holds when the median of the ratios in each round reaches it', () => {
  const [exact, missed, enqueue] = judge(samples, [
    target({}),
    target({ atLeast: 7.01 }),
    target({ measure: 'enqueue', atLeast: 0.5 }),
  ]);
  assert.deepEqual([exact?.ratio, exact?.outcome], [7, 'pass']);
  assert.equal(missed?.outcome, 'miss');
  assert.deepEqual([enqueue?.ratio, enqueue?.outcome], [0.625, 'pass']);
});

test('a target is neither held nor missed when one of its two did not run', () => {
  const [verdict] = judge(samples, [target({ baseline: 'nobody' })]);
  assert.equal(verdict?.outcome, 'not run');
  assert.equal(verdict?.ratio, undefined);
});

test('the report lines up rates, their spread and the verdicts', () => {
  const report = formatReport(samples, judge(samples, [target({}), target({ baseline: 'nobody' })]));
  assert.equal(
    report,
    `\
drain, tasks/s   median        min–max   tasks  settings
pg-boss-500      12,500  10,000–15,000  20,000  2 loops of fetch and complete, batch 500
graphile-worker   1,875    1,250–2,500   4,000  defaults, 4 concurrent

enqueue, tasks/s  median        min–max   tasks  settings
pg-boss-500       25,000  20,000–30,000  20,000  2 loops of fetch and complete, batch 500
graphile-worker   40,000  40,000–40,000   4,000  defaults, 4 concurrent

median ratio within a round    of     ratio  target
pg-boss-500 / graphile-worker  drain   7.00  ≥ 7.00  pass
pg-boss-500 / nobody           drain         ≥ 7.00  not run
`,
  );
});
