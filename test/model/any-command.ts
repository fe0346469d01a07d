import fc from 'fast-check';
import { ON_WORKER_LOSS, QUEUES, RESOURCES, STRANGER } from './cast.ts';
import type { Command } from './command.ts';
import { cancel } from './commands/cancel.ts';
import { togglePause } from './commands/toggle-pause.ts';
import { set } from './commands/set.ts';
import { retry } from './commands/retry.ts';
import { enqueue, type Draft } from './commands/enqueue.ts';
import { grant } from './commands/grant.ts';
import { hold, release } from './commands/hold.ts';
import { FLAWS, finish, progress, reportInVain, type Ending } from './commands/report.ts';
import { setCapacity } from './commands/set-capacity.ts';
import { start } from './commands/start.ts';
import { linger, passHour } from './commands/surroundings.ts';
import { turn } from './commands/turn.ts';
import { attach, LOSSES, bear, lose } from './commands/worker-life.ts';
import type { Content } from './engine-model.ts';

/** Few, and seldom the same twice. */
const resources = seldom(
  fc.array(fc.constantFrom(...RESOURCES), { maxLength: 1 }),
  fc.array(fc.constantFrom(...RESOURCES), { minLength: 2, maxLength: 4 }),
);

const content: fc.Arbitrary<Content> = seldom(
  contentOf(fc.constantFrom(...ON_WORKER_LOSS.keys())),
  contentOf(fc.constant(STRANGER)),
);

/** What a caller may ask for, of types drawn from these. */
export function contentOf(name: fc.Arbitrary<string>): fc.Arbitrary<Content> {
  return fc.record(
    {
      name,
      queue: fc.constantFrom(...QUEUES),
      kwargs: fc.nat(9).map((number) => ({ number })),
      exclusive: resources,
      shared: resources,
      units: seldom(fc.constant(1), fc.constantFrom(2, 3)),
      priority: fc.integer({ min: -1, max: 1 }),
      retries: fc.nat(2),
      delay: seldom(fc.constant(0), fc.constantFrom(1, 2)),
      unchecked: fc.boolean(),
      group: fc.constantFrom(null, 'night', 'day'),
      after: fc.constant([]),
      on: fc.constantFrom('success', 'finish'),
    },
    { noNullPrototype: true },
  );
}

const draft: fc.Arbitrary<Draft> = fc.record({
  content,
  after: seldom<number[]>(fc.constant([]), fc.array(fc.nat(), { minLength: 1, maxLength: 3 })),
  id: seldom<Draft['id']>(
    fc.constantFrom('made', 'given'),
    fc.record({ of: fc.nat(), altered: fc.boolean() }, { noNullPrototype: true }),
  ),
});

/** As it comes out of a database. */
const value: fc.Arbitrary<unknown> = fc
  .json({ maxDepth: 1 })
  .map((written) => JSON.parse(written) as unknown);

const outcome: fc.Arbitrary<Ending> = fc.oneof(
  value.map((value) => ({ outcome: 'completed' as const, value, retry: true })),
  fc.boolean().map((retry) => ({ outcome: 'failed' as const, value: { code: 'BROKEN' }, retry })),
  fc.constant({ outcome: 'canceled' as const, value: 'timed out', retry: true }),
  fc.constant({ outcome: 'interrupted' as const, value: 'the worker stops', retry: true }),
  fc.constant({ outcome: 'snoozed' as const, value: 'not yet', retry: true }),
);

/** Some with the last report of the run. */
const ending: fc.Arbitrary<Ending> = fc
  .tuple(
    outcome,
    seldom<object>(
      fc.constant({}),
      value.map((progress) => ({ progress })),
    ),
  )
  .map(([end, report]) => ({ ...end, ...report }));

/** Rather the first, who can do all. */
const worker = fc.constantFrom(0, 0, 1, 2);

/** Random steps, what makes up a task's usual way more often than the rest. */
export const anyCommand: fc.Arbitrary<Command>[] = [
  ...often(
    5,
    fc.array(draft, { minLength: 1, maxLength: 3 }).map((drafts) => enqueue(drafts, false)),
  ),
  ...often(8, fc.constantFrom(1, 2, 1000).map(grant)),
  ...often(
    8,
    fc.tuple(worker, fc.constantFrom(1, 2, 3, 10)).map((drawn) => start(...drawn)),
  ),
  ...often(
    8,
    fc.tuple(worker, fc.array(ending, { minLength: 1, maxLength: 3 })).map((drawn) => finish(...drawn)),
  ),
  ...often(
    8,
    fc
      .tuple(worker, fc.array(ending, { minLength: 1, maxLength: 3 }), fc.constantFrom(1, 2, 10))
      .map((drawn) => turn(...drawn)),
  ),
  fc.array(draft, { minLength: 1, maxLength: 3 }).map((drafts) => enqueue(drafts, true)),
  fc.tuple(fc.nat(), value).map((drawn) => progress(...drawn)),
  fc.tuple(fc.nat(), fc.constantFrom(...FLAWS), fc.boolean()).map((drawn) => reportInVain(...drawn)),
  fc.tuple(fc.nat(), fc.constantFrom('not wanted', null)).map((drawn) => cancel(...drawn)),
  fc.tuple(fc.nat(), fc.constantFrom('mended', null)).map((drawn) => retry(...drawn)),
  fc
    .tuple(fc.nat(), fc.constantFrom(null, -1, 9), fc.constantFrom(null, ...QUEUES))
    .map((drawn) => set(...drawn)),
  fc
    .oneof(
      fc.tuple(fc.constant('queue' as const), fc.constantFrom(...QUEUES)),
      fc.tuple(fc.constant('type' as const), fc.constantFrom(...ON_WORKER_LOSS.keys())),
      fc.tuple(fc.constant('resource' as const), fc.constantFrom(...RESOURCES)),
      fc.constant(['all', ''] as const),
    )
    .map(([kind, name]) => togglePause(kind, name)),
  ...often(
    2,
    fc
      .record(
        { exclusive: resources, shared: resources, units: fc.constantFrom(1, 2) },
        { noNullPrototype: true },
      )
      .map(hold),
  ),
  ...often(2, fc.nat().map(release)),
  fc
    .tuple(fc.constantFrom(...RESOURCES), fc.constantFrom(undefined, 1, 2, 3))
    .map((drawn) => setCapacity(...drawn)),
  fc.tuple(worker, fc.constantFrom(...LOSSES)).map((drawn) => lose(...drawn)),
  worker.map(bear),
  worker.map(attach),
  fc.constant(passHour()),
  fc
    .record({
      resource: fc.constantFrom(...RESOURCES),
      mode: fc.constantFrom('exclusive' as const, 'shared' as const),
      units: fc.constant(1),
    })
    .map(linger),
];

function often<T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T>[] {
  return Array.from({ length: weight }, () => arbitrary);
}

function seldom<T>(usual: fc.Arbitrary<T>, seldom: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 8, arbitrary: usual }, { weight: 1, arbitrary: seldom });
}
