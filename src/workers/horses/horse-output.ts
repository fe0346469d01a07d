import type { Readable } from 'node:stream';

/** How much of the end is kept, in bytes. */
const TAIL = 8 * 1024;

/** Longer lines are passed on in pieces, in bytes. */
const MAX_LINE = 64 * 1024;

const NEWLINE = 0x0a;

/** How a mark begins; then the place of the run follows, in so many digits, and an end. */
const MARK_HEAD = Buffer.from('\0pulp: run ');
const PLACE_DIGITS = 10;
const MARK_END = '\0\n';
const MARK_LENGTH = MARK_HEAD.length + PLACE_DIGITS + MARK_END.length;

/** What a horse writes to stdout and stderr before each run: what was written before is not the run's. It is passed on to nobody. */
export function runMark(place: number): Buffer {
  return Buffer.concat([MARK_HEAD, Buffer.from(String(place).padStart(PLACE_DIGITS, '0') + MARK_END)]);
}

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
    readonly onMark: (place: number) => void;
    readonly onEnd: () => void;
  },
): void {
  let held: Buffer = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    const all = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let told = 0;
    let at = markAt(all, 0);
    for (; at + MARK_LENGTH <= all.length; at = markAt(all, at)) {
      const place = placeOf(all.subarray(at, at + MARK_LENGTH));
      if (place === undefined) {
        at += 1; // it only begins like one
        continue;
      }
      if (at > told) onOutput(all.subarray(told, at));
      onMark(place);
      at += MARK_LENGTH;
      told = at;
    }
    if (at > told) onOutput(all.subarray(told, at));
    held = Buffer.from(all.subarray(at));
  });
  from.on('end', () => {
    if (held.length > 0) onOutput(held);
    onEnd();
  });
  from.on('error', () => undefined); // what was read has been passed on
}

/** Where, from a place on, the next mark begins, or may begin at the end; the length if nowhere. */
function markAt(chunk: Buffer, from: number): number {
  const at = chunk.indexOf(MARK_HEAD, from);
  if (at !== -1) return at;
  for (let length = Math.min(chunk.length - from, MARK_HEAD.length - 1); length > 0; length -= 1) {
    if (chunk.subarray(-length).equals(MARK_HEAD.subarray(0, length))) return chunk.length - length;
  }
  return chunk.length;
}

/** The place that a mark names; undefined if it is none. */
function placeOf(mark: Buffer): number | undefined {
  const [, place] = /^(\d+)\0\n$/.exec(mark.toString('latin1', MARK_HEAD.length)) ?? [];
  return place === undefined ? undefined : Number(place);
}
