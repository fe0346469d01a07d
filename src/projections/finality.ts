import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { CHANNELS, type TaskState } from '../constants.ts';
import { getDatabaseUrl } from '../postgres/database-url.ts';
import { Wakeup } from '../wakeup.ts';
import { readFinal } from './task.ts';

/** How long to wait for a notification before looking all the same. */
const POLL_MS = 1000;

/** How long to gather notifications before looking. */
const GATHER_MS = 5;

/** Who waits for which task in this process: all of them look by one query, and by one connection's notifications. */
const waiting = new Map<string, Set<PromiseWithResolvers<TaskState>>>();
let watching = false;
const wakeup = new Wakeup();

/** Waits until a task is final; gives its state. The task must exist. Gives up when the signal aborts, with its reason. */
export async function awaitFinal(id: string, signal?: AbortSignal): Promise<TaskState> {
  signal?.throwIfAborted();
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
  if (watching || waiting.size === 0) return;
  watching = true;
  void watch()
    .catch((error: unknown) => {
      for (const waiters of waiting.values()) for (const waiter of waiters) waiter.reject(error);
    })
    .finally(() => {
      watching = false;
      ensureWatching();
    });
}

async function watch(): Promise<void> {
  const listener = new Client({ connectionString: await getDatabaseUrl(), application_name: 'pulp wait' });
  listener.on('notification', () => {
    wakeup.call();
  });
  listener.on('error', () => undefined); // without notifications the poll goes on
  try {
    await listener
      .connect()
      .then(() => listener.query(`listen ${CHANNELS.finished}`))
      .catch(() => undefined);
    while (waiting.size > 0) {
      wakeup.arm();
      for (const [id, state] of await readFinal([...waiting.keys()])) {
        waiting.get(id)?.forEach((waiter) => {
          waiter.resolve(state);
        });
      }
      await wakeup.sleep(POLL_MS);
      await pause(GATHER_MS);
    }
  } finally {
    await listener.end().catch(() => undefined);
  }
}
