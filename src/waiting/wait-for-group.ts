import { setTimeout as pause } from 'node:timers/promises';
import { CHANNELS } from '../constants.ts';
import { Notifications } from '../postgres/notifications.ts';
import { Wakeup } from '../wakeup.ts';
import { Outage } from './outages.ts';
import { readGroup, type TaskGroup } from '../queries/task-group.ts';

/** How long to wait for a notification before looking all the same, in milliseconds. */
const POLL_MS = 1000;

/** How long to gather notifications before looking, in milliseconds. */
const GATHER_MS = 20;

/**
 * Waits until all tasks of a group are over; gives the group. Gives up when the signal aborts, with its reason, and when the database is
 * away for ten minutes; shorter outages are told by `outages`.
 *
 * @throws PulpError MISSING_GROUP
 */
export async function awaitGroupEnd(id: string, signal: AbortSignal): Promise<TaskGroup> {
  const wakeup = new Wakeup();
  const call = () => {
    wakeup.call();
  };
  await using news = new Notifications({
    applicationName: 'pulp wait',
    channels: [CHANNELS.finished],
    onNotification: call,
  });
  const outage = new Outage();
  signal.addEventListener('abort', call);
  try {
    for (;;) {
      signal.throwIfAborted();
      wakeup.arm();
      try {
        await news.listen();
        const group = await readGroup(id);
        if (group.waiting + group.running + group.canceling === 0) return group;
        outage.over();
      } catch (error) {
        outage.lasts(error);
      }
      await wakeup.sleep(POLL_MS);
      await pause(GATHER_MS);
    }
  } finally {
    signal.removeEventListener('abort', call);
  }
}
