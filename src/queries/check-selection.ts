import { z } from 'zod';
import { TASK_ORDERS, TASK_STATES } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { TASK_TIMES, type TaskFilter } from './task-filter.ts';
import type { TaskSelection } from './task.ts';

const text = z.string();
const state = z.enum(TASK_STATES);

const filterShape = {
  state,
  states: z.array(state),
  notState: state,
  ids: z.array(text),
  name: text,
  names: z.array(text),
  notName: text,
  nameContains: text,
  queue: text,
  worker: text,
  group: text,
  groupUuid: text,
  parent: text,
  correlation: text,
  correlationContains: text,
  errorCode: text,
  errorContains: text,
  resource: text,
  claims: z.array(
    z.strictObject({
      mode: z.enum(['exclusive', 'shared', 'either']),
      resources: z.array(text).min(1),
    }),
  ),
  created: text,
  since: z.date(),
  times: z.array(
    z.strictObject({
      time: z.enum(TASK_TIMES),
      is: z.enum(['before', 'until', 'since', 'after']),
      moment: z.date(),
    }),
  ),
} satisfies Record<keyof TaskFilter, z.ZodType>;

const selectionShape = {
  ...filterShape,
  at: z.date(),
  limit: z.int().nonnegative(),
  offset: z.int().nonnegative(),
  after: text,
  order: z.array(z.strictObject({ by: z.enum(TASK_ORDERS), descending: z.boolean() })),
  brief: z.boolean(),
  newest: z.int().positive(),
  withoutPayloads: z.boolean(),
} satisfies Record<keyof TaskSelection, z.ZodType>;

const taskFilter = z.strictObject(filterShape).partial();
const taskSelection = z.strictObject(selectionShape).partial().required({ limit: true });

/**
 * Checks what tasks are looked for by: a condition that is not known would otherwise narrow nothing, and what is done to the tasks that
 * are found would be done to all.
 *
 * @throws PulpError INVALID_INPUT
 */
export function checkFilter(filter: TaskFilter): void {
  check(taskFilter, filter);
}

/** As `checkFilter`, and how they are to be listed. */
export function checkSelection(selection: TaskSelection): void {
  check(taskSelection, selection);
}

function check(shape: z.ZodType, given: unknown): void {
  const [issue] = shape.safeParse(given).error?.issues ?? [];
  if (issue === undefined) return;
  const at = issue.path.map(String).join('.');
  throw new PulpError('INVALID_INPUT', `tasks to look for: ${at === '' ? '' : `${at}: `}${issue.message}`, {
    remedy: 'TaskSelection and TaskFilter in docs/reference/typescript.md say what there is.',
    exitCode: 2,
  });
}
