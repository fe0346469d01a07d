import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findEmbeddedBinaries } from '../../src/postgres/embedded-binaries.ts';
import { findServerAccount, startDaemonAs } from '../../src/postgres/server-account.ts';
import { eventually } from './eventually.ts';
import type { OwnServer } from './own-server.ts';

/** Debian's package `faketime`. */
const LIBRARY = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketime.so.1`;

/** Why the clock of a server cannot be moved here. */
export const noSteps = existsSync(LIBRARY) ? false : 'needs libfaketime';

/** The wall clock of a server, which can be stepped; its monotonic clock goes on as it is. */
export class SteppingClock {
  readonly #server: OwnServer;

  private constructor(server: OwnServer) {
    this.#server = server;
  }

  /** Starts a server again so that its clock can be stepped. */
  static async of(server: OwnServer): Promise<SteppingClock> {
    const clock = new SteppingClock(server);
    await clock.step('+0s');
    await server.stop();
    await clock.startAgain();
    return clock;
  }

  /** @param offset from the true time, such as `+120s` */
  async step(offset: string): Promise<void> {
    await writeFile(this.#offsetFile, `${offset}\n`, { mode: 0o644 });
  }

  /** Starts the server after a stop or a crash. */
  async startAgain(): Promise<void> {
    const { home, dataDirectory } = this.#server;
    const { postgres } = await findEmbeddedBinaries();
    const account = await findServerAccount(dataDirectory, home, postgres);
    const stepping = [
      ...['env', `LD_PRELOAD=${LIBRARY}`, `FAKETIME_TIMESTAMP_FILE=${this.#offsetFile}`],
      ...['FAKETIME_NO_CACHE=1', 'FAKETIME_DONT_FAKE_MONOTONIC=1', 'DONT_FAKE_MONOTONIC=1'],
    ];
    const prefix = [...account.prefix, ...stepping];
    await startDaemonAs(
      { ...account, prefix },
      [postgres, '-D', dataDirectory, '-p', new URL(this.#server.url).port],
      'ignore',
    );
    await eventually('the server is up', () => this.#server.ask(() => Promise.resolve(true)));
  }

  get #offsetFile(): string {
    return join(this.#server.home, 'clock');
  }
}
