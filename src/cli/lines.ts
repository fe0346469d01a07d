import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { PulpError } from '../errors.ts';
import type { Line } from '../tasks/enqueue-lines.ts';

const LINE_FEED = 0x0a;

/** How long a line may be, in bytes: two payloads of the greatest size and all that can stand beside them. */
const MAX_LINE = 4 * 1024 * 1024;

/**
 * Opens a file, `-` being the standard input, and gives its lines as they are read. Split at line feeds alone: other
 * characters that may end a line can stand in JSON.
 *
 * @throws PulpError UNREADABLE_FILE, also while it is read, or LINE_TOO_LONG
 */
export async function openLines(file: string): Promise<AsyncGenerator<Line>> {
  if (file === '-') return readLines(file, process.stdin);
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  return readLines(file, handle.createReadStream());
}

async function* readLines(file: string, source: Readable): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of readChunks(file, source)) {
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

async function* readChunks(file: string, source: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of source) yield chunk as Buffer;
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): PulpError {
  return new PulpError('UNREADABLE_FILE', `cannot read ${file}: ${(cause as Error).message}`, {
    remedy: 'Name a file that can be read, or - for the standard input.',
    exitCode: 2,
    cause,
  });
}
