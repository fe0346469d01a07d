import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import { findEmbeddedBinaries } from '../../src/postgres/embedded-binaries.ts';
import { stopEmbeddedServer } from '../../src/postgres/embedded-server.ts';
import { findServerAccount, startDaemonAs } from '../../src/postgres/server-account.ts';
import { connect } from '../support/database.ts';
import { eventually } from './eventually.ts';
import { OwnServer } from './own-server.ts';

/** A hot standby of a server of a test's own: it follows it until it is cut off, and can be promoted. */
export class Standby implements AsyncDisposable {
  readonly #home: string;
  /** The address; it stays the same when it is promoted. */
  readonly url: string;

  private constructor(home: string, url: string) {
    this.#home = home;
    this.url = url;
  }

  /** Made of the primary's files, for which that is stopped and started again. */
  static async of(primary: OwnServer): Promise<Standby> {
    await appendFile(
      join(primary.dataDirectory, 'pg_hba.conf'),
      'host replication all 127.0.0.1/32 scram-sha-256\n',
    );
    const files = await primary.backUp();
    const home = await mkdtemp(join(tmpdir(), 'pulp-standby-'));
    await promisify(execFile)('cp', ['-aT', files, home]);
    const data = join(home, 'postgres');
    const url = new URL(primary.url);
    await writeFile(join(data, 'standby.signal'), '');
    await appendFile(
      join(data, 'postgresql.auto.conf'),
      `primary_conninfo = 'host=127.0.0.1 port=${url.port} user=pulp password=${url.password}'\n`,
    );

    const { postgres } = await findEmbeddedBinaries();
    const account = await findServerAccount(data, home, postgres);
    url.port = String(Number(url.port) + 10_000); // above those that the servers of tests choose
    await startDaemonAs(account, [postgres, '-D', data, '-p', url.port], 'ignore');
    const standby = new Standby(home, url.href);
    await eventually('the standby can be read', () => standby.ask(() => Promise.resolve(true)));
    return standby;
  }

  /** Waits until it has replayed all that the primary has written so far. */
  async catchUp(primary: OwnServer): Promise<void> {
    const { rows } = await primary.ask((client) =>
      client.query<{ lsn: string }>('select pg_current_wal_flush_lsn() as lsn'),
    );
    await eventually('the standby has caught up', async () => {
      const seen = await this.ask((client) =>
        client.query<{ there: boolean }>('select pg_last_wal_replay_lsn() >= $1 as there', [rows[0]?.lsn]),
      );
      return seen.rows[0]?.there;
    });
  }

  /** From now on it gets nothing more of the primary. */
  async cutOff(): Promise<void> {
    await this.ask(async (client) => {
      await client.query(`alter system set primary_conninfo = ''`);
      await client.query('select pg_reload_conf()');
    });
    await eventually('nothing is received any more', () =>
      this.ask(async (client) => (await client.query('select from pg_stat_wal_receiver')).rowCount === 0),
    );
  }

  /** Makes it the primary, whose history goes on from what it has received. */
  async promote(): Promise<void> {
    await this.ask((client) => client.query('select pg_promote(true, 60)'));
  }

  /** A client for one question. */
  async ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    await using client = await connect(this.url);
    return await question(client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopEmbeddedServer(this.#home);
    await rm(this.#home, { recursive: true, force: true });
  }
}
