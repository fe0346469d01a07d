import { setTimeout as pause } from 'node:timers/promises';
import { CHANNELS } from '../constants.ts';
import { Notifications } from '../postgres/notifications.ts';
import { isRetryable } from '../postgres/sql-error.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { Wakeup } from '../wakeup.ts';
import { readEvents, type EventFilter, type EventPage, type LogEvent, type ReadOptions } from './read.ts';
import { readHolder, type Holder } from './read-holder.ts';

/** How long to wait before looking again, in milliseconds: after news at least, and ever longer up to the most. */
const SHORTEST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 500;

/** How long to gather hints before looking, in milliseconds. */
const GATHER_MS = 5;

/** How long to wait while the database is away, in milliseconds. */
const OUTAGE_WAIT_MS = 1000;

/** After how long without progress to ask whether a transaction holds the log back, and how often, in milliseconds. */
const HELD_MS = 3000;

/** What a follower may want to tell while it waits. */
export type FollowNotice =
  /** The database is gone for now; what comes then begins where this ended. */
  | { readonly what: 'lost'; readonly error: Error }
  | { readonly what: 'back' }
  /** Events were committed, but cannot be shown before this transaction ends. */
  | { readonly what: 'held'; readonly holder: Holder }
  | { readonly what: 'released' };

/** What to follow, and from where. */
export interface FollowOptions extends EventFilter {
  /** The cursor of an event: what comes after it is given. Default: from the beginning. See `currentCursor`. */
  readonly after?: string | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
  /** Told what keeps it waiting. */
  readonly onNotice?: ((notice: FollowNotice) => void) | undefined;
}

/**
 * Gives the events of the log, those that are there and then each that comes, without end:
 *
 *     for await (const event of followEvents({ after: cursor, types: ['TaskFailed'], signal })) { … }
 *
 * It gives each event exactly once, never one that was rolled back, and those of a stream in the order of their versions. To go
 * on after a crash, begin after the `cursor` of the event that was dealt with last. An event comes some milliseconds after
 * its commit as long as there is something going on, within half a second otherwise. A transaction that stays open holds
 * back what others wrote after it began. When the database goes away it waits until it is back, and goes on.
 *
 * @throws LogRewoundError if it has given events that this log has lost, see `readEvents`
 * @throws PulpError if the first look at the log fails, or one that waiting does not help
 */
export async function* followEvents({
  after,
  signal,
  onNotice,
  ...filter
}: FollowOptions = {}): AsyncGenerator<LogEvent, void, undefined> {
  const wakeup = new Wakeup();
  const wake = () => {
    wakeup.call();
  };
  signal?.addEventListener('abort', wake);
  try {
    await using hints = new Notifications({
      applicationName: 'pulp events',
      channels: Object.values(CHANNELS),
      onNotification: wake,
    });
    const lookout = new Lookout(onNotice);
    let cursor = after;
    let waitMs = SHORTEST_WAIT_MS;
    while (!isAborted(signal)) {
      wakeup.arm();
      const page = await unlessAborted(lookout.look({ ...filter, after: cursor }), signal);
      if (page === undefined) {
        if (!isAborted(signal)) await wakeup.sleep(OUTAGE_WAIT_MS);
        continue;
      }
      for (const event of page.events) {
        yield event;
        if (isAborted(signal)) return;
      }
      cursor = page.cursor;
      if (!page.caughtUp) continue;
      await unlessAborted(hints.listen(), signal);
      waitMs = page.events.length > 0 ? SHORTEST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS);
      if (!isAborted(signal) && (await wakeup.sleep(waitMs))) {
        waitMs = SHORTEST_WAIT_MS;
        await pause(GATHER_MS);
      }
    }
  } finally {
    signal?.removeEventListener('abort', wake);
  }
}

/** Looks at the log, again and again, and tells what keeps it from seeing more. */
class Lookout {
  readonly #onNotice: FollowOptions['onNotice'];
  #cursor: string | undefined;
  #askAt = Infinity;
  #isLost = false;
  #isHeld = false;

  constructor(onNotice: FollowOptions['onNotice']) {
    this.#onNotice = onNotice;
  }

  /** The next page; undefined if the database is away. */
  async look(options: ReadOptions): Promise<EventPage | undefined> {
    try {
      const page = await readEvents(options);
      if (this.#isLost) this.#onNotice?.({ what: 'back' });
      this.#isLost = false;
      if (page.cursor !== this.#cursor) this.#advance(page.cursor);
      else if (performance.now() >= this.#askAt) await this.#askWhy();
      return page;
    } catch (error) {
      const passes = isRetryable(error);
      if (this.#cursor === undefined || !passes) throw error;
      if (!this.#isLost) this.#onNotice?.({ what: 'lost', error: error as Error });
      this.#isLost = true;
      return undefined;
    }
  }

  #advance(cursor: string): void {
    this.#cursor = cursor;
    this.#askAt = performance.now() + HELD_MS;
    if (this.#isHeld) this.#onNotice?.({ what: 'released' });
    this.#isHeld = false;
  }

  /** Nothing was decided for a while: perhaps nothing happens, perhaps it must not be seen yet. */
  async #askWhy(): Promise<void> {
    this.#askAt = performance.now() + HELD_MS;
    if (this.#isHeld) return;
    const holder = await readHolder();
    if (holder === undefined) return;
    this.#isHeld = true;
    this.#onNotice?.({ what: 'held', holder });
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
