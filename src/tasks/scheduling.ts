import { z } from 'zod';
import type { CatchUp, Overlap, RuleKind } from '../constants.ts';
import { parseDuration } from '../duration.ts';
import { PulpError } from '../errors.ts';
import { askingOnce } from '../postgres/asking-once.ts';
import { sql } from '../postgres/sql.ts';
import type { ScheduleRule } from '../schedules/rule.ts';
import type { SingleName } from './enqueue-options.ts';
import { requestItem, type EnqueueRequest } from './enqueue.ts';
import { checkMembersApart, writePayload } from './payload.ts';
import { publishedSecretPlaces } from './published-secrets.ts';
import type { TaskTypeCheck } from './task-type-check.ts';

/** When a schedule comes: by one of `cron`, `rrule` and `every`. */
export interface ScheduleTimes {
  /** A line of cron, of five fields. */
  readonly cron?: string | undefined;
  /** A recurrence rule of RFC 5545. */
  readonly rrule?: string | undefined;
  /** The time between: seconds, or a text such as `10m`. At least a second. */
  readonly every?: number | string | undefined;
  /** In whose local time cron and rrule are meant: a name of the IANA database. Default `UTC`. */
  readonly timeZone?: string | undefined;
  /** Nothing comes before it; what a recurrence rule does not say is taken from it, and `every` is counted from it. Default: now. */
  readonly startsAt?: Date | undefined;
  /** Nothing comes after it. Default: there is no end. */
  readonly until?: Date | undefined;
}

/** How a schedule goes about what does not go as planned. */
export interface ScheduleOptions {
  /** What becomes of an occurrence while the task of the one before is not over. Default `skip`. */
  readonly overlap?: Overlap | undefined;
  /** What is made up for of what came while nobody led. Default `one`: the latest. */
  readonly catchUp?: CatchUp | undefined;
}

/**
 * Has a task enqueued again and again. What would be refused when it is enqueued is refused now.
 *
 * @throws PulpError BAD_SCHEDULE, SCHEDULE_EXISTS, and those of `enqueueWithReservation`; nothing is written then
 */
export async function createSchedule(
  name: string,
  times: ScheduleTimes,
  request: Omit<EnqueueRequest, SingleName>,
  options: ScheduleOptions = {},
): Promise<void> {
  await create(name, times, requestItem(request), options);
}

/**
 * The same of a task that is given as JSON with the keys of `pulp.enqueue_batch`.
 *
 * @param types what its type and arguments are checked by; undefined: they are not
 */
export async function createScheduleOfItem(
  name: string,
  times: ScheduleTimes,
  item: Readonly<Record<string, unknown>>,
  types: TaskTypeCheck | undefined,
  options: ScheduleOptions = {},
): Promise<void> {
  const { name: type, args = [], kwargs = {} } = item;
  if (typeof type === 'string') {
    const secrets = await (types?.secretPlaces(type) ?? publishedSecretPlaces(type));
    if (secrets.length > 0) throw secretsRefused(type);
    await types?.check(type, args, kwargs);
  }
  await create(name, times, { ...item, unchecked: true }, options);
}

async function create(
  name: string,
  times: ScheduleTimes,
  item: Readonly<Record<string, unknown>>,
  { overlap = 'skip', catchUp = 'one' }: ScheduleOptions,
): Promise<void> {
  checkMembersApart({ name });
  const now = await databaseNow();
  const rule = ruleOf(times, now);
  const { nextOccurrence } = await import('../schedules/rule.ts'); // its parsers are loaded at their first use
  const next = nextOccurrence(rule, now);
  if (times.until !== undefined && times.until <= now) {
    throw new PulpError('BAD_SCHEDULE', 'until: is not in the future', {
      remedy: 'Give a later time, or none; nothing was written.',
      exitCode: 2,
    });
  }
  if (next === undefined) {
    throw new PulpError('BAD_SCHEDULE', 'it never comes: the rule and its end leave no occurrence', {
      remedy: '`pulp schedule preview` shows when a rule comes; nothing was written.',
      exitCode: 2,
    });
  }
  const definition = writePayload(
    {
      name,
      kind: rule.kind,
      rule: rule.rule,
      time_zone: rule.timeZone,
      starts_at: rule.startsAt.toISOString(),
      until: rule.until?.toISOString() ?? null,
      overlap,
      catch_up: catchUp,
      item: Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined)),
    },
    'schedule',
  );
  await askingOnce((pool) =>
    pool.query(
      sql.unsafe`select pulp.create_schedule(${definition}::jsonb, ${next.toISOString()}::timestamptz)`,
    ),
  );
}

/** When a rule comes, by the database's clock, without a schedule. @throws PulpError BAD_SCHEDULE */
export async function previewTimes(times: ScheduleTimes, count: number): Promise<readonly Date[]> {
  const { occurrences } = await import('../schedules/rule.ts');
  const now = await databaseNow();
  return occurrences(ruleOf(times, now), now, count);
}

/** Keeps a schedule from enqueueing until it is resumed. @throws PulpError MISSING_SCHEDULE or SCHEDULE_STATE */
export async function pauseSchedule(name: string, reason?: string): Promise<void> {
  await act(sql.fragment`pulp.pause_schedule`, name, reason);
}

/** Lets a schedule go on; what came meanwhile is skipped. @throws PulpError MISSING_SCHEDULE or SCHEDULE_STATE */
export async function resumeSchedule(name: string, reason?: string): Promise<void> {
  await act(sql.fragment`pulp.resume_schedule`, name, reason);
}

/** Deletes a schedule; its history and its tasks stay. @throws PulpError MISSING_SCHEDULE */
export async function deleteSchedule(name: string, reason?: string): Promise<void> {
  await act(sql.fragment`pulp.delete_schedule`, name, reason);
}

/** Enqueues the task of a schedule now, beside its occurrences; gives the task's id. @throws PulpError MISSING_SCHEDULE */
export async function runSchedule(name: string): Promise<string> {
  checkMembersApart({ name });
  return askingOnce((pool) =>
    pool.oneFirst(sql.type(z.object({ id: z.string() }))`select pulp.run_schedule(${name}) as id`),
  );
}

async function act(
  act: ReturnType<typeof sql.fragment>,
  name: string,
  reason: string | undefined,
): Promise<void> {
  checkMembersApart({ name, reason });
  await askingOnce((pool) => pool.query(sql.unsafe`select ${act}(${name}, ${reason ?? null})`));
}

async function databaseNow(): Promise<Date> {
  return askingOnce((pool) =>
    pool.oneFirst(sql.type(z.object({ now: z.date() }))`select clock_timestamp() as now`),
  );
}

function ruleOf(times: ScheduleTimes, now: Date): ScheduleRule {
  const { cron, rrule, every, timeZone = 'UTC', startsAt = now, until = null } = times;
  const given: readonly (readonly [RuleKind, string | undefined])[] = [
    ['cron', cron],
    ['rrule', rrule],
    ['every', every === undefined ? undefined : String(parseDuration(String(every), 'every'))],
  ];
  const said = given.flatMap(([kind, rule]) => (rule === undefined ? [] : [{ kind, rule }]));
  const [only] = said;
  if (only === undefined || said.length > 1) {
    throw new PulpError('BAD_SCHEDULE', 'when it comes must be said by one of cron, rrule and every', {
      remedy: 'Give exactly one of them.',
      exitCode: 2,
    });
  }
  return { ...only, timeZone, startsAt, until };
}

function secretsRefused(type: string): PulpError {
  return new PulpError('BAD_SCHEDULE', `${type} has arguments that are secret, and cannot be scheduled`, {
    remedy: 'They are encrypted for one task alone: have the task read them where it runs.',
    exitCode: 2,
  });
}
