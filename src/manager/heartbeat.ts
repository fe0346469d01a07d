import type { Client } from 'pg';
import { connectDedicated } from '../postgres/dedicated-client.ts';
import { Wakeup } from '../wakeup.ts';
import type { Log } from '../log.ts';
import { heartbeatIntervalMs, selfFenceMs } from './worker-ttl.ts';

/** How soon a beat that failed is tried again, in milliseconds. */
const RETRY_MS = 500;

export interface HeartbeatSettings {
  readonly databaseUrl: string;
  readonly worker: string;
  readonly log: Log;
  /** How many tasks the worker has finished since the last call. */
  readonly takeFinished: () => number;
  /** The worker is not the owner of its runs any more, or cannot know that it is: they must end at once. */
  readonly onGivenUp: (why: string) => void;
}

/**
 * The signs of life of a worker, on a connection of their own. If none gets through for most of the TTL the worker is told
 * to give itself up, by its own monotonic clock: the watcher will, and must not be the first.
 */
export class Heartbeat implements AsyncDisposable {
  readonly #settings: HeartbeatSettings;
  readonly #wakeup = new Wakeup();
  #incarnation: string | undefined;
  #client: Client | undefined;
  #fence: NodeJS.Timeout | undefined;
  #stopped = false;
  readonly #life: Promise<void>;

  constructor(settings: HeartbeatSettings) {
    this.#settings = settings;
    this.#life = this.#beatOn();
  }

  /** Beats for this birth from now on; undefined: for none. */
  beatFor(incarnation: string | undefined): void {
    this.#incarnation = incarnation;
    clearTimeout(this.#fence);
    if (incarnation === undefined) return;
    this.#confirm(performance.now());
    this.#wakeup.call();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#fence);
    this.#wakeup.call();
    await this.#life;
  }

  async #beatOn(): Promise<void> {
    let pauseMs = heartbeatIntervalMs();
    while (!this.#stopped) {
      this.#wakeup.arm();
      if (this.#incarnation !== undefined) {
        pauseMs = (await this.#beat(this.#incarnation)) ? heartbeatIntervalMs() : RETRY_MS;
      }
      await this.#wakeup.sleep(Math.min(pauseMs, heartbeatIntervalMs()));
    }
    await this.#client?.end();
  }

  /** One sign of life; says whether it got through. */
  async #beat(incarnation: string): Promise<boolean> {
    const { databaseUrl, worker, log } = this.#settings;
    const finished = this.#settings.takeFinished();
    const sentAt = performance.now();
    try {
      this.#client ??= await connectDedicated(databaseUrl, `pulp heartbeat ${worker}`, {
        connectTimeoutMs: heartbeatIntervalMs(),
        answerTimeoutMs: heartbeatIntervalMs(),
        settings: { synchronous_commit: 'off' }, // one that a crash forgets is like one that did not get through
      });
      const { rows } = await this.#client.query({
        name: 'heartbeat',
        text: 'select pulp.heartbeat(array[$1], array[$2::bigint], array[$3::integer])',
        values: [worker, incarnation, finished],
      });
      if (incarnation !== this.#incarnation) return true; // that birth is over
      if (rows.length === 0) this.#confirm(sentAt);
      else this.#giveUp('the worker was given up as missing');
      return true;
    } catch (error) {
      log.warn({ err: error }, 'a sign of life did not get through');
      await this.#client?.end();
      this.#client = undefined;
      return false;
    }
  }

  /** The database knows of us as of then. */
  #confirm(at: number): void {
    clearTimeout(this.#fence);
    this.#fence = setTimeout(
      () => {
        this.#giveUp('no sign of life got through for most of the TTL');
      },
      at + selfFenceMs() - performance.now(),
    );
  }

  #giveUp(why: string): void {
    this.beatFor(undefined);
    this.#settings.onGivenUp(why);
  }
}
