import { fit, paint, type Line } from './line.ts';

/** Below this a terminal has too little room for a live view, in rows and columns. */
const LIVE_ROWS = 12;
const LIVE_COLUMNS = 40;

/** Writes lines to a stream, in colours if it is a terminal that shows them. */
export class Output {
  readonly stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  /** Whether it can be drawn in, again and again in the same place. */
  get isLive(): boolean {
    const { isTTY, rows, columns } = this.stream;
    return isTTY && process.env['TERM'] !== 'dumb' && rows >= LIVE_ROWS && columns >= LIVE_COLUMNS;
  }

  /** Writes a line. On a terminal that is too narrow for it, it goes on below. */
  write(line: Line = []): void {
    this.stream.write(`${paint(line, this.stream)}\n`);
  }

  /** The line as text that fits the terminal: what is too long is cut. */
  fitted(line: Line): string {
    return paint(this.stream.isTTY ? fit(line, this.stream.columns) : line, this.stream);
  }
}
