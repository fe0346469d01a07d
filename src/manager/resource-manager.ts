import type { Client } from 'pg';
import { CHANNELS, DEFAULT_QUEUE } from '../constants.ts';
import { connectDedicated } from '../postgres/dedicated-client.ts';
import { Wakeup } from '../wakeup.ts';
import type { Log } from '../log.ts';
import { SilenceObserver, type WorkerMarks } from './silence-observer.ts';
import { tellOfLosses, type Look } from './worker-watcher.ts';

/** How many changes a granting pass looks at. */
const BATCH = 1000;

/** How long the leader waits for a notification before it looks all the same, in milliseconds: what a lost one costs at most. */
const POLL_MS = 5000;

/** How often the leader looks for workers that are gone, in milliseconds: a dead session is seen within a second. */
const WATCH_MS = 800;

/** How often one that does not lead asks whether it should, in milliseconds. */
const STANDBY_MS = 1000;

/** How often upkeep is done, and how soon again where a part of it failed, in milliseconds. */
const UPKEEP_MS = 86_400_000;
const UPKEEP_RETRY_MS = 3_600_000;

/** How far ahead the log should have leaves at least, in milliseconds: without one, nothing can be written. */
const LEAVES_AHEAD_MS = 7 * 86_400_000;

/** What a resource manager is made with. */
export interface ResourceManagerSettings {
  readonly databaseUrl: string;
  /** The worker that it belongs to; its connection bears the name, and it leads as long as that gives signs of life. */
  readonly worker: string;
  /** Leads only while no worker that is made for it (`resource-manager…`) is there. */
  readonly standIn: boolean;
  readonly log: Log;
}

/**
 * The one elected process that grants reservations, routes tasks to reserved workers and watches workers. Any worker may
 * lead; the advisory lock of its connection says who does, and falls with the connection.
 */
export class ResourceManager implements AsyncDisposable {
  readonly #settings: ResourceManagerSettings;
  readonly #wakeup = new Wakeup();
  /** What this observer has seen of the workers, leading or not. */
  readonly #silence = new SilenceObserver();
  #stopped = false;
  #life: Promise<void> | undefined;

  constructor(settings: ResourceManagerSettings) {
    this.#settings = settings;
  }

  /** Stands for election from now on. */
  start(): void {
    this.#life ??= this.#live();
  }

  /** Leaves the lead to others from now on: its worker stops. */
  resign(): void {
    this.#stopped = true;
    this.#wakeup.call();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resign();
    await this.#life;
  }

  async #live(): Promise<void> {
    while (!this.#stopped) {
      this.#wakeup.arm();
      try {
        await this.#serve();
      } catch (error) {
        if (!this.#stopped) this.#settings.log.warn({ err: error }, 'the resource manager lost the database');
      }
      await this.#standBy();
    }
  }

  /** Stands by, and leads whenever it is elected, until the connection is lost. */
  async #serve(): Promise<void> {
    const { databaseUrl, worker, standIn } = this.#settings;
    const client = await connectDedicated(databaseUrl, `pulp manager ${worker}`);
    try {
      const term = new Term(client, this.#settings, this.#wakeup, this.#silence);
      while (!term.isLost && !this.#stopped) {
        this.#wakeup.arm();
        const { rows } = await client.query<{ elected: boolean; marks: WorkerMarks }>({
          name: 'stand',
          text: 'select elected, marks from pulp.stand_for_election($1, $2, $3)',
          values: [worker, standIn, this.#silence.silentAt(performance.now())],
        });
        this.#silence.observe(rows[0]?.marks ?? {}, performance.now());
        if (rows[0]?.elected === true) {
          await term.lead(() => this.#stopped);
          return; // the lock goes with the connection
        }
        await this.#standBy();
      }
    } finally {
      await client.end();
    }
  }

  /** Standbys look at different moments, so that they don't all come at once. */
  async #standBy(): Promise<void> {
    if (!this.#stopped) await this.#wakeup.sleep(STANDBY_MS * (0.75 + Math.random() / 2));
  }
}

/** One term of office, on the connection whose lock it is held by. */
class Term {
  readonly #client: Client;
  readonly #settings: ResourceManagerSettings;
  readonly #wakeup: Wakeup;
  readonly #silence: SilenceObserver;
  #isLost = false;
  #grantAt = 0;
  #watchAt = 0;
  #upkeepAt = 0;
  #isAlone = false;
  /** A worker that is made to lead is there. */
  #isManaged = false;
  /** Whether tasks of the default queue are fetched there; else each arrival is routed to a reserved worker. */
  #defaultServed = true;

  constructor(client: Client, settings: ResourceManagerSettings, wakeup: Wakeup, silence: SilenceObserver) {
    this.#client = client;
    this.#settings = settings;
    this.#wakeup = wakeup;
    this.#silence = silence;
    const lose = () => {
      this.#isLost = true;
      wakeup.call();
    };
    client.on('error', lose).on('end', lose);
    client.on('notification', ({ channel, payload }) => {
      if (channel === CHANNELS.grant) this.#grantAt = 0;
      else if (payload === DEFAULT_QUEUE) this.#watchAt = 0;
      else return;
      wakeup.call();
    });
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Leads until told to stop, the connection is lost, or one made for it is there. */
  async lead(isStopped: () => boolean): Promise<void> {
    const { log, standIn } = this.#settings;
    log.info({}, 'leads as resource manager');
    await this.#client.query(`listen ${CHANNELS.grant}`);
    while (!this.#isLost && !isStopped()) {
      this.#wakeup.arm();
      if (performance.now() >= this.#grantAt) await this.#grant();
      if (performance.now() >= this.#watchAt) {
        await this.#watch();
        if (standIn && this.#isManaged) return;
      }
      if (performance.now() >= this.#upkeepAt) await this.#keepUp();
      await this.#wakeup.sleep(Math.max(0, Math.min(this.#grantAt, this.#watchAt) - performance.now()));
    }
  }

  async #grant(): Promise<void> {
    this.#grantAt = Infinity; // a notification that comes meanwhile may tell of what this pass did not see
    const { rows } = await this.#client.query<{ more: boolean; next_due_seconds: number | null }>({
      name: 'grant',
      // A pass that a crash forgets is made again, and whoever builds on it commits after it: it need not wait for the disk.
      text: `select more, next_due_seconds, set_config('synchronous_commit', 'off', true)
             from pulp.grant_reservations($1)`,
      values: [BATCH],
    });
    const [pass] = rows;
    const dueInMs = pass?.more === true ? 0 : Math.max(0, (pass?.next_due_seconds ?? Infinity) * 1000);
    this.#grantAt = Math.min(this.#grantAt, performance.now() + Math.min(POLL_MS, dueInMs));
  }

  /** Declares workers missing that are silent, recovers their runs, and delivers anew what waits for one that is not there. */
  async #watch(): Promise<void> {
    this.#watchAt = Infinity;
    const { rows } = await this.#client.query<Look & { more: boolean; default_served: boolean }>({
      name: 'watch',
      text: `select missing, recovered, marks, resource_managers, workers, more, default_served
             from pulp.check_worker_processes($1) cross join lateral pulp.reroute_tasks($2)`,
      values: [this.#silence.silentAt(performance.now()), BATCH],
    });
    const [seen] = rows;
    if (seen === undefined) return;
    this.#silence.observe(seen.marks, performance.now());
    const { log } = this.#settings;
    tellOfLosses(seen, log);
    if (seen.workers === 0 && !this.#isAlone)
      log.error({}, 'no worker is online: no task will run until one is started');
    this.#isAlone = seen.workers === 0;
    this.#isManaged = seen.resource_managers > 0;
    if (seen.default_served !== this.#defaultServed) {
      this.#defaultServed = seen.default_served;
      await this.#client.query(`${seen.default_served ? 'unlisten' : 'listen'} ${CHANNELS.ready}`);
    }
    this.#watchAt = Math.min(this.#watchAt, performance.now() + (seen.more ? 0 : WATCH_MS));
  }

  /** Makes the log's leaves ahead, drops old heartbeats and forgets what nobody needs; a failure ends no term. */
  async #keepUp(): Promise<void> {
    const { rows } = await this.#client.query<{
      dropped_leaves: string[] | null;
      forgotten_resources: string | null;
      deleted_queues: string[] | null;
      failures: string[];
      more: boolean;
      leaves_end: Date | null;
    }>('select * from pulp.keep_up()');
    const [done] = rows;
    if (done === undefined) return;
    const { failures, more, leaves_end, ...report } = done;
    const { log } = this.#settings;
    log.info({ ...report, leaves_end }, 'upkeep is done');
    for (const failure of failures) log.warn({}, `upkeep: ${failure}`);
    if (leaves_end === null || leaves_end.getTime() < Date.now() + LEAVES_AHEAD_MS) {
      log.error({ leaves_end }, 'the log has no leaves for the coming days: soon nothing can be written');
    }
    const pauseMs = more ? POLL_MS : failures.length > 0 ? UPKEEP_RETRY_MS : UPKEEP_MS;
    this.#upkeepAt = performance.now() + pauseMs;
  }
}
