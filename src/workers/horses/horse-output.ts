import type { Readable } from 'node:stream';

/** How much of the end is kept, in bytes. */
const TAIL = 8 * 1024;

/** Longer lines are passed on in pieces, in bytes. */
const MAX_LINE = 64 * 1024;

const NEWLINE = 0x0a;

/** Passes on what comes from a stream in whole lines, so that lines of several processes do not mix. */
export function passOnLines(from: Readable, pass: (lines: Uint8Array) => void): void {
  let begun: Buffer = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    const output = begun.length === 0 ? chunk : Buffer.concat([begun, chunk]);
    const end = output.length > MAX_LINE ? output.length : output.lastIndexOf(NEWLINE) + 1;
    if (end > 0) pass(output.subarray(0, end));
    begun = Buffer.from(output.subarray(end)); // a copy: the chunk it came in need not be kept
  });
  from.on('end', () => {
    if (begun.length > 0) pass(Buffer.concat([begun, Buffer.of(NEWLINE)]));
  });
  from.on('error', () => undefined); // what was read has been passed on
}

/** The last of what comes from a stream. */
export class OutputTail {
  #tail: Buffer = Buffer.alloc(0);

  constructor(of: Readable) {
    of.on('data', (chunk: Buffer) => {
      this.#tail = Buffer.concat([this.#tail, chunk.subarray(-TAIL)]).subarray(-TAIL);
    });
  }

  /** Forgets what came up to now. */
  clear(): void {
    this.#tail = Buffer.alloc(0);
  }

  get text(): string {
    return this.#tail.toString();
  }
}
