import { fit, paint, type Line } from './line.ts';

/** Below this a terminal has too little room for a live view, in rows and columns. */
const LIVE_ROWS = 12;
const LIVE_COLUMNS = 40;

/** Writes lines to a stream: painted and cut to its width if it is a terminal. */
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

  write(line: Line = []): void {
    this.stream.write(`${this.paint(line)}\n`);
  }

  paint(line: Line): string {
    return paint(this.stream.isTTY ? fit(line, this.stream.columns) : line, this.stream);
  }
}
