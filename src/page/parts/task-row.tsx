import { isFinal } from '../../constants.ts';
import type { Task } from '../api/tasks.ts';
import { now } from './now.ts';
import { Progress } from './progress.tsx';
import { StateBadge } from './state-badge.tsx';
import { ResourceLink, TaskLink } from './task-link.tsx';
import { Ago } from './time.tsx';
import { spanText } from './words.ts';

/** What is shown of each task of a list. */
export const TASK_COLUMNS = ['Task', 'State', 'Where', 'Claims', 'Time', 'Enqueued'] as const;

/** The cells of a task. */
export function TaskCells({ task }: { readonly task: Task }) {
  const claims = [...task.exclusive_resources, ...task.shared_resources];
  return (
    <>
      <span role="cell">
        <TaskLink id={task.id} name={task.name} />
      </span>
      <span role="cell">
        <StateBadge state={task.state} />
      </span>
      <span role="cell" class="where">
        {task.state === 'running' ? <Progress report={task.progress} /> : null}
        {task.worker ?? task.queue}
      </span>
      <span role="cell" class="claims">
        {claims[0] !== undefined && <ResourceLink resource={claims[0]} />}
        {claims.length > 1 && <span class="hint"> +{claims.length - 1}</span>}
      </span>
      <span role="cell" class="number">
        {tookText(task)}
      </span>
      <span role="cell" class="number">
        <Ago time={task.enqueued_at} />
      </span>
    </>
  );
}

/** How long its latest run took, or takes; of one that waits, how long it has waited. */
function tookText({ state, started_at, finished_at, enqueued_at }: Task): string {
  const end = finished_at === null || !isFinal(state) ? now.value : Date.parse(finished_at);
  if (state === 'waiting') return `waits ${spanText((now.value - Date.parse(enqueued_at)) / 1000)}`;
  return started_at === null ? '–' : spanText((end - Date.parse(started_at)) / 1000);
}
