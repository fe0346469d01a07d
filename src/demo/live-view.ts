import { frame } from './frame.ts';
import type { Line } from './line.ts';
import { news } from './news.ts';
import type { Snapshot } from './observer.ts';
import type { Output } from './output.ts';
import type { DemoRun } from './scenario.ts';
import type { View } from './view.ts';

const ENTER = '\x1b[?1049h\x1b[?25l'; // the alternate screen, without a cursor
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const ERASE_LINE_END = '\x1b[K';
const ERASE_BELOW = '\x1b[J';

/** Shows each snapshot in the place of the one before, in a terminal. */
export class LiveView implements View {
  readonly #output: Output;
  readonly #run: DemoRun;
  readonly #news: Line[] = [];

  constructor(output: Output, run: DemoRun) {
    this.#output = output;
    this.#run = run;
    output.stream.write(ENTER);
  }

  show(snapshot: Snapshot): void {
    this.#news.push(...news(snapshot));
    const text = frame(snapshot, this.#run, this.#news, this.#output.stream)
      .map((line) => this.#output.fitted(line) + ERASE_LINE_END)
      .join('\r\n');
    this.#output.stream.write(HOME + text + ERASE_BELOW);
  }

  [Symbol.dispose](): void {
    this.#output.stream.write(LEAVE);
  }
}
