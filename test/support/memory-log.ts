import { Writable } from 'node:stream';
import { pino, type Logger } from 'pino';

/** What a worker logs. */
export function memoryLog(): { readonly log: Logger; readonly lines: { level: number; msg: string }[] } {
  const lines: { level: number; msg: string }[] = [];
  const stream = new Writable({
    write: (line: Buffer, _, done) => {
      lines.push(JSON.parse(line.toString()) as { level: number; msg: string });
      done();
    },
  });
  return { log: pino(stream), lines };
}
