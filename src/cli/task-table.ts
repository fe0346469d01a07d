import type { Task } from '../queries/task.ts';
import { formatTable } from './table.ts';

/** Tasks, one a line. */
export function taskTable(tasks: readonly Task[]): string {
  return formatTable(
    ['ID', 'STATE', 'NAME', 'ENQUEUED', 'WORKER', 'RESOURCES'],
    tasks.map((task) => [
      task.id,
      task.state,
      task.name,
      task.enqueued_at.toISOString(),
      task.worker ?? '',
      [...task.exclusive_resources, ...task.shared_resources.map((shared) => `${shared} (shared)`)].join(' '),
    ]),
  );
}
