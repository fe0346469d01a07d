import { setTimeout as pause } from 'node:timers/promises';
import { CHANNELS, type TaskState } from '../constants.ts';
import { perDatabase } from '../postgres/current-database.ts';
import { Notifications } from '../postgres/notifications.ts';
import { Wakeup } from '../wakeup.ts';
import { Outage } from './outages.ts';
import { Waiters, type Answer } from './waiters.ts';
import { readFinal } from '../queries/task.ts';

/** How long to wait for a notification before looking all the same. */
const POLL_MS = 1000;

/** How long to gather notifications before looking. */
const GATHER_MS = 5;

/** Who waits for which task in this process: all of them look by one query, and by one connection's notifications. */
const state = perDatabase(() => ({
  waiters: new Waiters(),
  isWatching: false,
  wakeup: new Wakeup(),
}));

/**
 * Waits until a task is final; gives its state. The task must exist. Gives up when the signal aborts, with its reason, and
 * when the database is away for ten minutes; shorter outages are told by `outages`.
 */
export async function awaitFinal(id: string, signal?: AbortSignal): Promise<TaskState> {
  signal?.throwIfAborted();
  const { waiters, wakeup } = state();
  const answer: Answer = Promise.withResolvers();
  waiters.add(id, answer);
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
    waiters.remove(id, answer);
    wakeup.call();
  }
}

/** Keeps one watcher going while anybody waits: also for those who came while the last one was closing its connection. */
function ensureWatching(): void {
  const own = state();
  if (own.isWatching || own.waiters.size === 0) return;
  own.isWatching = true;
  void watch()
    .catch((error: unknown) => {
      own.waiters.reject(error);
    })
    .finally(() => {
      own.isWatching = false;
      ensureWatching();
    });
}

async function watch(): Promise<void> {
  const { waiters, wakeup } = state();
  await using news = new Notifications({
    applicationName: 'pulp wait',
    channels: [CHANNELS.finished],
    isOfConcern: (payload) => waiters.areConcernedBy(payload),
    onNotification: () => {
      wakeup.call();
    },
  });
  const outage = new Outage();
  while (waiters.size > 0) {
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
  const { waiters } = state();
  for (const [id, state] of await readFinal(waiters.ids)) waiters.resolve(id, state);
}
