import type { ComponentChild } from 'preact';
import type { Task } from '../api/tasks.ts';
import { hrefTo } from '../router.ts';
import { ResourceLink, TaskLink } from './task-link.tsx';
import { Moment } from './time.tsx';
import { spanText } from './words.ts';

/** What a task was enqueued with, and what became of it, as far as there is something to say. */
export function TaskFacts({ task }: { readonly task: Task }) {
  const listOf = (name: string, value: string) => <a href={hrefTo('/tasks', { [name]: value })}>{value}</a>;
  const time = (value: string | null) => value !== null && <Moment time={value} />;
  const facts: readonly (readonly [string, ComponentChild])[] = [
    ['Claims alone', resources(task.exclusive_resources)],
    ['Claims shared', resources(task.shared_resources)],
    ['Queue', listOf('queue', task.queue)],
    ['Worker', task.worker !== null && listOf('worker', task.worker)],
    [
      'Attempt',
      task.attempt > 0 && (task.retries > 0 ? `${task.attempt} of ${task.retries + 1}` : task.attempt),
    ],
    ['Interruptions', task.interruptions > 0 && `${task.interruptions} in a row`],
    ['Priority', task.priority !== 0 && task.priority],
    ['Timeout', task.timeout_seconds !== null && spanText(task.timeout_seconds)],
    ['Enqueued', time(task.enqueued_at)],
    ['Not before', time(task.run_after)],
    ['Unblocked', time(task.unblocked_at)],
    ['Started', time(task.started_at)],
    ['Finished', time(task.finished_at)],
    ['Canceled because', task.cancel_reason],
    ['Owner', task.owner],
    ['Group', task.group_id !== null && listOf('group', task.group_id)],
    [
      'Correlation',
      task.correlation_id !== null &&
        task.correlation_id !== task.id &&
        listOf('correlation', task.correlation_id),
    ],
    ['Parent', task.parent_id !== null && <TaskLink id={task.parent_id} />],
  ];
  return (
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl class="facts">
        {facts
          .filter(([, value]) => value !== null && value !== false && value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

function resources(names: readonly string[]): ComponentChild {
  return names.length > 0 && names.map((name) => <ResourceLink key={name} resource={name} />);
}
