import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What is known of a name: its addresses of version 4, or what the server says instead; `silent`: it says nothing. */
export type NameAnswer = readonly string[] | 'unknown' | 'fails' | 'silent';

const CODES = { fails: 2, unknown: 3 } as const;
const TYPE_A = 1;

/** A real name server, which knows what it is told: `await using names = await NameServer.create({ 'hook.example': ['127.0.0.1'] })`. */
export class NameServer implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #known: Readonly<Record<string, NameAnswer>>;
  /** Each name that was asked for, once for each kind of address. */
  readonly asked: string[] = [];

  private constructor(socket: Socket, known: Readonly<Record<string, NameAnswer>>) {
    this.#socket = socket;
    this.#known = known;
    socket.on('message', (query, from) => {
      this.#answer(query, from);
    });
  }

  /** @param known what is not in it is unknown */
  static async create(known: Readonly<Record<string, NameAnswer>>): Promise<NameServer> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new NameServer(socket, known);
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  #answer(query: Buffer, from: RemoteInfo): void {
    const labels: string[] = [];
    let place = 12;
    for (let length = query[place] ?? 0; length > 0; length = query[place] ?? 0) {
      labels.push(query.toString('latin1', place + 1, place + 1 + length));
      place += 1 + length;
    }
    const question = query.subarray(12, place + 5);
    const name = labels.join('.').toLowerCase();
    this.asked.push(name);
    const known = this.#known[name] ?? 'unknown';
    if (known === 'silent') return;
    const code = typeof known === 'string' ? CODES[known] : 0;
    const addresses = typeof known === 'string' || query.readUInt16BE(place + 1) !== TYPE_A ? [] : known;
    const records = addresses.map((address) =>
      Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]),
    );
    const header = Buffer.from([
      ...query.subarray(0, 2),
      0x81,
      0x80 | code,
      0,
      1,
      0,
      records.length,
      0,
      0,
      0,
      0,
    ]);
    this.#socket.send(Buffer.concat([header, question, ...records]), from.port, from.address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}
