import type { Task } from '../api/tasks.ts';
import { Progress } from './progress.tsx';

/** What a task's code reports of the parts of its work, and what it has created. */
export function Reports({ reported }: Pick<Task, 'reported'>) {
  const { reports = [], created = [] } = reported ?? {};
  return (
    <>
      {reports.length > 0 && (
        <>
          <h3>Reports</h3>
          <ul class="reports">
            {reports.map(({ code, message, state, done, total, suffix }) => (
              <li key={code}>
                {message}: {total == null ? done : `${done} of ${total}`} {suffix}{' '}
                <span class="hint">{state}</span> <Progress report={{ done, total }} />
              </li>
            ))}
          </ul>
        </>
      )}
      {created.length > 0 && (
        <>
          <h3>Created</h3>
          <ul class="created">
            {created.map((resource) => (
              <li key={resource}>
                <code>{resource}</code>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
