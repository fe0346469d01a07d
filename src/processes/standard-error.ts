import { isJournal, JournalBudget, journalLines, PRIORITY, type Priority } from './journal.ts';

/** How much may wait for a reader of our stderr, in bytes. */
const MAX_WAITING = 1024 * 1024;

let isGuarded = false;

/** What each line is made of for somebody at a terminal. */
let forPeople: ((line: string) => string) | undefined;

let isWriting = false;

/** From now on, lines at a terminal are given in this form. */
export function setLineForm(form: (line: string) => string): void {
  if (process.stderr.isTTY) forPeople = form;
}

/** Whether what is written to stderr in this moment is written by a `StandardError`. */
export function isOwnWrite(): boolean {
  return isWriting;
}

/**
 * Writes to this process's stderr without ever waiting for its reader: what does not fit into a buffer is dropped and
 * counted. A reader that is gone is no error. (A file or a terminal takes what it is given at once.) Where stderr is the
 * journal of systemd, lines bear their priority, and lines of tasks are no more than leaves room for our own.
 */
export class StandardError {
  readonly #onDropped: (bytes: number) => void;
  readonly #write: (output: string | Uint8Array) => void;
  readonly #isJournal = isJournal(2);
  readonly #budget = new JournalBudget();
  #dropped = 0;

  /**
   * @param onDropped so many bytes were dropped; called when there is room again
   * @param write what puts it into stderr, where its usual way leads here
   */
  constructor(
    onDropped: (bytes: number) => void,
    write: (output: string | Uint8Array) => void = (output) => process.stderr.write(output),
  ) {
    this.#onDropped = onDropped;
    this.#write = write;
    if (!isGuarded) process.stderr.on('error', () => undefined); // without a listener EPIPE would end the process
    isGuarded = true;
  }

  /** Writes whole lines of our own. */
  log(lines: string, priority: Priority): void {
    this.#send(this.#isJournal ? journalLines(lines, priority) : lines);
  }

  /** Writes lines of somebody else, such as a task. */
  write(output: Uint8Array): void {
    if (!this.#isJournal) {
      this.#send(output);
      return;
    }
    const now = performance.now();
    const lines = journalLines(output, PRIORITY.info);
    if (this.#budget.takes(lines, now)) this.#send(lines);
    else this.#drop(lines, (tell) => setTimeout(tell, this.#budget.pauseMs(now)).unref());
  }

  #send(output: string | Uint8Array): void {
    const { stderr } = process;
    if (!stderr.writable) return;
    if (stderr.writableLength <= MAX_WAITING) {
      isWriting = true;
      try {
        this.#write(forPeople === undefined ? output : inForm(output, forPeople));
      } finally {
        isWriting = false;
      }
    } else this.#drop(output, (tell) => stderr.once('drain', tell));
  }

  #drop(output: string | Uint8Array, whenRoom: (tell: () => void) => void): void {
    if (this.#dropped === 0) {
      whenRoom(() => {
        const bytes = this.#dropped;
        this.#dropped = 0;
        this.#onDropped(bytes);
      });
    }
    this.#dropped += Buffer.byteLength(output);
  }
}

function inForm(output: string | Uint8Array, form: (line: string) => string): string {
  return Buffer.from(output)
    .toString()
    .replaceAll(/[^\n]+/g, form);
}
