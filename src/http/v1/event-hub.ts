import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../log.ts';
import { isAfter } from '../../events/cursor.ts';
import { followEvents } from '../../events/follow.ts';
import { currentCursor, readEvents, type EventFilter, type LogEvent } from '../../events/read.ts';
import { actingAs, type Identity } from '../../postgres/identity.ts';
import { LONGEST_TIMER_MS } from '../../timer.ts';
import { Wakeup } from '../../wakeup.ts';

/** How many events may wait for a listener; one that is farther behind goes on by reading the log. */
const MOST_WAITING = 1000;

/** How long to wait before following again, in milliseconds, once it has failed. */
const AGAIN_MS = 1000;

/**
 * By whose rights the log is followed for all; each listener reads by his own first, and so has shown that he may, and again when
 * what his role may has changed.
 */
const FOLLOWER: Identity = { role: 'pulp_operator', actor: 'server', readOnly: true };

/** The event after which a role may see more, or less, than before. */
const RIGHTS_CHANGED = 'PolicyChanged';

/** Where a listener begins, and what it wants to hear. */
export interface Listening extends Omit<EventFilter, 'since'> {
  /** The cursor of an event: what comes after it is heard. */
  readonly after: string;
  readonly signal: AbortSignal;
}

/**
 * Follows the log once for all who listen, however many they are: by one session of the database. Each hears every event that it
 * wants, exactly once and in the order of the log: what came before it began to listen, or while it was slow, it reads itself.
 */
export class EventHub {
  readonly #log: Log;
  readonly #listeners = new Set<Listener>();
  /** Ends the following of the log, which goes on as long as anybody listens. */
  #following: AbortController | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * The events that a listener wants, those that are there and each that comes, until it is aborted.
   *
   * @throws as `readEvents`
   */
  listen(listening: Listening): AsyncGenerator<LogEvent, void, undefined> {
    // A generator goes on in the context of who asks it for more: it is not to read by the rights of that one.
    return this.#listen(listening, AsyncLocalStorage.snapshot());
  }

  async *#listen(
    { after, signal, ...filter }: Listening,
    asListener: ReturnType<typeof AsyncLocalStorage.snapshot>,
  ): AsyncGenerator<LogEvent, void, undefined> {
    let cursor = after;
    const listener = new Listener();
    const wake = () => {
      listener.news.call();
    };
    signal.addEventListener('abort', wake);
    this.#listeners.add(listener);
    if (this.#following === undefined) {
      this.#following = new AbortController();
      void this.#follow(this.#following.signal);
    }
    try {
      while (!signal.aborted) {
        // Reads what is there; what is passed on meanwhile, and after it, waits.
        listener.begin();
        for (let caughtUp = false; !caughtUp && !signal.aborted;) {
          const page = await asListener(() => readEvents({ ...filter, after: cursor }));
          for (const event of page.events) yield event;
          cursor = page.cursor;
          caughtUp = page.caughtUp;
        }
        while (!signal.aborted && !listener.isBehind) {
          listener.news.arm();
          for (const event of listener.take()) {
            if (!isAfter(event.cursor, cursor)) continue;
            cursor = event.cursor;
            if (isWanted(event, filter)) yield event;
          }
          if (!signal.aborted && !listener.isBehind) await listener.news.sleep(LONGEST_TIMER_MS);
        }
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        this.#following.abort();
        this.#following = undefined;
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    await actingAs(FOLLOWER, async () => {
      while (!signal.aborted) {
        try {
          const after = await currentCursor();
          // What they have read may end before the place from which what comes is passed on: they read up to there.
          for (const listener of this.#listeners) listener.fallBehind();
          for await (const event of followEvents({ after, signal })) {
            for (const listener of this.#listeners) {
              if (event.type === RIGHTS_CHANGED) listener.fallBehind();
              else listener.put(event);
            }
          }
        } catch (error) {
          this.#log.warn({ err: error }, 'the log cannot be followed for now');
          await pause(AGAIN_MS, undefined, { signal }).catch(() => undefined); // nobody listens any more
        }
      }
    });
  }
}

/** What was passed on to one who listens, and not taken yet. */
class Listener {
  readonly news = new Wakeup();
  #waiting: LogEvent[] = [];
  #isBehind = false;

  /** Whether it has missed something, which it has to read itself. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  begin(): void {
    this.#waiting = [];
    this.#isBehind = false;
  }

  put(event: LogEvent): void {
    if (this.#isBehind) return;
    if (this.#waiting.length === MOST_WAITING) {
      this.fallBehind();
      return;
    }
    this.#waiting.push(event);
    this.news.call();
  }

  fallBehind(): void {
    this.#isBehind = true;
    this.#waiting = [];
    this.news.call();
  }

  take(): readonly LogEvent[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}

function isWanted(event: LogEvent, { kinds, types, stream }: EventFilter): boolean {
  return (
    (kinds?.includes(event.stream_kind) ?? true) &&
    (types?.includes(event.type) ?? true) &&
    (stream === undefined || event.stream_id === stream)
  );
}
