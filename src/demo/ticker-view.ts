import { fit, paint, span, type Line } from './line.ts';
import type { Snapshot } from './observer.ts';
import { called, told, wait } from './words.ts';
import { styleOfEvent } from './colours.ts';
import type { View } from './view.ts';

/** Tells of each change in a line of its own, where there is no terminal to draw in. */
export class TickerView implements View {
  readonly #output: NodeJS.WriteStream;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  show(snapshot: Snapshot): void {
    const tasks = new Map(snapshot.tasks.map((task) => [task.id, task]));
    for (const event of snapshot.events) {
      const task = tasks.get(event.task_id);
      if (task === undefined) continue;
      const text = event.type === 'TaskEnqueued' ? wait(task, snapshot) : told(event);
      if (text === undefined) continue;
      const time = event.seconds.toFixed(2).padStart(6);
      this.#write([span(time, 'dim'), `  ${called(task).padEnd(20)}  `, span(text, styleOfEvent(event.type))]);
    }
  }

  [Symbol.dispose](): void {
    // Lines stay.
  }

  #write(line: Line): void {
    const { columns } = this.#output as { columns?: number };
    this.#output.write(`${paint(columns === undefined ? line : fit(line, columns), this.#output)}\n`);
  }
}
