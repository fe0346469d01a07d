import { signal } from '@preact/signals';
import type { PageEvent } from './api/events.ts';
import { listen } from './api/events.ts';
import { ApiError, type Query } from './api/client.ts';
import { readTasks, type Task } from './api/tasks.ts';

/** How many tasks are read at once. */
const FIRST = 100;
const MORE = 1000;

/** How many tasks the list holds at most: beyond that, filters help more than scrolling. */
const MOST = 100_000;

/** How many tasks are read by their ids at once. */
const AT_ONCE = 60;

/** How long to wait after a look before the next one, in milliseconds; and how many times as long as it took, at least. */
const PAUSE_MS = 200;
const REST = 3;

/**
 * The tasks of a filter, the newest first: as many as were scrolled to. What happens is brought in at once for those that can be seen and
 * those that come; for others once they are seen.
 */
export class TaskList {
  readonly rows = signal<readonly Task[]>([]);
  readonly hasMore = signal(true);
  readonly error = signal<ApiError | undefined>(undefined);
  readonly #query: Query;
  readonly #gone = new AbortController();
  readonly #stale = new Set<string>();
  #seen: readonly Task[] = [];
  #cursor: string | undefined;
  #isReadingMore = false;
  #isHeadStale = true;
  /** Whether its rows are its own. */
  #isRead = false;
  #news = Promise.withResolvers<void>();

  /** @param before what is shown until the first look */
  constructor(query: Query, before: readonly Task[] = []) {
    this.#query = query;
    this.rows.value = before;
    const isPast = query['at'] !== undefined;
    const deaf = isPast
      ? () => undefined
      : listen(
          (event) => {
            this.#hear(event);
          },
          () => {
            this.#isHeadStale = true;
            for (const { id } of this.rows.peek()) this.#stale.add(id);
            this.#news.resolve();
          },
        );
    this.#gone.signal.addEventListener('abort', deaf);
    void this.#keepFresh();
  }

  /** Ends it. */
  close(): void {
    this.#gone.abort();
    this.#news.resolve();
  }

  /** Which of its tasks can be seen. */
  see(rows: readonly Task[]): void {
    this.#seen = rows;
    if (rows.some(({ id }) => this.#stale.has(id))) this.#news.resolve();
  }

  /** Reads those that come after the last one. */
  async more(): Promise<void> {
    if (this.#isReadingMore || this.#cursor === undefined || this.rows.peek().length >= MOST) return;
    this.#isReadingMore = true;
    try {
      const query = { ...this.#query, limit: MORE, cursor: this.#cursor };
      const { tasks, cursor } = await readTasks(query, this.#gone.signal);
      const known = new Set(this.rows.peek().map(({ id }) => id));
      this.rows.value = [...this.rows.peek(), ...tasks.filter(({ id }) => !known.has(id))];
      this.#cursor = cursor ?? undefined;
      this.hasMore.value = cursor !== null && this.rows.peek().length < MOST;
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isReadingMore = false;
    }
  }

  #hear({ type, stream_kind, stream_id }: PageEvent): void {
    if (stream_kind !== 'task') return;
    this.#stale.add(stream_id);
    // A state that is looked for may be one that a task of before has come to.
    if (type === 'TaskEnqueued' || this.#query['state'] !== undefined) this.#isHeadStale = true;
    if (this.#isHeadStale || this.#seen.some(({ id }) => id === stream_id)) this.#news.resolve();
  }

  async #keepFresh(): Promise<void> {
    while (!this.#gone.signal.aborted) {
      this.#news = Promise.withResolvers();
      const began = performance.now();
      try {
        if (this.#isHeadStale) await this.#readHead();
        await this.#readSeen();
        this.error.value = undefined;
      } catch (error) {
        this.#fail(error);
        if (this.#gone.signal.aborted) return;
      }
      const restMs = Math.max(PAUSE_MS, (performance.now() - began) * REST);
      await new Promise((resolve) => setTimeout(resolve, restMs));
      await this.#news.promise;
    }
  }

  /** Reads the newest: those that are new come before those that are there. */
  async #readHead(): Promise<void> {
    this.#isHeadStale = false;
    const { tasks, cursor } = await readTasks({ ...this.#query, limit: FIRST }, this.#gone.signal);
    const before = this.#isRead ? this.rows.peek() : [];
    this.#isRead = true;
    const fresh = new Set(tasks.map(({ id }) => id));
    for (const id of fresh) this.#stale.delete(id);
    const oldest = tasks.at(-1)?.enqueued_at ?? '';
    const rest =
      cursor === null ? [] : before.filter(({ id, enqueued_at }) => !fresh.has(id) && enqueued_at <= oldest);
    const joins = rest.length > 0 && before.some(({ id }) => fresh.has(id));
    this.rows.value = joins ? [...tasks, ...rest] : tasks;
    if (!joins) {
      this.#cursor = cursor ?? undefined;
      this.hasMore.value = cursor !== null;
    }
  }

  /** Reads those anew that can be seen and to which something happened; those that the filter does not find any more go. */
  async #readSeen(): Promise<void> {
    const ids = this.#seen.flatMap(({ id }) => (this.#stale.has(id) ? [id] : [])).slice(0, AT_ONCE);
    if (ids.length === 0) return;
    for (const id of ids) this.#stale.delete(id);
    const { tasks } = await readTasks({ ...this.#query, id: ids, limit: AT_ONCE }, this.#gone.signal);
    const found = new Map(tasks.map((task) => [task.id, task]));
    const asked = new Set(ids);
    this.rows.value = this.rows
      .peek()
      .flatMap((task) => (asked.has(task.id) ? (found.get(task.id) ?? []) : [task]));
  }

  #fail(error: unknown): void {
    if (this.#gone.signal.aborted) return;
    if (!(error instanceof ApiError)) throw error;
    this.error.value = error;
    if (error.status === 0 || error.status >= 500) {
      this.#isHeadStale = true;
      setTimeout(() => {
        this.#news.resolve();
      }, 2000);
    }
  }
}
