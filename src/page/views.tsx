import type { ComponentChild } from 'preact';
import { Enqueue } from './views/enqueue.tsx';
import { Failures } from './views/failures.tsx';
import { Overview } from './views/overview.tsx';
import { Pauses } from './views/pauses.tsx';
import { Resource } from './views/resource.tsx';
import { Resources } from './views/resources.tsx';
import { Schedules } from './views/schedules.tsx';
import { TaskPage } from './views/task.tsx';
import { Tasks } from './views/tasks.tsx';
import { Trends } from './views/trends.tsx';
import { Workers } from './views/workers.tsx';

const TASK = /^\/tasks\/([0-9a-fA-F-]{36})$/;

/** What is shown at a path. */
export function viewOf(path: string): ComponentChild {
  const [, id] = TASK.exec(path) ?? [];
  if (id !== undefined) return <TaskPage key={id} id={id.toLowerCase()} />;
  switch (path) {
    case '/':
      return <Overview />;
    case '/tasks':
      return <Tasks />;
    case '/resources':
      return <Resources />;
    case '/resource':
      return <Resource />;
    case '/workers':
      return <Workers />;
    case '/trends':
      return <Trends />;
    case '/failures':
      return <Failures />;
    case '/pauses':
      return <Pauses />;
    case '/schedules':
      return <Schedules />;
    case '/enqueue':
      return <Enqueue />;
    default:
      return <p class="empty">There is nothing here.</p>;
  }
}
