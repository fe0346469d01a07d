import { listTasks } from './task.ts';
import type { TaskFilter } from './task-filter.ts';

/** How many are looked for at once, and so dealt with in one transaction. */
const PAGE = 1000;

/**
 * The ids of the tasks that match a filter, the newest first, in pages: of those that were enqueued by the time of the call. Each page is read
 * when the one before has been dealt with, so that what no longer matches by then is left out.
 */
export async function* matchingTasks(filter: TaskFilter): AsyncGenerator<readonly string[], void, void> {
  let after: string | undefined;
  for (;;) {
    const page = await listTasks({ ...filter, limit: PAGE, after, withoutPayloads: true });
    if (page.length > 0) yield page.map(({ id }) => id);
    if (page.length < PAGE) return;
    after = page.at(-1)?.id;
  }
}
