import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Prints each datagram as a line of JSON. File handles that come with one, which systemd-notify waits for, are closed. */
const RECEIVER = `
import json, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.settimeout(60)
receiver.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    datagram = receiver.recv(4096).decode()
    if not datagram.startswith("BARRIER="):
        print(json.dumps(datagram), flush=True)
`;

const missing = ['python3', 'systemd-notify'].filter((program) => !isThere(program));

/** Why a test that needs such a socket cannot run here, or false. */
export const noNotifySocket = missing.length > 0 && `there is no ${missing.join(', no ')}`;

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A real socket as systemd opens one. */
export class NotifySocket implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;
  readonly #process;
  readonly #lines: AsyncIterator<string>;
  readonly #closed: Promise<unknown>;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'notify');
    this.#process = spawn('python3', ['-c', RECEIVER, this.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#closed = once(this.#process, 'close');
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  static async open(): Promise<NotifySocket> {
    const socket = new NotifySocket(await mkdtemp(join(tmpdir(), 'pulp-notify-')));
    assert.equal(await socket.next(), 'bound');
    return socket;
  }

  /** The next datagram; within a minute. */
  async next(): Promise<string> {
    const line = await this.#lines.next();
    assert(line.done !== true, 'nothing came');
    return JSON.parse(line.value) as string;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#closed;
    await rm(this.#folder, { recursive: true });
  }
}
