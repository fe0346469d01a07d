import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import {
  startEmbeddedServer,
  stopEmbeddedServer,
  type EmbeddedServer,
} from '../../src/postgres/embedded-server.ts';
import { connect } from '../support/database.ts';
import { isAlive } from '../support/is-alive.ts';
import { eventually } from './eventually.ts';

/** A Postgres of a test's own, with the engine's schema, that may be broken: `await using server = await OwnServer.start()`. */
export class OwnServer implements AsyncDisposable {
  /** The folder of all its files. */
  readonly home: string;
  #server: EmbeddedServer;

  private constructor(home: string, server: EmbeddedServer) {
    this.home = home;
    this.#server = server;
  }

  static async start(): Promise<OwnServer> {
    const pristine = process.env['PULP_TEST_PRISTINE_SERVER'];
    if (pristine === undefined) throw new Error('no server to copy: run the tests by `npm test`');
    return OwnServer.startFrom(pristine);
  }

  /** One made of the files of another that does not run, after they were changed. It may be a standby. */
  static async startFrom(
    files: string,
    change?: (dataDirectory: string) => Promise<void>,
  ): Promise<OwnServer> {
    const home = await mkdtemp(join(tmpdir(), 'pulp-own-server-'));
    await copy(files, home);
    await change?.(join(home, 'postgres'));
    return new OwnServer(home, await startEmbeddedServer(home));
  }

  /** A cluster that was made anew, with an empty database: it has counted few transactions. */
  static async startYounger(): Promise<OwnServer> {
    const home = await mkdtemp(join(tmpdir(), 'pulp-own-server-'));
    return new OwnServer(home, await startEmbeddedServer(home));
  }

  /** Copies its files, for which it is stopped and started again. Gives the folder, which goes when the server goes. */
  async backUp(): Promise<string> {
    const folder = join(this.home, 'backup');
    await this.stop();
    await copy(join(this.home, 'postgres'), join(folder, 'postgres'));
    await this.startAgain();
    return folder;
  }

  /** The address; it stays the same however often the server is started again. */
  get url(): string {
    return this.#server.url;
  }

  get dataDirectory(): string {
    return this.#server.dataDirectory;
  }

  /** Stops it at once: all its processes quit without a word to the clients, and the next start has to recover. */
  async crash(): Promise<void> {
    const [pid] = (await readFile(join(this.dataDirectory, 'postmaster.pid'), 'utf8'))
      .split('\n')
      .map(Number);
    if (pid === undefined) throw new Error('the server does not run');
    process.kill(pid, 'SIGQUIT');
    await eventually('the server has quit', () => !isAlive(pid));
  }

  /** Stops it in good order, which ends every connection. */
  async stop(): Promise<void> {
    await stopEmbeddedServer(this.home);
  }

  /** Starts it again after `crash` or `stop`; resolves when it accepts connections. */
  async startAgain(): Promise<void> {
    const server = await startEmbeddedServer(this.home);
    if (server.url !== this.url)
      throw new Error(`the server came back as ${server.url}, and not as ${this.url}`);
    this.#server = server;
  }

  /** Kills one of its backends, as the system does when memory is short: the server then restarts all of them. */
  killBackend(pid: number): void {
    process.kill(pid, 'SIGKILL');
  }

  /** A client for one question; connections do not live long here. */
  async ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    await using client = await connect(this.url);
    return await question(client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopEmbeddedServer(this.home);
    await rm(this.home, { recursive: true, force: true });
  }
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await promisify(execFile)('cp', ['-aT', from, to]);
}
