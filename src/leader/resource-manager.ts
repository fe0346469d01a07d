import type { Client, Notification } from 'pg';
import type { SharedClient } from '../postgres/shared-client.ts';
import { CHANNELS } from '../constants.ts';
import { NoticePace } from '../notice-pace.ts';
import { Wakeup } from '../wakeup.ts';
import type { Log } from '../log.ts';
import { RepeatedWarning } from '../processes/repeated-warning.ts';
import { standForElection, type Candidacy, type Standing } from './election.ts';
import { SilenceObserver } from './silence-observer.ts';
import { heartbeatIntervalMs } from '../worker-ttl.ts';

/** Of those that know `ResourceManager`, few stand for election. */
const loadTerm = () => import('./leadership-term.ts');

/** How often one that does not lead asks whether it should, in milliseconds, where nobody can be told that nobody leads. */
const UNTOLD_STANDBY_MS = 1000;

/** The same where that is told, as a part of the time between heartbeats: a little before they are due, since they go along. */
const STANDBY_PACE = 0.95;

/** And for a while at first, and when it was told: the session of one that led takes its time to end. */
const VACANT_MS = 100;
const VACANT_TRIES = 10;

/**
 * How soon one stands again whose term ended with its connection, in milliseconds; doubled for each term in a row in which it got
 * nothing done, up to a minute: its passes may be what breaks the connection.
 */
const RETURN_MS = 100;
const LONGEST_ABSENCE_MS = 60_000;

/** What a resource manager is made with. */
export interface ResourceManagerSettings {
  /** Shared with the heartbeats: a leader whose connection is lost, or silent, leads no more. */
  readonly connection: SharedClient;
  /** The worker that it belongs to. */
  readonly worker: string;
  /** Leads only while no worker that is made for it (`resource-manager…`) is there. */
  readonly standIn: boolean;
  readonly log: Log;
  /** Asks whether it leads, on that connection. Default: that alone; a worker's heartbeats go along with it. */
  readonly stand?: (client: Client, candidacy: Candidacy) => Promise<Standing>;
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
  readonly #failing: RepeatedWarning;
  /** What this observer has seen of the workers, leading or not. */
  readonly #silence = new SilenceObserver();
  #stopped = false;
  #resigned = false;
  /** How many terms in a row ended before anything was done. */
  #futile = 0;
  /** Who had the lock of leading at the last look without having been elected, and whether that was told. */
  #usurper: { readonly name: string; isTold: boolean } | undefined;
  /** Whether it was elected on its latest connection. */
  #hasLed = false;
  #life: Promise<void> | undefined;

  constructor(settings: ResourceManagerSettings) {
    this.#settings = settings;
    this.#failing = new RepeatedWarning(settings.log);
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
        if (!this.#stopped) this.#failing.tell({ err: error }, 'the resource manager lost the database');
      }
      this.#wakeup.arm(); // the end of a term woke us: that is over
      await this.#standBy(
        this.#hasLed ? Math.min(RETURN_MS * 2 ** this.#futile, LONGEST_ABSENCE_MS) : UNTOLD_STANDBY_MS,
      );
    }
  }

  /** Stands by, and leads whenever it is elected, until the connection is lost. */
  async #serve(): Promise<void> {
    const { connection, worker, standIn, log, onUntold, stand = standForElection } = this.#settings;
    const client = await connection.get();
    const { Term } = await loadTerm();
    using scope = new DisposableStack();
    let vacant = VACANT_TRIES; // the session that led may be ending: nobody tells that of a new one
    const vacancy = new NoticePace(() => {
      vacant = VACANT_TRIES;
      this.#wakeup.call();
    });
    const hear = ({ channel }: Notification) => {
      if (channel === CHANNELS.leader) vacancy.hear();
    };
    client.on('notification', hear);
    scope.defer(() => client.off('notification', hear));
    try {
      await client.query(`listen ${CHANNELS.leader}`);
      const term = new Term(client, this.#wakeup, {
        silence: this.#silence,
        standIn,
        log,
        onUntold,
        isStopped: () => this.#stopped,
        isResigned: () => this.#resigned,
        onWorked: () => {
          this.#futile = 0;
          this.#failing.over();
        },
      });
      scope.use(term);
      while (!term.isLost && !this.#stopped) {
        this.#wakeup.arm();
        const silent = this.#silence.silentAt(performance.now());
        const { elected, marks, untold, held_by } = await stand(client, { worker, standIn, silent });
        this.#silence.observe(marks, performance.now());
        onUntold(untold);
        this.#tellUsurper(held_by);
        if (elected) {
          this.#hasLed = true;
          this.#futile += 1;
          await term.lead();
          if (!term.isLost)
            await client.query(
              `select pulp.end_term(); unlisten ${CHANNELS.grant}; unlisten ${CHANNELS.ready}`,
            );
          return;
        }
        this.#futile = 0;
        vacant -= 1;
        await this.#standBy(
          vacant >= 0 ? VACANT_MS : untold ? UNTOLD_STANDBY_MS : heartbeatIntervalMs() * STANDBY_PACE,
        );
      }
    } catch (error) {
      await connection.drop(client); // a lock that it may have taken goes with it
      throw error;
    }
  }

  /** Names who keeps all from leading, once; not whoever is seen once only, for he may just have been elected. */
  #tellUsurper(name: string | null): void {
    if (name === null || name !== this.#usurper?.name) {
      this.#usurper = name === null ? undefined : { name, isTold: false };
    } else if (!this.#usurper.isTold) {
      this.#usurper.isTold = true;
      this.#settings.log.error(
        { holder: name },
        `nobody leads, so nothing is granted: the lock of leading is held by ${name}, who was not elected; end that session`,
      );
    }
  }

  /** Standbys look at different moments, so that they don't all come at once. */
  async #standBy(ms: number): Promise<void> {
    if (!this.#stopped) await this.#wakeup.sleep(ms * (0.95 + Math.random() / 10));
  }
}
