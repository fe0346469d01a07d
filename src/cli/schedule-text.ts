import type { Schedule } from '../queries/schedule.ts';
import { formatDuration } from '../duration.ts';
import { formatFacts, formatTable } from './table.ts';

/** Schedules, one a line. */
export function scheduleTable(schedules: readonly Schedule[]): string {
  return formatTable(
    ['NAME', 'STATE', 'WHEN', 'TASK', 'NEXT', 'ENQUEUED', 'SKIPPED'],
    schedules.map((schedule) => [
      schedule.name,
      schedule.state,
      whenText(schedule),
      taskName(schedule) ?? '',
      schedule.state === 'active' ? (schedule.next_at?.toISOString() ?? '') : '',
      String(schedule.enqueued),
      String(schedule.skipped),
    ]),
  );
}

/** All that is known of one schedule. */
export function scheduleText(schedule: Schedule): string {
  const { item, last_at, next_at, until } = schedule;
  return formatFacts({
    name: schedule.name,
    state: schedule.state,
    reason: schedule.reason,
    when: whenText(schedule),
    'starts at': schedule.starts_at.toISOString(),
    until: until?.toISOString(),
    overlap: schedule.overlap,
    'catch up': schedule.catch_up,
    task: item === null ? undefined : JSON.stringify(item),
    owner: schedule.owner,
    'next at': schedule.state === 'active' ? localTime(next_at, schedule.time_zone) : undefined,
    'last at': localTime(last_at, schedule.time_zone),
    'last task': schedule.last_task,
    enqueued: schedule.enqueued,
    skipped: schedule.skipped,
    'changed at': schedule.changed_at.toISOString(),
    'changed by': schedule.changed_by,
    'created at': schedule.created_at.toISOString(),
  });
}

/** A moment, and what the clock on the wall shows then. */
export function localTime(moment: Date | null, timeZone: string): string | undefined {
  if (moment === null) return undefined;
  if (timeZone === 'UTC') return moment.toISOString();
  const local = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return `${moment.toISOString()}  ${local.format(moment)} ${timeZone}`;
}

function whenText({ kind, rule, time_zone }: Schedule): string {
  return kind === 'every' ? `every ${formatDuration(Number(rule))}` : `${rule} (${time_zone})`;
}

function taskName({ item }: Schedule): string | undefined {
  const name = item?.['name'];
  return typeof name === 'string' ? name : undefined;
}
