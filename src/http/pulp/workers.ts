import { z } from 'zod';
import { listWorkers, readLatestRuns, type Worker } from '../../queries/worker.ts';
import { answer, operation } from '../api/operation.ts';
import { flag, list, moment } from '../api/parameters.ts';
import { invalid, missing } from '../http-error.ts';
import { COMPONENT } from './component.ts';
import { hrefOf, nameUuid, prnOf, ROOT, timeText, uuidsOfPrns } from './names.ts';
import { fieldParameters, page, pageOf, pageParameters, wanted } from './page.ts';

const pulpWorker = z
  .object({
    pulp_href: z.string(),
    prn: z.string(),
    pulp_created: z.iso.datetime(),
    pulp_last_updated: z.iso.datetime(),
    name: z.string(),
    last_heartbeat: z.iso.datetime(),
    versions: z.record(z.string(), z.string()),
    current_task: z.string().nullable().describe('The one of those that it runs which started last.'),
  })
  .meta({ id: 'PulpWorker' });

const listQuery = z.strictObject({
  ...pageParameters,
  name: z.string().optional(),
  name__contains: z.string().optional(),
  name__icontains: z.string().optional(),
  name__in: list(z.string()),
  name__ne: z.string().optional(),
  name__startswith: z.string().optional(),
  missing: flag().optional(),
  online: flag().optional(),
  last_heartbeat__gt: moment().optional(),
  last_heartbeat__gte: moment().optional(),
  last_heartbeat__lt: moment().optional(),
  last_heartbeat__lte: moment().optional(),
});

export const pulpWorkerOperations = [
  operation({
    id: 'workers_list',
    method: 'get',
    path: `${ROOT}workers/`,
    summary: 'List the workers that there are and were.',
    right: 'read',
    query: listQuery,
    answers: { 200: { description: 'A page of workers.', schema: pageOf(pulpWorker) } },
    run: async ({ query, context }) => {
      const found = (await listWorkers()).filter((worker) => isMeant(worker, query));
      const sorted = query.ordering === undefined ? found : found.toSorted(orderOf(query.ordering));
      const shown = sorted.slice(query.offset, query.offset + query.limit);
      const runs = await readLatestRuns();
      const results = shown.map((worker) => toPulpWorker(worker, runs));
      return answer(200, page(context.req.url, query, { count: found.length, results }));
    },
  }),
  operation({
    id: 'workers_read',
    method: 'get',
    path: `${ROOT}workers/:id/`,
    template: '{worker_href}',
    parts: { worker_href: 'The address of a worker.' },
    summary: 'Show a worker.',
    right: 'read',
    query: z.strictObject(fieldParameters),
    answers: { 200: { description: 'The worker.', schema: pulpWorker } },
    run: async ({ part, query }) => {
      const id = part('id').toLowerCase();
      const worker = (await listWorkers()).find(({ name }) => nameUuid(name) === id);
      if (worker !== undefined)
        return answer(200, wanted(toPulpWorker(worker, await readLatestRuns()), query));
      throw missing(`there is no worker ${id.slice(0, 100)}`, `${ROOT}workers/ lists those that there are.`);
    },
  }),
];

function isMeant(worker: Worker, query: z.output<typeof listQuery>): boolean {
  const { name, state, last_heartbeat: beat } = worker;
  const prns = uuidsOfPrns('workers', query.prn__in);
  return (
    (query.name === undefined || name === query.name) &&
    (query.name__contains === undefined || name.includes(query.name__contains)) &&
    (query.name__icontains === undefined ||
      name.toLowerCase().includes(query.name__icontains.toLowerCase())) &&
    (query.name__startswith === undefined || name.startsWith(query.name__startswith)) &&
    (query.name__in?.includes(name) ?? true) &&
    name !== query.name__ne &&
    (prns?.includes(nameUuid(name)) ?? true) &&
    (query.online === undefined || (state === 'online') === query.online) &&
    (query.missing === undefined || worker.missing === query.missing) &&
    (query.last_heartbeat__gt === undefined || beat > query.last_heartbeat__gt) &&
    (query.last_heartbeat__gte === undefined || beat >= query.last_heartbeat__gte) &&
    (query.last_heartbeat__lt === undefined || beat < query.last_heartbeat__lt) &&
    (query.last_heartbeat__lte === undefined || beat <= query.last_heartbeat__lte)
  );
}

const ORDERS: Readonly<Record<string, (worker: Worker) => string | number>> = {
  name: ({ name }) => name,
  last_heartbeat: (worker) => worker.last_heartbeat.getTime(),
  pulp_created: (worker) => worker.online_at.getTime(),
};

function orderOf(ordering: readonly string[]): (a: Worker, b: Worker) => number {
  const orders = ordering.map((text) => {
    const descending = text.startsWith('-');
    const name = descending ? text.slice(1) : text;
    const key = Object.hasOwn(ORDERS, name) ? ORDERS[name] : undefined;
    if (key !== undefined) return { key, sign: descending ? -1 : 1 };
    throw invalid(
      `ordering: cannot sort by ${JSON.stringify(name.slice(0, 100))}`,
      `Sort by ${Object.keys(ORDERS).join(', ')}.`,
    );
  });
  return (a, b) => {
    for (const { key, sign } of orders) {
      if (key(a) < key(b)) return -sign;
      if (key(a) > key(b)) return sign;
    }
    return 0;
  };
}

function toPulpWorker(
  { name, online_at, last_heartbeat }: Worker,
  runs: ReadonlyMap<string, string>,
): z.infer<typeof pulpWorker> {
  const current = runs.get(name);
  const uuid = nameUuid(name);
  return {
    pulp_href: hrefOf('workers', uuid),
    prn: prnOf('workers', uuid),
    pulp_created: timeText(online_at),
    pulp_last_updated: timeText(last_heartbeat),
    name,
    last_heartbeat: timeText(last_heartbeat),
    versions: COMPONENT,
    current_task: current === undefined ? null : hrefOf('tasks', current),
  };
}
