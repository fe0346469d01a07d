import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { PulpError } from '../errors.ts';
import type { Line } from '../tasks/enqueue-lines.ts';

const LINE_FEED = 0x0a;

/** How long a line may be, in bytes: two payloads of the greatest size and all that can stand beside them. */
const MAX_LINE = 4 * 1024 * 1024;

/**
 * The lines of a file as they are read, `-` being the standard input. Split at line feeds alone: other characters that
 * may end a line can stand in JSON.
 *
 * @throws PulpError UNREADABLE_FILE or LINE_TOO_LONG
 */
export async function* readLines(file: string): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of readChunks(file)) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      yield { number: ++number, bytes: Buffer.concat([...parts, chunk.subarray(from, end)]) };
      parts = [];
      length = 0;
      from = end + 1;
    }
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > MAX_LINE) {
      throw new PulpError('LINE_TOO_LONG', `line ${number + 1}: is longer than ${MAX_LINE} bytes`, {
        remedy: 'Write one task a line.',
        exitCode: 2,
      });
    }
  }
  if (length > 0) yield { number: ++number, bytes: Buffer.concat(parts) };
}

async function* readChunks(file: string): AsyncGenerator<Buffer> {
  try {
    const source: Readable = file === '-' ? process.stdin : (await open(file)).createReadStream();
    for await (const chunk of source) yield chunk as Buffer;
  } catch (error) {
    const { message } = error as Error;
    throw new PulpError('UNREADABLE_FILE', `cannot read ${file}: ${message}`, {
      remedy: 'Name a file that can be read, or - for the standard input.',
      exitCode: 2,
      cause: error,
    });
  }
}
