import { z } from 'zod';
import {
  createPulp,
  defineTask,
  enqueueMany,
  enqueueWith,
  enqueueWithReservation,
  type EnqueueRequest,
  type QueryClient,
  type TaskHandle,
} from '../../src/index.ts';

const sync = defineTask('sync', {
  kwargs: z.object({
    url: z.string(),
    tags: z.array(z.string()).optional(),
    mode: z.enum(['fast', 'full']).optional(),
  }),
  run: ({ kwargs }) => ({ length: kwargs.url.length }),
});
const add = defineTask('add', { args: z.tuple([z.number(), z.number()]), run: ({ args: [a, b] }) => a + b });
const plain = defineTask('plain', { run: () => Promise.resolve('done' as const) });
const open = defineTask('open', { kwargs: z.object({ note: z.string().optional() }), run: () => null });

/** What is written here is only for the compiler, which refuses a mark of an error where there is none. */
export async function compiled(client: QueryClient): Promise<void> {
  const pulp = createPulp({ databaseUrl: 'postgresql://localhost/x' });
  await enqueueWithReservation(plain, []);
  await enqueueWithReservation(open, []);
  await enqueueWithReservation('by name', [], { kwargs: { any: 1 } });
  await enqueueWithReservation(sync, [], { kwargs: { url: 'x' }, delay: 3 });
  await pulp.enqueue(add, { args: [1, 2] });
  // @ts-expect-error: its named arguments are missing
  await enqueueWithReservation(sync, []);
  // @ts-expect-error: one of them is
  await enqueueWithReservation(sync, [], { kwargs: {} });
  // @ts-expect-error: it is no number
  await enqueueWithReservation(sync, [], { kwargs: { url: 1 } });
  // @ts-expect-error: there is no such option
  await enqueueWithReservation(plain, [], { delays: 3 });
  // @ts-expect-error: its arguments are missing
  await enqueueWith(client, add);
  // @ts-expect-error: they are two
  await pulp.enqueue(add, { args: [1] });

  await enqueueMany([
    { task: sync, kwargs: { url: 'x', tags: ['a'], mode: 'fast' } },
    { task: add, args: [1, 2], priority: 3 },
    { task: plain },
    { task: 'by name', args: [1, 'x'] },
  ]);
  // @ts-expect-error: the arguments of one are those of the other
  await enqueueMany([
    { task: sync, kwargs: { url: 'x' } },
    { task: add, kwargs: { url: 'x' } },
  ]);
  // @ts-expect-error: one has none
  await enqueueMany([{ task: plain }, { task: sync }]);
  // @ts-expect-error: none has any
  await enqueueMany([1, 2].map(() => ({ task: sync })));
  // @ts-expect-error: the enumeration has no such member
  await pulp.enqueueMany([{ task: sync, kwargs: { url: 'x', mode: 'slow' } }]);
  const any: EnqueueRequest[] = [];
  await enqueueMany(any);
  await enqueueMany(new Set([{ task: add, args: [1, 2] as [number, number] }]));

  const one: TaskHandle<{ length: number }> = await enqueueWithReservation(sync, [], {
    kwargs: { url: 'x' },
  });
  const { length } = await one.result();
  length satisfies number;
  const word: 'done' = await (await pulp.enqueue(plain)).result();
  word satisfies string;
  const sums = await enqueueMany([{ task: add, args: [1, 2] }]);
  const sum: number = await sums[0].result();
  // @ts-expect-error: it is a number
  sum satisfies string;
}
