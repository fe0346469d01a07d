import { frame } from './frame.ts';
import { fit, paint } from './line.ts';
import type { Snapshot } from './observer.ts';
import type { DemoRun } from './scenario.ts';
import type { View } from './view.ts';

const ENTER = '\x1b[?1049h\x1b[?25l'; // the alternate screen, without a cursor
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const ERASE_LINE_END = '\x1b[K';
const ERASE_BELOW = '\x1b[J';

/** Shows each snapshot in the place of the one before, in a terminal. */
export class LiveView implements View {
  readonly #terminal: NodeJS.WriteStream;
  readonly #run: DemoRun;

  constructor(terminal: NodeJS.WriteStream, run: DemoRun) {
    this.#terminal = terminal;
    this.#run = run;
    terminal.write(ENTER);
  }

  show(snapshot: Snapshot): void {
    const { columns, rows } = this.#terminal;
    const lines = frame(snapshot, this.#run, { columns, rows }).slice(0, rows);
    const text = lines.map((line) => paint(fit(line, columns), this.#terminal) + ERASE_LINE_END).join('\r\n');
    this.#terminal.write(HOME + text + ERASE_BELOW);
  }

  [Symbol.dispose](): void {
    this.#terminal.write(LEAVE);
  }
}
