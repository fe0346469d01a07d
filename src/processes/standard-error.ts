/** How much may wait for a reader of our stderr, in bytes. */
const MAX_WAITING = 1024 * 1024;

let isGuarded = false;

/**
 * Writes to this process's stderr without ever waiting for its reader: what does not fit into a buffer is dropped and
 * counted. A reader that is gone is no error. (A file or a terminal takes what it is given at once.)
 */
export class StandardError {
  readonly #onDropped: (bytes: number) => void;
  #dropped = 0;

  /** @param onDropped so many bytes were dropped; called when there is room again */
  constructor(onDropped: (bytes: number) => void) {
    this.#onDropped = onDropped;
    if (!isGuarded) process.stderr.on('error', () => undefined); // without a listener EPIPE would end the process
    isGuarded = true;
  }

  write(output: string | Uint8Array): void {
    const { stderr } = process;
    if (!stderr.writable) return;
    if (stderr.writableLength <= MAX_WAITING) {
      stderr.write(output);
      return;
    }
    if (this.#dropped === 0) {
      stderr.once('drain', () => {
        const bytes = this.#dropped;
        this.#dropped = 0;
        this.#onDropped(bytes);
      });
    }
    this.#dropped += Buffer.byteLength(output);
  }
}
