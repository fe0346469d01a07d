import { z } from 'zod';
import { TASK_STATES } from '../../constants.ts';
import type { TaskFilter } from '../../projections/task-filter.ts';
import { list, moment } from '../api/parameters.ts';

const TIME_PARAMETERS = [
  { name: 'enqueued_after', time: 'enqueued_at', is: 'since' },
  { name: 'enqueued_before', time: 'enqueued_at', is: 'before' },
  { name: 'unblocked_after', time: 'unblocked_at', is: 'since' },
  { name: 'unblocked_before', time: 'unblocked_at', is: 'before' },
  { name: 'started_after', time: 'started_at', is: 'since' },
  { name: 'started_before', time: 'started_at', is: 'before' },
  { name: 'finished_after', time: 'finished_at', is: 'since' },
  { name: 'finished_before', time: 'finished_at', is: 'before' },
] as const;
type TimeParameter = (typeof TIME_PARAMETERS)[number]['name'];

const timeParameters = Object.fromEntries(
  TIME_PARAMETERS.map(({ name }) => [name, moment().optional()]),
) as unknown as Record<TimeParameter, z.ZodType<Date | undefined>>;

/** By what tasks can be looked for, in queries as in bodies. */
export const filterParameters = {
  id: list(z.guid()),
  state: list(z.enum(TASK_STATES)),
  name: list(z.string()),
  name_contains: z.string().optional(),
  queue: z.string().optional(),
  worker: z.string().optional(),
  resource: list(z.string()).describe('Claimed in either mode.'),
  group: z.string().optional(),
  parent: z.guid().optional(),
  correlation: z.string().optional(),
  error_code: z.string().optional().describe('Of the error of the last run that failed.'),
  error_contains: z.string().optional(),
  ...timeParameters,
};

/** What of a request looks for tasks. */
export function filterOf(given: z.output<z.ZodObject<typeof filterParameters>>): TaskFilter {
  return {
    ids: given.id,
    states: given.state,
    names: given.name,
    nameContains: given.name_contains,
    queue: given.queue,
    worker: given.worker,
    ...(given.resource && { claims: [{ mode: 'either', resources: given.resource }] }),
    group: given.group,
    parent: given.parent,
    correlation: given.correlation,
    errorCode: given.error_code,
    errorContains: given.error_contains,
    times: TIME_PARAMETERS.flatMap(({ name, time, is }) => {
      const at = given[name];
      return at === undefined ? [] : [{ time, is, moment: at }];
    }),
  };
}
