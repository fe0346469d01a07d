import type { Client } from 'pg';
import type { SharedClient } from '../../postgres/shared-client.ts';
import { isConnectionFailure, isRetryable } from '../../postgres/sql-error.ts';
import { heartbeatIntervalMs } from '../../manager/worker-ttl.ts';
import { Wakeup } from '../../wakeup.ts';
import type { Log } from '../../log.ts';
import type { Lease } from './lease.ts';

/** How soon a sign of life that failed is tried again, in milliseconds. */
const RETRY_MS = 500;

/** How often the clocks are compared, in milliseconds. */
const CLOCK_CHECK_MS = 1000;

/** By how much wall clock and monotonic clock may part between two looks, in milliseconds: more says that the host was suspended. */
const CLOCK_TOLERANCE_MS = 1000;

export interface HeartbeatSettings {
  readonly connection: SharedClient;
  readonly worker: string;
  readonly lease: Lease;
  readonly log: Log;
  /** How many tasks the worker has finished since the last call. */
  readonly takeFinished: () => number;
  /** The database has taken a sign of life of this incarnation. */
  readonly onConfirmed: (incarnation: string) => void;
  /** This incarnation was declared missing, another one has come after it, or its lease ran out: it is revoked. */
  readonly onOver: (incarnation: string) => void;
}

/** The signs of life of a worker, which prolong its lease. */
export class Heartbeat implements AsyncDisposable {
  readonly #settings: HeartbeatSettings;
  readonly #wakeup = new Wakeup();
  #incarnation: string | undefined;
  #clockOffset = clockOffset();
  #stopped = false;
  readonly #loop: Promise<void>;

  constructor(settings: HeartbeatSettings) {
    this.#settings = settings;
    this.#loop = this.#run();
  }

  /** Gives signs of life for this incarnation from now on; undefined: for none. */
  beatFor(incarnation: string | undefined): void {
    this.#incarnation = incarnation;
    this.#wakeup.call();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#wakeup.call();
    await this.#loop;
  }

  async #run(): Promise<void> {
    let dueAt = 0;
    while (!this.#stopped) {
      this.#wakeup.arm();
      const incarnation = this.#incarnation;
      if (incarnation !== undefined && (performance.now() >= dueAt || this.#wasSuspended())) {
        const isThrough = await this.#beat(incarnation);
        dueAt =
          performance.now() + (isThrough ? heartbeatIntervalMs() : Math.min(RETRY_MS, heartbeatIntervalMs()));
      }
      const isNew = await this.#wakeup.sleep(
        Math.min(CLOCK_CHECK_MS, Math.max(0, dueAt - performance.now())),
      );
      if (isNew) dueAt = 0;
    }
  }

  /** Time may have passed that the monotonic clock does not count: whether the lease still stands is to be asked at once. */
  #wasSuspended(): boolean {
    const before = this.#clockOffset;
    this.#clockOffset = clockOffset();
    return Math.abs(this.#clockOffset - before) > CLOCK_TOLERANCE_MS;
  }

  /** One sign of life; says whether it got through. */
  async #beat(incarnation: string): Promise<boolean> {
    const { connection, worker, lease, log, takeFinished, onConfirmed } = this.#settings;
    const sentAt = process.hrtime.bigint();
    let client: Client | undefined;
    try {
      client = await connection.get();
      const { rows } = await client.query<{ verdict: 'confirmed' | 'over' | 'held' }>({
        name: 'heartbeat',
        text: 'select verdict from pulp.heartbeat(array[$1], array[$2::bigint], array[$3::integer])',
        values: [worker, incarnation, takeFinished()],
      });
      if (incarnation !== this.#incarnation) return true; // that one is over
      switch (rows[0]?.verdict) {
        case 'confirmed':
          if (lease.prolong(sentAt)) onConfirmed(incarnation);
          else this.#end(incarnation);
          return true;
        case 'over':
          this.#end(incarnation);
          return true;
        default:
          log.warn({}, 'a heartbeat was not taken: an open transaction is about to end this worker');
          return false;
      }
    } catch (error) {
      log.warn({ err: error, lease_left_ms: Math.round(lease.leftMs) }, 'a heartbeat did not get through');
      const isUsable = isRetryable(error) && !isConnectionFailure(error);
      if (client !== undefined && !isUsable) await connection.drop(client);
      return false;
    }
  }

  #end(incarnation: string): void {
    this.#incarnation = undefined;
    this.#settings.lease.revoke();
    this.#settings.onOver(incarnation);
  }
}

function clockOffset(): number {
  return Date.now() - performance.now();
}
