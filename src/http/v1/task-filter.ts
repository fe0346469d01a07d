import { z } from 'zod';
import { TASK_STATES, TASK_TIME_FILTERS } from '../../constants.ts';
import type { TaskFilter } from '../../queries/task-filter.ts';
import { list, moment } from '../api/parameters.ts';

type TimeParameter = (typeof TASK_TIME_FILTERS)[number]['name'];

const timeParameters = Object.fromEntries(
  TASK_TIME_FILTERS.map(({ name }) => [name, moment().optional()]),
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
  created: z.string().optional().describe('Created by the task, by what its code says.'),
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
    created: given.created,
    group: given.group,
    parent: given.parent,
    correlation: given.correlation,
    errorCode: given.error_code,
    errorContains: given.error_contains,
    times: TASK_TIME_FILTERS.flatMap(({ name, time, is }) => {
      const at = given[name];
      return at === undefined ? [] : [{ time, is, moment: at }];
    }),
  };
}
