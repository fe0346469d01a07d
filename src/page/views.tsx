import type { ComponentChild } from 'preact';
import { Overview } from './views/overview.tsx';
import { Tasks } from './views/tasks.tsx';

const TASK = /^\/tasks\/([0-9a-fA-F-]{36})$/;

/** What is shown at a path. */
export function viewOf(path: string): ComponentChild {
  const [, id] = TASK.exec(path) ?? [];
  if (id !== undefined) return <p>{id}</p>;
  switch (path) {
    case '/':
      return <Overview />;
    case '/tasks':
      return <Tasks />;
    default:
      return <p class="empty">There is nothing here.</p>;
  }
}
