/** Output is gathered until nothing came for so long, in milliseconds: a line may come letter by letter, and a secret in several lines. */
const QUIET_MS = 250;

/** But no longer than so long, in milliseconds, and no more than so much, in bytes. */
const LONGEST_MS = 5000;
const MOST_GATHERED = 64 * 1024;

/** Passes on together what is written within a short time. */
export class GatheredOutput {
  readonly #pass: (output: Buffer) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #begunAt = 0;
  #quiet: NodeJS.Timeout | undefined;

  constructor(pass: (output: Buffer) => void) {
    this.#pass = pass;
  }

  write(chunk: Uint8Array): void {
    const now = performance.now();
    if (this.#chunks.length === 0) this.#begunAt = now;
    this.#chunks.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
    if (this.#bytes >= MOST_GATHERED || now - this.#begunAt >= LONGEST_MS) this.flush();
    else if (this.#quiet === undefined) {
      this.#quiet = setTimeout(() => {
        const { length } = this.#chunks;
        setImmediate(() => {
          if (this.#chunks.length === length)
            this.flush(); // else there was more to read
          else this.#quiet?.refresh();
        });
      }, QUIET_MS).unref();
    } else this.#quiet.refresh();
  }

  flush(): void {
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
    const output = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    if (output.length > 0) this.#pass(output);
  }
}
