import type { Readable } from 'node:stream';

/** How much of the end is kept, in bytes. */
const TAIL = 8 * 1024;

/** Longer lines are passed on in pieces, in bytes. */
const MAX_LINE = 64 * 1024;

const NEWLINE = 0x0a;

/** What a horse writes to stderr before each run: what was written before is not the run's. It is passed on to nobody. */
export const RUN_MARK = Buffer.from('\0pulp: a run begins\0\n');

/** Passes on output in whole lines, so that lines of several processes do not mix. */
export class WholeLines {
  readonly #pass: (lines: Buffer) => void;
  #begun: Buffer = Buffer.alloc(0);

  constructor(pass: (lines: Buffer) => void) {
    this.#pass = pass;
  }

  write(chunk: Buffer): void {
    const output = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    const end = output.length > MAX_LINE ? output.length : output.lastIndexOf(NEWLINE) + 1;
    if (end > 0) this.#pass(output.subarray(0, end));
    this.#begun = Buffer.from(output.subarray(end)); // a copy: the chunk it came in need not be kept
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#begun.length > 0) this.#pass(Buffer.concat([this.#begun, Buffer.of(NEWLINE)]));
    this.#begun = Buffer.alloc(0);
  }
}

/** The last of the output of a run. */
export class OutputTail {
  readonly #redact: (text: string) => string;
  /** More than is shown: what is taken out may begin before. */
  #tail: Buffer = Buffer.alloc(0);

  constructor(redact: (text: string) => string) {
    this.#redact = redact;
  }

  write(chunk: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-2 * TAIL)]).subarray(-2 * TAIL);
  }

  /** Forgets what came up to now. */
  clear(): void {
    if (this.#tail.length > 0) this.#tail = Buffer.alloc(0);
  }

  get text(): string {
    return this.#redact(this.#tail.toString()).slice(-TAIL);
  }
}

/** Takes the marks out of what comes from a stream. */
export function readMarked(
  from: Readable,
  {
    onOutput,
    onMark,
    onEnd,
  }: {
    readonly onOutput: (chunk: Buffer) => void;
    readonly onMark: () => void;
    readonly onEnd: () => void;
  },
): void {
  let held: Buffer = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    let rest = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (let at = rest.indexOf(RUN_MARK); at !== -1; at = rest.indexOf(RUN_MARK)) {
      if (at > 0) onOutput(rest.subarray(0, at));
      onMark();
      rest = rest.subarray(at + RUN_MARK.length);
    }
    const whole = rest.length - begunMark(rest);
    if (whole > 0) onOutput(rest.subarray(0, whole));
    held = Buffer.from(rest.subarray(whole));
  });
  from.on('end', () => {
    if (held.length > 0) onOutput(held);
    onEnd();
  });
  from.on('error', () => undefined); // what was read has been passed on
}

/** How many bytes at the end of a chunk may be the beginning of a mark. */
function begunMark(chunk: Buffer): number {
  for (let length = Math.min(chunk.length, RUN_MARK.length - 1); length > 0; length -= 1) {
    if (chunk.subarray(-length).equals(RUN_MARK.subarray(0, length))) return length;
  }
  return 0;
}
