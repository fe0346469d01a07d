import { setTimeout as pause } from 'node:timers/promises';
import { CHANNELS, type TaskState } from '../constants.ts';
import { perDatabase } from '../postgres/current-database.ts';
import { Notifications } from '../postgres/notifications.ts';
import { Wakeup } from '../wakeup.ts';
import { Outage } from './outages.ts';
import { readFinal } from '../queries/task.ts';

/** How long to wait for a notification before looking all the same. */
const POLL_MS = 1000;

/** How long to gather notifications before looking. */
const GATHER_MS = 5;

/** Who waits for which task in this process: all of them look by one query, and by one connection's notifications. */
const state = perDatabase(() => ({
  waiting: new Map<string, Set<PromiseWithResolvers<TaskState>>>(),
  isWatching: false,
  wakeup: new Wakeup(),
}));

/**
 * Waits until a task is final; gives its state. The task must exist. Gives up when the signal aborts, with its reason, and
 * when the database is away for ten minutes; shorter outages are told by `outages`.
 */
export async function awaitFinal(id: string, signal?: AbortSignal): Promise<TaskState> {
  signal?.throwIfAborted();
  const { waiting, wakeup } = state();
  const answer = Promise.withResolvers<TaskState>();
  const waiters = waiting.get(id) ?? new Set();
  waiting.set(id, waiters.add(answer));
  const abort = () => {
    answer.reject(signal?.reason as Error);
  };
  signal?.addEventListener('abort', abort, { once: true });
  wakeup.call();
  ensureWatching();
  try {
    return await answer.promise;
  } finally {
    signal?.removeEventListener('abort', abort);
    waiters.delete(answer);
    if (waiters.size === 0 && waiting.get(id) === waiters) waiting.delete(id);
    wakeup.call();
  }
}

/** Keeps one watcher going while anybody waits: also for those who came while the last one was closing its connection. */
function ensureWatching(): void {
  const own = state();
  if (own.isWatching || own.waiting.size === 0) return;
  own.isWatching = true;
  void watch()
    .catch((error: unknown) => {
      for (const waiters of own.waiting.values()) for (const waiter of waiters) waiter.reject(error);
    })
    .finally(() => {
      own.isWatching = false;
      ensureWatching();
    });
}

async function watch(): Promise<void> {
  const { waiting, wakeup } = state();
  await using news = new Notifications({
    applicationName: 'pulp wait',
    channels: [CHANNELS.finished],
    onNotification: () => {
      wakeup.call();
    },
  });
  const outage = new Outage();
  while (waiting.size > 0) {
    wakeup.arm();
    try {
      await news.listen();
      await look();
      outage.over();
    } catch (error) {
      outage.lasts(error);
    }
    await wakeup.sleep(POLL_MS);
    await pause(GATHER_MS);
  }
}

async function look(): Promise<void> {
  const { waiting } = state();
  for (const [id, state] of await readFinal([...waiting.keys()])) {
    waiting.get(id)?.forEach((waiter) => {
      waiter.resolve(state);
    });
  }
}
