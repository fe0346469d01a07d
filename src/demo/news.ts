import { styleOfEvent } from './colours.ts';
import { span, type Line } from './line.ts';
import type { Snapshot } from './observer.ts';
import { called, told, wait } from './words.ts';

/** The events since the snapshot before, each as a line; those that tell a watcher nothing are left out. */
export function news(snapshot: Snapshot): Line[] {
  const tasks = new Map(snapshot.tasks.map((task) => [task.id, task]));
  return snapshot.events.flatMap((event) => {
    const task = tasks.get(event.task_id);
    if (task === undefined) return [];
    const text = event.type === 'TaskEnqueued' ? wait(task, snapshot) : told(event);
    if (text === undefined) return [];
    const time = event.seconds.toFixed(2).padStart(6);
    const line: Line = [
      span(time, 'dim'),
      `  ${called(task).padEnd(20)}  `,
      span(text, styleOfEvent(event.type)),
    ];
    return [line];
  });
}
