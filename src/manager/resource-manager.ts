import type { SharedClient } from '../postgres/shared-client.ts';
import { CHANNELS } from '../constants.ts';
import { Wakeup } from '../wakeup.ts';
import type { Log } from '../log.ts';
import { SilenceObserver, type WorkerMarks } from './silence-observer.ts';
import { Term } from './term.ts';

/** How often one that does not lead asks whether it should, in milliseconds. */
const STANDBY_MS = 1000;

/**
 * How soon one stands again whose term ended with its connection, in milliseconds; doubled for each term in a row in which it got
 * nothing done, up to a minute: its passes may be what breaks the connection.
 */
const RETURN_MS = 100;
const LONGEST_ABSENCE_MS = 60_000;

/** Gives up the lock of the leader. */
const RELEASE = `select pg_advisory_unlock(pulp.lock_class('leader'), 0)`;

/** What a resource manager is made with. */
export interface ResourceManagerSettings {
  /** Shared with the heartbeats: a leader whose connection is lost, or silent, leads no more. */
  readonly connection: SharedClient;
  /** The worker that it belongs to. */
  readonly worker: string;
  /** Leads only while no worker that is made for it (`resource-manager…`) is there. */
  readonly standIn: boolean;
  readonly log: Log;
  /** Whether notifications come late, if at all: commits wait for a standby, see `pulp.notify`. */
  readonly onUntold: (untold: boolean) => void;
}

/**
 * The one elected process that grants reservations, routes tasks to reserved workers and watches workers. Any worker may
 * lead; the advisory lock of its connection says who does, and falls with the connection at the latest.
 */
export class ResourceManager implements AsyncDisposable {
  readonly #settings: ResourceManagerSettings;
  readonly #wakeup = new Wakeup();
  /** What this observer has seen of the workers, leading or not. */
  readonly #silence = new SilenceObserver();
  #stopped = false;
  #resigned = false;
  /** How many terms in a row ended before anything was done. */
  #futile = 0;
  /** Whether it was elected on its latest connection. */
  #hasLed = false;
  #life: Promise<void> | undefined;

  constructor(settings: ResourceManagerSettings) {
    this.#settings = settings;
  }

  /** Stands for election from now on. */
  start(): void {
    this.#life ??= this.#live();
  }

  /**
   * Its worker stops: from now on it leaves it to others to lead. One that is made to lead goes on to the end, since nobody
   * stands in for it as long as it is there.
   */
  resign(): void {
    this.#resigned = true;
    if (this.#settings.standIn) this.#stopped = true;
    this.#wakeup.call();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#resigned = true;
    this.#stopped = true;
    this.#wakeup.call();
    await this.#life;
  }

  async #live(): Promise<void> {
    while (!this.#stopped) {
      this.#hasLed = false;
      this.#wakeup.arm();
      try {
        await this.#serve();
      } catch (error) {
        if (!this.#stopped) this.#settings.log.warn({ err: error }, 'the resource manager lost the database');
      }
      this.#wakeup.arm(); // the end of a term woke us: that is over
      await this.#standBy(
        this.#hasLed ? Math.min(RETURN_MS * 2 ** this.#futile, LONGEST_ABSENCE_MS) : STANDBY_MS,
      );
    }
  }

  /** Stands by, and leads whenever it is elected, until the connection is lost. */
  async #serve(): Promise<void> {
    const { connection, worker, standIn, log, onUntold } = this.#settings;
    const client = await connection.get();
    using scope = new DisposableStack();
    try {
      const term = new Term(client, this.#wakeup, {
        silence: this.#silence,
        standIn,
        log,
        onUntold,
        isStopped: () => this.#stopped,
        isResigned: () => this.#resigned,
        onWorked: () => {
          this.#futile = 0;
        },
      });
      scope.use(term);
      while (!term.isLost && !this.#stopped) {
        this.#wakeup.arm();
        const { rows } = await client.query<{
          elected: boolean;
          marks: WorkerMarks;
          untold: boolean;
        }>({
          name: 'stand',
          text: 'select elected, marks, untold from pulp.stand_for_election($1, $2, $3)',
          values: [worker, standIn, this.#silence.silentAt(performance.now())],
        });
        this.#silence.observe(rows[0]?.marks ?? {}, performance.now());
        onUntold(rows[0]?.untold === true);
        if (rows[0]?.elected === true) {
          this.#hasLed = true;
          this.#futile += 1;
          await term.lead();
          if (!term.isLost)
            await client.query(`${RELEASE}; unlisten ${CHANNELS.grant}; unlisten ${CHANNELS.ready}`);
          return;
        }
        this.#futile = 0;
        await this.#standBy(STANDBY_MS);
      }
    } catch (error) {
      await connection.drop(client); // a lock that it may have taken goes with it
      throw error;
    }
  }

  /** Standbys look at different moments, so that they don't all come at once. */
  async #standBy(ms: number): Promise<void> {
    if (!this.#stopped) await this.#wakeup.sleep(ms * (0.75 + Math.random() / 2));
  }
}
