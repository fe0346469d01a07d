import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as a receiver got it. */
export interface Message {
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly events: readonly { readonly cursor: string; readonly type: string; readonly stream_id: string }[];
}

/** A real receiver, which answers as it is told. */
export class Receiver implements AsyncDisposable {
  readonly #server: Server;
  readonly got: Message[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async create(answer: (response: ServerResponse, place: number) => void): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', (request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => (text += part));
      request.on('end', () => {
        const { events } = JSON.parse(text) as Pick<Message, 'events'>;
        receiver.got.push({ headers: request.headers, text, events });
        answer(response, receiver.got.length);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  get cursors(): string[] {
    return this.got.flatMap(({ events }) => events.map(({ cursor }) => cursor));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
