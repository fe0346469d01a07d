import type { FragmentSqlToken } from 'slonik';
import { z } from 'zod';
import { CATCH_UPS, OVERLAPS, RULE_KINDS, SCHEDULE_STATES } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import type { ScheduleRule } from '../schedules/rule.ts';

export const scheduleRow = z.object({
  name: z.string(),
  kind: z.enum(RULE_KINDS),
  rule: z.string(),
  time_zone: z.string(),
  starts_at: z.date(),
  until: z.date().nullable(),
  overlap: z.enum(OVERLAPS),
  catch_up: z.enum(CATCH_UPS),
  /** Null to whoever may not see it. */
  item: z.record(z.string(), z.unknown()).nullable(),
  owner: z.string().nullable(),
  state: z.enum(SCHEDULE_STATES),
  reason: z.string().nullable(),
  changed_at: z.date(),
  changed_by: z.string().nullable(),
  next_at: z.date().nullable(),
  last_at: z.date().nullable(),
  last_task: z.string().nullable(),
  enqueued: z.number(),
  skipped: z.number(),
  created_at: z.date(),
  version: z.number(),
});

/** A schedule as the table `pulp.schedule` shows it; the comments on its columns say what each means. */
export type Schedule = z.infer<typeof scheduleRow>;

export const scheduleEventRow = z.object({
  version: z.number(),
  type: z.string(),
  data: z.unknown(),
  actor: z.string().nullable(),
  recorded_at: z.date(),
});

/** What happened to a schedule. */
export type ScheduleEvent = z.infer<typeof scheduleEventRow>;

const columnsWith = (item: FragmentSqlToken) => sql.fragment`
  name, kind, rule, time_zone, starts_at, until, overlap, catch_up, ${item}, owner, state, reason, changed_at, changed_by, next_at,
  last_at, last_task, enqueued, skipped, created_at, version`;

/** Schedules by name. @param after those that come after this one */
export function listSchedules({
  limit,
  after = '',
}: {
  readonly limit: number;
  readonly after?: string | undefined;
}): Promise<readonly Schedule[]> {
  return read(sql.fragment`name > ${after} order by name limit ${limit}`);
}

/** One schedule. @throws PulpError MISSING_SCHEDULE */
export async function readSchedule(name: string): Promise<Schedule> {
  const [schedule] = await read(sql.fragment`name = ${name}`);
  if (schedule === undefined) throw missingSchedule(name);
  return schedule;
}

async function read(which: FragmentSqlToken): Promise<readonly Schedule[]> {
  const pool = await getConnection();
  const readWith = (item: FragmentSqlToken) =>
    retrying(() =>
      pool.any(sql.type(scheduleRow)`select ${columnsWith(item)} from pulp.schedule where ${which}`),
    );
  try {
    return await readWith(sql.fragment`item`);
  } catch (error) {
    if (!(error instanceof PulpError) || error.code !== 'NOT_ALLOWED') throw error;
    return readWith(sql.fragment`null::jsonb as item`);
  }
}

/**
 * What happened to a schedule, the latest first; to one that is deleted, too.
 *
 * @param before those that came before this version
 * @throws PulpError MISSING_SCHEDULE if there never was one
 */
export async function readScheduleHistory(
  name: string,
  { limit, before }: { readonly limit: number; readonly before?: number | undefined },
): Promise<readonly ScheduleEvent[]> {
  const pool = await getConnection();
  const events = await retrying(() =>
    pool.any(sql.type(scheduleEventRow)`
      select version, type, data, actor, recorded_at from pulp.schedule_history(${name}, ${limit}, ${before ?? null})`),
  );
  if (events.length === 0 && before === undefined) throw missingSchedule(name);
  return events;
}

/** The next occurrences of a schedule, as they will be enqueued if nothing changes. @throws PulpError MISSING_SCHEDULE */
export async function previewSchedule(name: string, count: number): Promise<readonly Date[]> {
  const schedule = await readSchedule(name);
  const { next_at } = schedule;
  if (next_at === null || count < 1) return [];
  const { occurrences } = await import('../schedules/rule.ts');
  return [next_at, ...occurrences(ruleOf(schedule), next_at, count - 1)];
}

/** When a schedule comes. */
export function ruleOf({ kind, rule, time_zone, starts_at, until }: Schedule): ScheduleRule {
  return { kind, rule, timeZone: time_zone, startsAt: starts_at, until };
}

function missingSchedule(name: string): PulpError {
  return new PulpError('MISSING_SCHEDULE', `there is no schedule ${JSON.stringify(name)}`, {
    remedy: '`pulp schedule list` shows those known.',
    exitCode: 3,
  });
}
