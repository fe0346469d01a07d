import { news } from './news.ts';
import type { Snapshot } from './observer.ts';
import type { Output } from './output.ts';
import type { View } from './view.ts';

/** Tells of each change in a line of its own, where there is no terminal to draw in. */
export class TickerView implements View {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  show(snapshot: Snapshot): void {
    for (const line of news(snapshot)) this.#output.write(line);
  }

  [Symbol.dispose](): void {
    // The lines stay.
  }
}
