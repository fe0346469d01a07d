/**
 * The guardian of a worker's horses, see `Guardian`. It learns of them on stdin: `+PID STARTTIME` and `-PID` as
 * they come and go; their mark it has from the start. When stdin ends, the worker is gone or through. Arguments: the worker's
 * pid, and for how many milliseconds it may be stopped.
 */
import { GUARDED_VARIABLE, killAtOnce, killMarked } from './marked-processes.ts';
import { processStat } from '../../processes/process-stat.ts';

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => undefined); // meant for the worker; it ends, and then we do
}

/** How often the worker is looked at within the time that it may be stopped. */
const LOOKS = 8;

const [worker = 0, limitMs = Infinity] = process.argv.slice(2).map(Number);
const mark = guardedMark();
/** Leaders of process groups, and when each was started. */
const leaders = new Map<number, string>();
let begun = '';

process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => {
  const orders = (begun + text).split('\n');
  begun = orders.pop() ?? '';
  orders.forEach(obey);
});
process.stdin.once('close', () => {
  clearInterval(watch);
  killAll();
});

/** Since when the worker is stopped. */
let stoppedAt: number | undefined;
const watch = setInterval(() => {
  if (processStat(worker)?.isStopped !== true) {
    stoppedAt = undefined;
    return;
  }
  stoppedAt ??= performance.now();
  if (performance.now() - stoppedAt >= (limitMs * (LOOKS - 1)) / LOOKS) killAll();
}, limitMs / LOOKS);

function guardedMark(): string {
  const given = process.env[GUARDED_VARIABLE] ?? '';
  if (given === '') throw new Error(`${GUARDED_VARIABLE} is not set`); // every mark begins with nothing
  return given;
}

function killAll(): void {
  for (const [pid, startTime] of leaders) if (isStill(pid, startTime)) killAtOnce(-pid);
  void killMarked(mark);
}

function obey(order: string): void {
  const [pid = '', startTime = ''] = order.slice(1).split(' ');
  if (order.startsWith('+')) leaders.set(Number(pid), startTime);
  else leaders.delete(Number(pid));
}

/** Whether the group is the one meant. Its id is not used again while it has members, though its leader be gone. */
function isStill(pid: number, startTime: string): boolean {
  const leader = processStat(pid);
  return leader === undefined || leader.startTime === startTime;
}
