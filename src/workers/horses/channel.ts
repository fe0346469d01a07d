import type { Readable, Writable } from 'node:stream';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { PulpError } from '../../errors.ts';

/** How long a line may be, in characters. */
const MAX_LINE = 16 * 1024 * 1024;

/** Longer messages go in pieces, in characters: a line that comes bit by bit is looked through again with each bit. */
const MAX_PIECE = 1024 * 1024;

/** How long a message in pieces may be, in characters: as much as one call may enqueue. */
const MAX_MESSAGE = 256 * 1024 * 1024;

/** A line that is a piece of a message. */
const PARTIAL = {};

/** Why nothing comes from the other end any more. */
export type ChannelFault = 'closed' | 'not a message';

export interface ChannelEvents<Incoming> {
  onMessage(message: Incoming): void;
  /** The other end has closed, or wrote what is no message; told once. Messages may follow what is none. */
  onFault(fault: ChannelFault): void;
}

/** The two ways between two processes. */
export interface ChannelStreams {
  readonly from: Readable;
  readonly to: Writable;
}

/**
 * Messages between two processes: JSON, one a line (an object), or before it as many of its pieces (texts) as it takes and then an
 * empty one, over a socket for each direction: Node closes a socket, with all that was
 * not yet read from it, when something is written to it that nobody can read any more. It is not Node's own channel of `fork`,
 * since that stands open to task code (`process.send`, `process.disconnect`) and throws where it reads what is no JSON.
 */
export class Channel<Incoming, Outgoing> {
  readonly #from: Readable;
  readonly #to: Writable;
  readonly #events: ChannelEvents<Incoming>;
  #begun = '';
  /** The pieces of a message that came so far. */
  #pieces: string[] = [];
  #unsent = '';
  #isFlushDue = false;
  #isClosed = false;
  #hasFaults = false;
  /** How often something was read. */
  #reads = 0;

  constructor({ from, to }: ChannelStreams, events: ChannelEvents<Incoming>) {
    this.#from = from;
    this.#to = to;
    this.#events = events;
    to.on('error', () => undefined); // nobody reads it: the other direction ends as well, or is ended
    from.setEncoding('utf8');
    from.on('error', () => undefined); // it closes, too
    from.on('data', (text: string) => {
      this.#reads += 1;
      this.#read(text);
    });
    from.on('close', () => {
      this.#isClosed = true;
      this.#fail('closed');
    });
  }

  /**
   * Sends a message, together with the others of this turn of the event loop; it is lost if the other end is gone, which
   * `onFault` tells.
   */
  send(message: Outgoing): void {
    this.put(message);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    process.nextTick(() => {
      this.flush();
    });
  }

  /** Sends a message with the next one that is sent, or when the channel is flushed. */
  put(message: Outgoing): void {
    const text = JSON.stringify(message);
    if (text.length <= MAX_PIECE) {
      this.#unsent += `${text}\n`;
      return;
    }
    if (text.length > MAX_MESSAGE) {
      throw new PulpError('INVALID_INPUT', `this is too much at once: ${text.length} characters of JSON`, {
        remedy: 'Send it in several calls.',
        exitCode: 2,
      });
    }
    for (let from = 0; from < text.length; from += MAX_PIECE) {
      this.#unsent += `${JSON.stringify(text.slice(from, from + MAX_PIECE))}\n`;
    }
    this.#unsent += '""\n';
  }

  /** Hands over to the system what was to be sent, at once unless the other end does not read: see `caughtUp`. */
  flush(): void {
    this.#isFlushDue = false;
    const text = this.#unsent;
    this.#unsent = '';
    // On a line of its own, should task code have written the beginning of one.
    if (text !== '' && this.#to.writable) this.#to.write(`\n${text}`);
  }

  /** Resolves when nothing waits in this process because the other end does not read. */
  async caughtUp(): Promise<void> {
    if (this.#to.writableLength === 0) return;
    await new Promise<void>((resolve) => {
      this.#to.write('', () => {
        resolve(); // the channel may be closed: that is told elsewhere
      });
    });
  }

  /**
   * Resolves when all was read that the system had taken from the other end before this call, also if somebody holds that end
   * open: between two immediates the event loop asks the system once what there is to read.
   */
  async drained(): Promise<void> {
    for (let seen = -1; !this.#isClosed && seen !== this.#reads;) {
      seen = this.#reads;
      await yieldToOthers();
      await yieldToOthers();
    }
  }

  /** Nothing more is of interest. */
  close(): void {
    this.#from.destroy();
    this.#to.destroy();
  }

  #read(text: string): void {
    const lines = (this.#begun + text).split('\n');
    this.#begun = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') continue;
      const message = this.#whole(parse(line));
      if (message === undefined) this.#fail('not a message');
      else if (message !== PARTIAL) this.#events.onMessage(message as Incoming);
    }
    if (this.#begun.length > MAX_LINE) {
      this.#begun = '';
      this.#fail('not a message');
    }
  }

  /** The message that a line is or completes, or `PARTIAL`; undefined if it is none. */
  #whole(line: object | string | undefined): object | undefined {
    if (typeof line !== 'string') return line;
    if (line !== '') {
      this.#pieces.push(line);
      return this.#pieces.length * MAX_PIECE > MAX_MESSAGE ? undefined : PARTIAL;
    }
    const text = this.#pieces.join('');
    this.#pieces = [];
    const message = parse(text);
    return typeof message === 'string' ? undefined : message;
  }

  #fail(fault: ChannelFault): void {
    if (this.#hasFaults) return;
    this.#hasFaults = true;
    this.#events.onFault(fault);
  }
}

/** The object or text that JSON holds, or undefined if it holds neither. */
function parse(json: string): object | string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' || (typeof value === 'object' && value !== null) ? value : undefined;
  } catch {
    return undefined;
  }
}
