import type { Readable, Writable } from 'node:stream';
import { setImmediate as yieldToOthers } from 'node:timers/promises';

/** How long a message may be, in characters. Results and reports are far shorter: the payload limit is 1 MiB. */
const MAX_MESSAGE = 16 * 1024 * 1024;

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
 * Messages between two processes: JSON, one a line, over a socket for each direction: Node closes a socket, with all that was
 * not yet read from it, when something is written to it that nobody can read any more. It is not Node's own channel of `fork`,
 * since that stands open to task code (`process.send`, `process.disconnect`) and throws where it reads what is no JSON.
 */
export class Channel<Incoming, Outgoing> {
  readonly #from: Readable;
  readonly #to: Writable;
  readonly #events: ChannelEvents<Incoming>;
  #begun = '';
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
    this.#unsent += `${JSON.stringify(message)}\n`;
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
      const message = parse(line);
      if (message === undefined) this.#fail('not a message');
      else this.#events.onMessage(message as Incoming);
    }
    if (this.#begun.length > MAX_MESSAGE) {
      this.#begun = '';
      this.#fail('not a message');
    }
  }

  #fail(fault: ChannelFault): void {
    if (this.#hasFaults) return;
    this.#hasFaults = true;
    this.#events.onFault(fault);
  }
}

/** The object that a line holds, or undefined if it holds none. */
function parse(line: string): object | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}
