import { TASK_ORDERS } from '../constants.ts';
import type { TaskOrder } from '../queries/task.ts';

/** What `--sort` takes: a column, or with a minus before it that column with the greatest first. */
export const TASK_SORTS = TASK_ORDERS.flatMap((column) => [column, `-${column}`]);

/** The order that a word of `--sort` asks for. */
export function taskOrder(sort: string): TaskOrder {
  const by = TASK_ORDERS.find((column) => sort.endsWith(column)) ?? TASK_ORDERS[0];
  return { by, descending: sort.startsWith('-') };
}
