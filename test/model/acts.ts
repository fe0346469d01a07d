import fc from 'fast-check';
import { QUEUE, RESOURCES } from './cast.ts';

/** What anybody may do beside the usual way of a task, as SQL. It may be refused. */
export type Act = string;

const small = fc.nat(2);

/** Few, so that several want the same. */
const id = (kind: number) => fc.nat(3).map((number) => `01999999-0000-7000-8000-${kind}0000000000${number}`);

const resources = fc.subarray([...RESOURCES], { maxLength: 2 });

const unique = fc.record(
  {
    key: fc.nat(5).map((number) => `k${number}`),
    while: fc.constantFrom('waiting', 'unfinished'),
    then: fc.constantFrom('keep', 'replace', 'refuse'),
    for: fc.constantFrom(0.001, 0.02),
  },
  { requiredKeys: ['key', 'while'] },
);

const item = fc.record(
  {
    name: fc.constant('plain'),
    queue: fc.constant(QUEUE),
    id: id(1),
    unique,
    group: small.map((number) => `g${number}`),
    resources,
    delay: fc.constant(0.01),
  },
  { requiredKeys: ['name', 'queue'] },
);

/** Each of which may be another's, and none but the first be refused because of its id. */
const batch = fc
  .tuple(
    item,
    fc.array(
      fc.record(
        { name: fc.constant('plain'), queue: fc.constant(QUEUE), unique, resources },
        { requiredKeys: ['name', 'queue', 'unique'] },
      ),
      { maxLength: 3 },
    ),
  )
  .map(([first, others]) => [first, ...others]);

const onSchedule = (act: string) => small.map((number) => `select pulp.${act}_schedule('s${number}')`);

export const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: batch.map((items) => `select pulp.enqueue_batch(${json(items)})`),
  },
  id(1).map((id) => `select pulp.cancel('${id}')`),
  id(1).map((id) => `select pulp.retry('${id}')`),
  id(1).map((id) => `select pulp.purge_task('${id}')`),
  {
    weight: 2,
    arbitrary: fc
      .tuple(id(2), fc.subarray([...RESOURCES], { minLength: 1 }), fc.constantFrom(0.02, 60))
      .map(
        ([id, resources, seconds]) =>
          `select pulp.request_hold('{${resources.join()}}', options => ${json({ id, seconds })})`,
      ),
  },
  { weight: 2, arbitrary: id(2).map((id) => `select pulp.release_hold('${id}')`) },
  id(2).map((id) => `select pulp.renew_hold('${id}')`),
  fc
    .tuple(fc.constantFrom(...RESOURCES), fc.constantFrom('1', '3', 'null'))
    .map(([resource, units]) => `select pulp.set_capacity('${resource}', ${units})`),
  fc
    .constantFrom(...RESOURCES)
    .map(
      (resource) =>
        `select pulp.pause('resource', '${resource}', until => clock_timestamp() + interval '10 ms')`,
    ),
  small.map(
    (number) => `select pulp.create_group('g${number}', finally => ${json({ name: 'plain', queue: QUEUE })})`,
  ),
  small.map((number) => `select pulp.dispatch_group('g${number}')`),
  fc.tuple(small, fc.constantFrom('skip', 'queue', 'cancel-previous')).map(
    ([number, overlap]) =>
      `select pulp.create_schedule(${json({
        name: `s${number}`,
        kind: 'every',
        rule: '3600',
        overlap,
        item: { name: 'plain', queue: QUEUE },
      })}, now() + interval '1 hour')`,
  ),
  ...['run', 'pause', 'resume', 'delete'].map(onSchedule),
);

function json(value: unknown): string {
  return `'${JSON.stringify(value)}'::jsonb`;
}
