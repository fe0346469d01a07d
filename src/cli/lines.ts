import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { PulpError } from '../errors.ts';
import type { Line } from '../tasks/enqueue-lines.ts';
import { parseJson } from '../tasks/json-text.ts';
import { anotherLike, isShownTask } from '../tasks/shown-task.ts';

const LINE_FEED = 0x0a;
const NEWLINE = Buffer.of(LINE_FEED);

/** How long a line may be, in bytes: two payloads of the greatest size and all that can stand beside them. */
const MAX_LINE = 4 * 1024 * 1024;

/** How long a JSON array may be that is read at once, in bytes. */
const MAX_ARRAY = 64 * 1024 * 1024;

/**
 * Opens a file of tasks: one a line, or a JSON array, as `pulp task list --json` gives it, whose elements are given as if they were lines.
 *
 * @throws PulpError as `openLines`; INVALID_INPUT for what is no JSON, and for tasks that cannot be enqueued anew
 */
export async function openTaskLines(file: string): Promise<AsyncGenerator<Line>> {
  return taskLines(await openLines(file));
}

async function* taskLines(lines: AsyncIterable<Line>): AsyncGenerator<Line> {
  let array: Buffer[] | undefined;
  let length = 0;
  for await (const line of lines) {
    if (line.number === 1 && /^\s*\[/.test(line.bytes.toString())) array = [];
    if (array === undefined) {
      yield line;
      continue;
    }
    array.push(line.bytes);
    length += line.bytes.length;
    if (length > MAX_ARRAY) {
      throw new PulpError('LINE_TOO_LONG', `an array of more than ${MAX_ARRAY} bytes`, {
        remedy: 'Write one task a line: jq -c ".[]" does.',
        exitCode: 2,
      });
    }
  }
  if (array === undefined) return;
  const items: unknown = parseJson(Buffer.concat(array.flatMap((bytes) => [bytes, NEWLINE])).toString());
  for (const [index, item] of (items as readonly unknown[]).entries()) {
    yield {
      number: index + 1,
      bytes: Buffer.from(JSON.stringify(isShownTask(item) ? anotherLike(item) : item)),
    };
  }
}

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
