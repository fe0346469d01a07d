/**
 * The guardian of a worker's horses, see `Guardian`. Its orders come on stdin: first the mark of the horses, then `+PID
 * STARTTIME` and `-PID` as they come and go. When stdin ends, the worker is gone or through. Arguments: the worker's pid, and
 * for how many milliseconds it may be stopped.
 */
import { killAtOnce, killMarked } from './marked-processes.ts';
import { processStat } from '../../processes/process-stat.ts';

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => undefined); // meant for the worker; it ends, and then we do
}

/** How often the worker is looked at within the time that it may be stopped, and at least once in so many milliseconds. */
const LOOKS = 8;
const LOOK_MS = 250;

const [worker = 0, limitMs = Infinity] = process.argv.slice(2).map(Number);
let mark: string | undefined;
/** Leaders of process groups, and when each was started. */
const leaders = new Map<number, string>();
let begun = '';

process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => {
  const orders = (begun + text).split('\n');
  begun = orders.pop() ?? '';
  orders.forEach(obey);
});
process.stdin.on('error', onWorkerGone).once('close', onWorkerGone);

/** Since when the worker is stopped. */
let stoppedAt: number | undefined;
const watch = setInterval(
  () => {
    if (process.ppid !== worker) {
      onWorkerGone();
      return;
    }
    if (processStat(worker)?.isStopped !== true) {
      stoppedAt = undefined;
      return;
    }
    stoppedAt ??= performance.now();
    if (performance.now() - stoppedAt >= (limitMs * (LOOKS - 1)) / LOOKS) killAll();
  },
  Math.min(limitMs / LOOKS, LOOK_MS),
);

function onWorkerGone(): void {
  clearInterval(watch);
  process.stdin.destroy();
  killAll();
}

function killAll(): void {
  for (const [pid, startTime] of leaders) if (isStill(pid, startTime)) killAtOnce(-pid);
  if (mark !== undefined) void killMarked(mark);
}

function obey(order: string): void {
  if (mark === undefined) {
    mark = order;
    return;
  }
  const [pid = '', startTime = ''] = order.slice(1).split(' ');
  if (order.startsWith('+')) leaders.set(Number(pid), startTime);
  else leaders.delete(Number(pid));
}

/** Whether the group is the one meant. Its id is not used again while it has members, though its leader be gone. */
function isStill(pid: number, startTime: string): boolean {
  const leader = processStat(pid);
  return leader === undefined || leader.startTime === startTime;
}
