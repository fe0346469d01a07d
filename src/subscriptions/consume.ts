import type { Client } from 'pg';
import { z } from 'zod';
import { CHANNELS } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { eventRow, type LogEvent } from '../events/read.ts';
import { getDatabaseUrl } from '../postgres/database-url.ts';
import { connectDedicated } from '../postgres/dedicated-client.ts';
import { Notifications } from '../postgres/notifications.ts';
import { mayPass, toPulpError } from '../postgres/sql-error.ts';
import type { QueryClient } from '../tasks/enqueue-with.ts';
import { Wakeup } from '../wakeup.ts';

/** How many events are given at once where nothing else is asked for. */
const AT_MOST = 100;

/** How long to wait for more, if nobody tells that there is some, in milliseconds. */
const WAIT_MS = 500;

/** How long to wait before the database is tried again, in milliseconds. */
const OUTAGE_WAIT_MS = 1000;

/** How long whoever reads the same subscription is waited for, in milliseconds; then it is tried again. */
const TURN_MS = 30_000;

/** How a subscription is consumed. */
export interface ConsumeOptions {
  /** How many events are given at once, up to 10,000. Default 100. */
  readonly atMost?: number | undefined;
  /** Whether to wait for more, until `signal` aborts. Default: it ends when there are none for now. */
  readonly follow?: boolean | undefined;
  /** Ends it: what is being handled is finished, and nothing is begun any more. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gives a subscription's events to a handler, some at a time, in a transaction that also moves the subscription's place on:
 *
 *     await consume('billing', async (events, client) => {
 *       for (const event of events) await client.query('insert into invoice …', [event.stream_id]);
 *     });
 *
 * What the handler writes by that client counts if, and only if, these events are never given again: each event has its effect in
 * this database exactly once. If it throws, all of that is taken back, and the events stay. Those who consume the same subscription take turns.
 *
 * @returns how many events were handled
 * @throws what the handler throws; PulpError NOT_COMMITTED if it hid that one of its statements failed
 * @throws PulpError MISSING_SUBSCRIPTION; SUBSCRIPTION_STATE if it is sent to a URL; LOG_ARCHIVED; and LogRewoundError as `readEvents`
 */
export async function consume(
  subscription: string,
  handle: (events: readonly LogEvent[], client: Client) => void | Promise<void>,
  { atMost = AT_MOST, follow = false, signal }: ConsumeOptions = {},
): Promise<number> {
  const wakeup = new Wakeup();
  const wake = () => {
    wakeup.call();
  };
  signal?.addEventListener('abort', wake);
  await using hints = new Notifications({
    applicationName: 'pulp consume',
    channels: Object.values(CHANNELS),
    onNotification: wake,
  });
  await using reader = new Reader(subscription, atMost);
  let handled = 0;
  try {
    while (signal?.aborted !== true) {
      wakeup.arm();
      const page = await reader.next(handle, follow, signal);
      handled += page?.given ?? 0;
      if (page?.caughtUp === false) continue;
      if (!follow) break;
      await hints.listen();
      if (!isAborted(signal)) await wakeup.sleep(page === undefined ? OUTAGE_WAIT_MS : WAIT_MS);
    }
    return handled;
  } finally {
    signal?.removeEventListener('abort', wake);
  }
}

/**
 * The next events of a subscription, in the transaction that the client is in: if it commits, they are never given again; if
 * it is rolled back, they are. None: there are none for now.
 *
 * @throws PulpError as `consume`
 */
export async function consumeWith(
  client: QueryClient,
  subscription: string,
  atMost = AT_MOST,
): Promise<readonly LogEvent[]> {
  return (await take(client, subscription, atMost)).events;
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

const takenRow = z.union([
  eventRow.extend({ caught_up: z.boolean() }),
  z.object({ cursor: z.null(), caught_up: z.boolean() }),
]);

async function take(
  client: QueryClient,
  subscription: string,
  atMost: number,
): Promise<{ readonly events: readonly LogEvent[]; readonly caughtUp: boolean }> {
  try {
    const { rows } = await client.query(
      `select t.caught_up, pulp.event_cursor(e.tx, e.position) as cursor, e.position::double precision as position, e.stream_kind, e.stream_id,
         e.version, e.type, e.schema_version, e.data, e.correlation_id, e.causation_id, e.actor, e.recorded_at, e."session_user"
       from pulp.take_events($1, $2) t left join lateral unnest(t.events) e on true`,
      [subscription, atMost],
    );
    const taken = z.array(takenRow).parse(rows);
    return {
      events: taken.flatMap((row) => {
        if (row.cursor === null) return [];
        const { caught_up: _, ...event } = row;
        return [event];
      }),
      caughtUp: taken[0]?.caught_up ?? true,
    };
  } catch (error) {
    throw toPulpError(error);
  }
}

/** Reads a subscription on a connection of its own, a transaction at a time. */
class Reader implements AsyncDisposable {
  readonly #subscription: string;
  readonly #atMost: number;
  #client: Client | undefined;

  constructor(subscription: string, atMost: number) {
    this.#subscription = subscription;
    this.#atMost = atMost;
  }

  /**
   * Has the next events handled.
   *
   * @param patient gives undefined where waiting may help, in place of throwing
   * @param signal has what comes after it given again another time
   */
  async next(
    handle: (events: readonly LogEvent[], client: Client) => void | Promise<void>,
    patient: boolean,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly given: number; readonly caughtUp: boolean } | undefined> {
    let handling = false;
    try {
      const client = (this.#client ??= await connectDedicated(await getDatabaseUrl(), 'pulp consume', {
        lockTimeoutMs: TURN_MS,
      }));
      await client.query('begin');
      const { events, caughtUp } = await take(client, this.#subscription, this.#atMost);
      if (isAborted(signal)) {
        await this.#forget();
        return { given: 0, caughtUp: true };
      }
      handling = true;
      if (events.length > 0) await handle(events, client);
      const { command } = await client.query('commit');
      if (command === 'ROLLBACK') {
        throw new PulpError(
          'NOT_COMMITTED',
          'a statement of the handler failed, and all that it did was taken back',
          {
            remedy: 'Let the handler throw what its statements throw; the events are given again.',
          },
        );
      }
      handling = false;
      return { given: events.length, caughtUp };
    } catch (error) {
      await this.#forget();
      if (patient && !handling && mayPass(error)) return undefined;
      throw handling ? error : toPulpError(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#forget();
  }

  /** Whatever the transaction did is taken back with its connection. */
  async #forget(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}
