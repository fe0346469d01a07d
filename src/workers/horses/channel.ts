import type { Duplex } from 'node:stream';

/** How long a message may be, in characters. Results and reports are far shorter: the payload limit is 1 MiB. */
const MAX_MESSAGE = 16 * 1024 * 1024;

/** Why nothing comes from the other end any more. */
export type ChannelFault = 'closed' | 'not a message';

export interface ChannelEvents<Incoming> {
  onMessage(message: Incoming): void;
  /** The other end has closed, or wrote what is no message; at most once, and no message follows. */
  onFault(fault: ChannelFault): void;
}

/**
 * Messages between two processes: JSON, one a line, over a socket. It is not Node's own channel of `fork`, since that
 * stands open to task code (`process.send`, `process.disconnect`) and throws where it reads what is no JSON.
 */
export class Channel<Incoming, Outgoing> {
  readonly #socket: Duplex;
  readonly #events: ChannelEvents<Incoming>;
  #begun = '';
  #unsent = '';
  #isFlushDue = false;
  #faulty = false;

  constructor(socket: Duplex, events: ChannelEvents<Incoming>) {
    this.#socket = socket;
    this.#events = events;
    socket.setEncoding('utf8');
    socket.on('error', () => undefined); // it closes, too
    socket.on('data', (text: string) => {
      this.#read(text);
    });
    socket.on('close', () => {
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
    if (text !== '' && this.#socket.writable) this.#socket.write(text);
  }

  /** Resolves when nothing waits in this process because the other end does not read. */
  async caughtUp(): Promise<void> {
    if (this.#socket.writableLength === 0) return;
    await new Promise<void>((resolve) => {
      this.#socket.write('', () => {
        resolve(); // the channel may be closed: that is told elsewhere
      });
    });
  }

  #read(text: string): void {
    const lines = (this.#begun + text).split('\n');
    this.#begun = lines.pop() ?? '';
    for (const line of lines) {
      if (this.#faulty) return;
      const message = parse(line);
      if (message === undefined) this.#fail('not a message');
      else this.#events.onMessage(message as Incoming);
    }
    if (this.#begun.length > MAX_MESSAGE) this.#fail('not a message');
  }

  #fail(fault: ChannelFault): void {
    if (this.#faulty) return;
    this.#faulty = true;
    this.#socket.destroy();
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
