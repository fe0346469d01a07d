import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { Logger } from 'pino';
import { CHANNELS } from '../constants.ts';
import { Wakeup } from '../wakeup.ts';
import { checkWorkerProcesses, heartbeatIntervalMs } from './worker-watcher.ts';

/** How many changes a granting pass looks at. */
const BATCH = 1000;

/** How long the leader sleeps without a notification, in milliseconds: what a lost notification costs at most. */
const POLL_MS = 5000;

/** How often one that does not lead looks whether it should, in milliseconds. */
const STANDBY_MS = 5000;

const DAY_MS = 86_400_000;

export interface ResourceManagerSettings {
  readonly databaseUrl: string;
  /** The worker that it belongs to; its connection bears the name. */
  readonly worker: string;
  /** Leads only while no worker that is made for it (`resource-manager…`) is online. */
  readonly standIn: boolean;
  readonly log: Logger;
}

/**
 * The one elected process that grants reservations and watches workers. Any worker may lead; the advisory lock of its
 * connection says who does, and falls with the connection.
 */
export class ResourceManager implements AsyncDisposable {
  readonly #settings: ResourceManagerSettings;
  readonly #stopping = new AbortController();
  readonly #wakeup = new Wakeup();
  #life: Promise<void> | undefined;

  constructor(settings: ResourceManagerSettings) {
    this.#settings = settings;
  }

  /** Stands for election from now on. */
  start(): void {
    this.#life ??= this.#live();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#wakeup.call();
    await this.#life;
  }

  async #live(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#term();
      } catch (error) {
        if (!this.#stopping.signal.aborted)
          this.#settings.log.warn({ err: error }, 'the resource manager lost the database');
      }
      // Standbys look at different moments, so that they don't all come at once.
      await pause(STANDBY_MS * (0.75 + Math.random() / 2), undefined, {
        signal: this.#stopping.signal,
      }).catch(() => undefined);
    }
  }

  /** One term of office: from winning the election, if we do, until the connection is lost or one made for it comes up. */
  async #term(): Promise<void> {
    const client = new Client({
      connectionString: this.#settings.databaseUrl,
      application_name: `pulp manager ${this.#settings.worker}`.slice(0, 63),
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      query_timeout: 60_000,
    });
    let lost = false;
    const lose = () => {
      lost = true;
      this.#wakeup.call();
    };
    client.on('error', lose).on('end', lose);
    client.on('notification', () => {
      this.#wakeup.call();
    });
    await client.connect();
    try {
      if (!(await this.#elected(client))) return;
      this.#settings.log.info('leads as resource manager');
      await client.query(`listen ${CHANNELS.grant}`);
      let watchedAt = -Infinity;
      let upkeepAt = -Infinity;
      while (!lost && !this.#stopping.signal.aborted) {
        this.#wakeup.arm();
        const { more, dueInMs } = await this.#grant(client);
        if (performance.now() - watchedAt > heartbeatIntervalMs()) {
          watchedAt = performance.now();
          await checkWorkerProcesses(this.#settings.log);
          if (this.#settings.standIn && (await this.#isRelieved(client))) return;
        }
        if (performance.now() - upkeepAt > DAY_MS) {
          upkeepAt = performance.now();
          await client.query('select pulp.create_event_leaves()');
        }
        if (!more) await this.#wakeup.sleep(Math.min(POLL_MS, dueInMs));
      }
    } finally {
      client
        .off('error', lose)
        .off('end', lose)
        .on('error', () => undefined);
      await client.end().catch(() => undefined);
    }
  }

  async #elected(client: Client): Promise<boolean> {
    if (this.#settings.standIn && (await this.#isRelieved(client))) return false;
    const { rows } = await client.query<{ elected: boolean }>(
      "select pg_try_advisory_lock(pulp.lock_class('leader'), 0) as elected",
    );
    return rows[0]?.elected === true;
  }

  async #isRelieved(client: Client): Promise<boolean> {
    const { rows } = await client.query<{ relieved: boolean }>(
      "select exists (select from pulp.worker where state = 'online' and name like 'resource-manager%') as relieved",
    );
    return rows[0]?.relieved === true;
  }

  async #grant(client: Client): Promise<{ more: boolean; dueInMs: number }> {
    const { rows } = await client.query<{ granted: number; more: boolean; next_due_seconds: number | null }>({
      name: 'grant',
      text: 'select * from pulp.grant_reservations($1)',
      values: [BATCH],
    });
    const [pass] = rows;
    const due = pass?.next_due_seconds ?? null;
    return { more: pass?.more === true, dueInMs: due === null ? Infinity : Math.max(0, due * 1000) };
  }
}
