import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection on which bytes are sent as they are: `using raw = await Raw.to(url)`. */
export class Raw implements Disposable {
  readonly socket: Socket;
  /** What came back so far. */
  received = '';
  /** Whether the other side has closed it, or it broke. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.received += chunk;
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        resolve();
      });
    });
  }

  static async to(url: string): Promise<Raw> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new Raw(socket);
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Waits until this came back, or the connection is closed. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received) && !this.socket.closed) {
      await Promise.race([once(this.socket, 'data'), this.closed]);
    }
    return this.received;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
