import type { Client } from 'pg';
import type { SharedClient } from '../../postgres/shared-client.ts';
import { isConnectionFailure, isRetryable } from '../../postgres/sql-error.ts';
import { standForElection, type Candidacy, type Standing } from '../../leader/election.ts';
import { heartbeatIntervalMs } from '../../worker-ttl.ts';
import { Wakeup } from '../../wakeup.ts';
import type { Log } from '../../log.ts';
import { RepeatedWarning } from '../../processes/repeated-warning.ts';
import type { Lease } from './lease.ts';

/** How soon a sign of life that failed is tried again, in milliseconds. */
const RETRY_MS = 500;

/** How often the clocks are compared, in milliseconds. */
const CLOCK_CHECK_MS = 1000;

/** By how much wall clock and monotonic clock may part between two looks, in milliseconds: more says that the host was suspended. */
const CLOCK_TOLERANCE_MS = 1000;

type Verdict = 'confirmed' | 'over' | 'held';

/** What a worker was told to do. */
export interface WorkerOrders {
  /** How many tasks to have in hand at most. */
  readonly concurrency: number;
  /** Why to finish what runs and end (empty: no reason was given); null: it is not to. */
  readonly draining: string | null;
}

type Answer = WorkerOrders & { readonly verdict: Verdict };

export interface HeartbeatSettings {
  readonly connection: SharedClient;
  readonly worker: string;
  readonly lease: Lease;
  readonly log: Log;
  /** How many tasks the worker has finished since the last call. */
  readonly takeFinished: () => number;
  /** The database has taken a sign of life of this incarnation. */
  readonly onConfirmed: (incarnation: string, orders: WorkerOrders) => void;
  /** This incarnation was declared missing, another one has come after it, or its lease ran out: it is revoked. */
  readonly onOver: (incarnation: string) => void;
}

/** The signs of life of a worker, which prolong its lease. */
export class Heartbeat implements AsyncDisposable {
  readonly #settings: HeartbeatSettings;
  readonly #wakeup = new Wakeup();
  readonly #failing: RepeatedWarning;
  #incarnation: string | undefined;
  #clockOffset = clockOffset();
  #dueAt = 0;
  #stopped = false;
  readonly #loop: Promise<void>;

  constructor(settings: HeartbeatSettings) {
    this.#settings = settings;
    this.#failing = new RepeatedWarning(settings.log);
    this.#loop = this.#run();
  }

  /** Gives signs of life for this incarnation from now on; undefined: for none. */
  beatFor(incarnation: string | undefined): void {
    this.#incarnation = incarnation;
    this.#wakeup.call();
  }

  /** Gives a sign of life at once: the worker was told to do something, which the answer says. */
  beat(): void {
    this.#wakeup.call();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#wakeup.call();
    await this.#loop;
  }

  /** Gives a sign of life at once, and asks with it whether the worker's resource manager leads: one commit for both. */
  async stand(client: Client, candidacy: Candidacy): Promise<Standing> {
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return standForElection(client, candidacy);
    const sentAt = process.hrtime.bigint();
    const { rows } = await client.query<Standing & Answer>({
      name: 'heartbeat and stand',
      text: `select h.verdict, h.concurrency, h.draining, s.elected, s.marks, s.untold, s.held_by
             from pulp.heartbeat(array[$1], array[$2::bigint], array[$3::integer]) h
             cross join lateral pulp.stand_for_election($1, $4, $5) s`,
      values: [
        ...[candidacy.worker, incarnation, this.#settings.takeFinished()],
        ...[candidacy.standIn, candidacy.silent],
      ],
    });
    const [standing] = rows;
    if (standing === undefined) throw new Error('the heartbeat gave no answer');
    await this.#hear(client, incarnation, sentAt, standing);
    return standing;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#wakeup.arm();
      const incarnation = this.#incarnation;
      if (incarnation !== undefined && (performance.now() >= this.#dueAt || this.#wasSuspended())) {
        await this.#beat(incarnation);
      }
      const ms = Math.min(CLOCK_CHECK_MS, Math.max(0, this.#dueAt - performance.now()));
      if (await this.#wakeup.sleep(ms)) this.#dueAt = 0;
    }
  }

  /** Time may have passed that the monotonic clock does not count: whether the lease still stands is to be asked at once. */
  #wasSuspended(): boolean {
    const before = this.#clockOffset;
    this.#clockOffset = clockOffset();
    return Math.abs(this.#clockOffset - before) > CLOCK_TOLERANCE_MS;
  }

  /** One sign of life. */
  async #beat(incarnation: string): Promise<void> {
    const { connection, worker, lease, takeFinished } = this.#settings;
    const sentAt = process.hrtime.bigint();
    let client: Client | undefined;
    try {
      client = await connection.get();
      const { rows } = await client.query<Answer>({
        name: 'heartbeat',
        text: 'select verdict, concurrency, draining from pulp.heartbeat(array[$1], array[$2::bigint], array[$3::integer])',
        values: [worker, incarnation, takeFinished()],
      });
      await this.#hear(client, incarnation, sentAt, rows[0]);
    } catch (error) {
      const isUsable = isRetryable(error) && !isConnectionFailure(error);
      const holder = client !== undefined && isUsable ? await holderOn(client) : undefined;
      if (incarnation === this.#incarnation) {
        this.#failing.tell(
          { err: error, lease_left_ms: Math.max(0, Math.round(lease.leftMs)) },
          ['a heartbeat did not get through', holder].filter((text) => text !== undefined).join(': '),
        );
      }
      if (client !== undefined && !isUsable) await connection.drop(client);
      this.#dueIn(RETRY_MS);
    }
  }

  /** Goes by what the database said of a sign of life, and sets when the next one is due. */
  async #hear(
    client: Client,
    incarnation: string,
    sentAt: bigint,
    answer: Answer | undefined,
  ): Promise<void> {
    if (incarnation !== this.#incarnation) return; // that one is over
    const { lease, onConfirmed } = this.#settings;
    this.#dueIn(heartbeatIntervalMs());
    const verdict = answer?.verdict;
    if (verdict === 'over' || (verdict === 'confirmed' && !lease.prolong(sentAt))) {
      this.#end(incarnation);
    } else if (answer?.verdict === 'confirmed') {
      const { concurrency, draining } = answer;
      this.#failing.over();
      onConfirmed(incarnation, { concurrency, draining });
    } else {
      this.#dueIn(RETRY_MS);
      const holder =
        (await holderOn(client)) ?? 'an open transaction has the row of this worker, perhaps to end it';
      this.#failing.tell({ lease_left_ms: Math.round(lease.leftMs) }, `a heartbeat was not taken: ${holder}`);
    }
  }

  #dueIn(ms: number): void {
    this.#dueAt = performance.now() + Math.min(ms, heartbeatIntervalMs());
  }

  #end(incarnation: string): void {
    this.#incarnation = undefined;
    this.#settings.lease.revoke();
    this.#settings.onOver(incarnation);
  }
}

/** Who keeps heartbeats out, in words, if that can be told. */
async function holderOn(client: Client): Promise<string | undefined> {
  try {
    const { rows } = await client.query<{ holder: string | null }>(
      'select pulp.heartbeat_holder() as holder',
    );
    return rows[0]?.holder ?? undefined;
  } catch {
    return undefined; // the next heartbeat meets the same
  }
}

function clockOffset(): number {
  return Date.now() - performance.now();
}
