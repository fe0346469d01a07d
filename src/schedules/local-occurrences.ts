import type { TimeZone } from './time-zone.ts';
import type { WallClockTimes } from './wall-clock-times.ts';

/**
 * The first moment after another at which local times happen: a pure function, whatever moment one asks from.
 *
 * Between two changes of the clock local time is UTC and a constant. So these spans are gone through one after the other, each asked for
 * its local times.
 */
export function nextLocal(times: WallClockTimes, zone: TimeZone, after: number): number | undefined {
  const { onClockChange } = times;
  let moment = after; // the span is that of the moment after this
  let offset = zone.offset(after);
  let local = after + offset;
  const before = zone.changeShortlyBefore(after);
  // What was repeated: local times up to the one that the change put back happened before it.
  if (before !== undefined && onClockChange === 'once')
    local = Math.max(local, before.at + before.before - 1);
  for (;;) {
    const next = times.next(local);
    if (next === undefined) return undefined;
    const change = zone.changeBetween(moment, next - offset);
    if (change === undefined) return next - offset;
    if (next < change.at + change.after && onClockChange !== 'elapsing') {
      if (next >= change.at + change.before) return change.at; // left out
    }
    moment = change.at;
    offset = change.after;
    local = change.at + (onClockChange === 'once' ? Math.max(change.before, offset) : offset) - 1;
  }
}
