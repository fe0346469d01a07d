import { z } from 'zod';
import { MOST_UNITS } from '../../constants.ts';
import { claimAtRow, readClaimsAt } from '../../queries/claims-at.ts';
import { contentionRow, listResources, readResource, RESOURCE_ORDERS } from '../../queries/resource.ts';
import { limitRow, listLimits } from '../../queries/resource-limit.ts';
import { resourceName } from '../../tasks/resource.ts';
import { setCapacity, setRate } from '../../tasks/resource-limits.ts';
import { answer, operation } from '../api/operation.ts';
import { integer, moment } from '../api/parameters.ts';
import { missing } from '../http-error.ts';

const contention = contentionRow.meta({ id: 'ResourceContention' });

const window = {
  window: integer({ min: 1, max: 365 * 86_400 })
    .prefault('3600')
    .describe('How far back to look, in seconds.'),
};

const hold = z
  .object({ actor: z.string().nullable(), reason: z.string().nullable(), until: z.date().nullable() })
  .nullable()
  .describe('Of a hold instead of a task: whose it is, what for, and when it ends by itself.');

const claim = z.object({
  id: z.string(),
  name: z.string(),
  mode: z.string(),
  units: z.number().nullable(),
  hold,
  since: z.date(),
});

const limit = limitRow.meta({ id: 'ResourceLimit' });

const limits = {
  200: {
    description: 'The limits after it; none if it has none.',
    schema: z.object({ limits: z.array(limit) }),
  },
};

const limited = {
  name: z.string().describe('The resource: a URL path; /queues/NAME/ and /types/NAME/ for all tasks of one.'),
  reason: z.string().optional(),
};

export const resourceOperations = [
  operation({
    id: 'list_limits',
    method: 'get',
    path: '/api/v1/limits',
    summary: 'List the resources that have a capacity or a rate.',
    right: 'read',
    query: z.strictObject({ resource: z.string().optional().describe('This one alone.') }),
    answers: limits,
    run: async ({ query }) => answer(200, { limits: await listLimits(query.resource) }),
  }),
  operation({
    id: 'set_capacity',
    method: 'post',
    path: '/api/v1/resource/capacity',
    summary: 'Say how many units there are of a resource.',
    right: 'operate',
    query: z.strictObject({}),
    body: z.strictObject({
      ...limited,
      capacity: z.int().min(1).max(MOST_UNITS).nullable().describe('Null: without limit.'),
    }),
    answers: limits,
    run: async ({ body: { name, capacity, reason } }) => {
      await setCapacity(name, capacity, { reason });
      return answer(200, { limits: await listLimits(resourceName(name)) });
    },
  }),
  operation({
    id: 'set_rate',
    method: 'post',
    path: '/api/v1/resource/rate',
    summary: 'Say how many claims of a resource are granted at most within a time.',
    right: 'operate',
    query: z.strictObject({}),
    body: z.strictObject({
      ...limited,
      rate: z
        .strictObject({ count: z.int().min(1).max(MOST_UNITS), seconds: z.number().min(0.1).max(2_678_400) })
        .nullable()
        .describe('Null: without limit.'),
    }),
    answers: limits,
    run: async ({ body: { name, rate, reason } }) => {
      await setRate(name, rate, { reason });
      return answer(200, { limits: await listLimits(resourceName(name)) });
    },
  }),
  operation({
    id: 'list_resources',
    method: 'get',
    path: '/api/v1/resources',
    summary: 'List the resources that cost the most.',
    right: 'read',
    query: z.strictObject({
      ...window,
      sort: z.enum(RESOURCE_ORDERS).prefault('waiting'),
      limit: integer({ min: 1, max: 1000 }).prefault('50'),
    }),
    answers: { 200: { description: 'Resources.', schema: z.object({ resources: z.array(contention) }) } },
    run: async ({ query }) => {
      const resources = await listResources({
        windowMs: query.window * 1000,
        sort: query.sort,
        limit: query.limit,
      });
      return answer(200, { resources });
    },
  }),
  operation({
    id: 'show_resource',
    method: 'get',
    path: '/api/v1/resource',
    summary: 'Show who holds a resource, who waits for it, and who held it.',
    right: 'read',
    query: z.strictObject({
      name: z.string().describe('The resource: a URL path.'),
      ...window,
      limit: integer({ min: 1, max: 1000 }).prefault('50'),
    }),
    answers: {
      200: {
        description: 'The resource.',
        schema: z.object({
          resource: z.string(),
          limit: limit.optional(),
          holders: z.array(claim.extend({ worker: z.string().nullable() })),
          line: z.array(claim.extend({ place: z.number() })),
          holder_count: z.number(),
          exclusive_in_line: z.number(),
          shared_in_line: z.number(),
          contention: contention.optional(),
          recent: z.array(z.looseObject({ id: z.string(), since: z.date(), until: z.date().nullable() })),
        }),
      },
    },
    run: async ({ query }) => {
      const resource = await readResource(query.name, { windowMs: query.window * 1000, limit: query.limit });
      if (resource !== undefined) return answer(200, resource);
      throw missing(
        'no claim on this resource is known',
        'Check its name: /api/v1/resources lists those that matter.',
      );
    },
  }),
  operation({
    id: 'list_claims',
    method: 'get',
    path: '/api/v1/claims',
    summary: 'Show who held resources and who waited for them at a moment, in the order of the lines.',
    right: 'read',
    query: z.strictObject({
      at: moment().describe('The moment.'),
      resource: z.string().optional().describe('Of this resource alone.'),
      limit: integer({ min: 1, max: 1000 }).prefault('200'),
    }),
    answers: {
      200: {
        description: 'The claims that stood then.',
        schema: z.object({ claims: z.array(claimAtRow.meta({ id: 'Claim' })) }),
      },
    },
    run: async ({ query: { at, resource, limit } }) =>
      answer(200, { claims: await readClaimsAt(at, limit, resource) }),
  }),
];
