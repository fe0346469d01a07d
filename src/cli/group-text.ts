import { TASK_STATES } from '../constants.ts';
import type { TaskGroup } from '../queries/task-group.ts';
import { formatFacts, formatTable } from './table.ts';

/** Groups, one a line. */
export function groupTable(groups: readonly TaskGroup[]): string {
  return formatTable(
    ['ID', 'TASKS', ...TASK_STATES.map((state) => state.toUpperCase()), 'DISPATCHED', 'DESCRIPTION'],
    groups.map((group) => [
      group.id,
      String(group.members),
      ...TASK_STATES.map((state) => String(group[state])),
      dispatchedText(group),
      group.description ?? '',
    ]),
  );
}

/** All that is known of one group. */
export function groupText(group: TaskGroup): string {
  return formatFacts({
    id: group.id,
    description: group.description,
    owner: group.owner,
    'created at': group.created_at?.toISOString(),
    dispatched: dispatchedText(group),
    tasks: group.members,
    ...Object.fromEntries(TASK_STATES.map((state) => [state, group[state]])),
  });
}

/** Nobody says it of a group that was not created. */
function dispatchedText({ created_at, dispatched, dispatched_at }: TaskGroup): string {
  if (created_at === null) return '';
  return dispatched ? (dispatched_at?.toISOString() ?? 'yes') : 'no';
}
