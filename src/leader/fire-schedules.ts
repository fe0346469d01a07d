import type { Client } from 'pg';
import type { CatchUp, RuleKind } from '../constants.ts';
import { isContention, sqlFailure } from '../postgres/sql-error.ts';
import type { ScheduleRule } from '../schedules/rule.ts';

/** How many schedules are looked at in a pass. */
const BATCH = 1000;

/** How many occurrences of one schedule are looked at in a pass. */
const MOST_OCCURRENCES = 1000;

/** For how long rules are worked out before what was found is recorded, in milliseconds: the process has other things to do, too. */
const BUDGET_MS = 200;

/** How soon to look again where nothing that is due could be recorded, because others have it locked, in seconds. */
export const LOCKED_SECONDS = 0.25;

/** How late an occurrence may come, in milliseconds, that counts as missed where nothing is made up for. */
const GRACE_MS = 60_000;

/** Refusals that are not because of what a schedule enqueues: this session does not lead; the log cannot be read. */
const NOT_OF_TASKS: ReadonlySet<string> = new Set(['PU008', 'PU021']);

/** A schedule that is due, as `pulp.due_schedules` gives it. */
interface DueSchedule {
  readonly name: string;
  readonly version: number;
  readonly kind: RuleKind;
  readonly rule: string;
  readonly time_zone: string;
  readonly starts_at: string;
  readonly until: string | null;
  readonly catch_up: CatchUp;
  /** When it was paused the last time; null: it never was. */
  readonly paused_at: string | null;
  /** When that was over, if there was such a time. */
  readonly resumed_at: string;
  readonly next_at: string;
}

/** What becomes of occurrences of a schedule that follow each other, as `pulp.fire_schedules` takes it. */
interface Firing {
  readonly name: string;
  readonly version: number;
  readonly first_at: Date;
  readonly last_at: Date;
  readonly count: number;
  readonly next_at: Date | null;
  /** They are skipped because of that; left out: there is one, and it is enqueued. */
  readonly why?: 'missed' | 'paused' | 'refused';
  readonly detail?: string;
}

/** What became of firings, and what some of them were left for: others have locked what they need. */
interface Fired {
  readonly enqueued: number;
  readonly skipped: number;
  readonly contention?: Error | undefined;
}

/** What a pass over the schedules that are due did. */
export interface FiringPass {
  readonly enqueued: number;
  readonly skipped: number;
  /** In how many seconds the next one is due, 0: there are more; null: none is. */
  readonly nextDueSeconds: number | null;
}

/**
 * Records what becomes of the occurrences that are due by the database's clock, and enqueues those that are not skipped.
 *
 * @throws where nothing could be recorded for what others have locked, or for what is no fault of a schedule
 */
export async function fireSchedules(client: Client): Promise<FiringPass> {
  const { rows } = await client.query<{
    now: Date;
    next_due_seconds: number | null;
    schedules: readonly DueSchedule[] | null;
  }>({
    name: 'due schedules',
    text: 'select now, next_due_seconds, schedules from pulp.due_schedules($1)',
    values: [BATCH],
  });
  const [due] = rows;
  if (due?.schedules == null) {
    return { enqueued: 0, skipped: 0, nextDueSeconds: due?.next_due_seconds ?? null };
  }
  const { nextOccurrence } = await import('../schedules/rule.ts'); // its parsers are loaded when something is due
  const { now, schedules } = due;
  const deadline = performance.now() + BUDGET_MS;
  const firings: Firing[] = [];
  for (const schedule of schedules) {
    if (firings.length > 0 && performance.now() > deadline) break;
    firings.push(firingOf(schedule, now, { nextOccurrence, isOver: () => performance.now() > deadline }));
  }
  const { enqueued, skipped, contention } = await fire(client, firings);
  const isStuck = enqueued + skipped === 0;
  if (isStuck && contention !== undefined) throw contention;
  return { enqueued, skipped, nextDueSeconds: isStuck ? LOCKED_SECONDS : 0 };
}

/** How occurrences are worked out, and whether it has taken long enough. */
interface Follow {
  readonly nextOccurrence: (rule: ScheduleRule, after: Date) => Date | undefined;
  readonly isOver: () => boolean;
}

/** What is to become of the next occurrences of a schedule that is due. */
function firingOf(schedule: DueSchedule, now: Date, follow: Follow): Firing {
  const { name, version } = schedule;
  const nextAt = new Date(schedule.next_at);
  try {
    return { name, version, ...decide(schedule, nextAt, now, follow) };
  } catch (error) {
    const detail = `what follows cannot be worked out: ${error instanceof Error ? error.message : String(error)}`;
    return { name, version, ...span([nextAt]), next_at: null, why: 'refused', detail };
  }
}

function decide(
  schedule: DueSchedule,
  nextAt: Date,
  now: Date,
  { nextOccurrence, isOver }: Follow,
): Omit<Firing, 'name' | 'version'> {
  const rule = ruleOf(schedule);
  const paused = pauseOf(schedule);
  const isPaused = paused !== undefined && nextAt > paused.since && nextAt <= paused.until; // it came while the schedule was paused
  const isBefore = paused !== undefined && nextAt <= paused.since;
  const times = [nextAt];
  const until = isPaused ? paused.until : isBefore ? paused.since : now;
  let following = nextOccurrence(rule, nextAt);
  if (isPaused || schedule.catch_up !== 'all') {
    while (following !== undefined && following <= until && times.length < MOST_OCCURRENCES && !isOver()) {
      times.push(following);
      following = nextOccurrence(rule, following);
    }
  }
  if (isPaused) return { ...span(times), next_at: following ?? null, why: 'paused' };
  const later = isBefore ? nextOccurrence(rule, paused.until) : following;
  if (schedule.catch_up !== 'all' && !isDue(following, until) && !isDue(later, now)) {
    const latest = times.pop() ?? nextAt;
    const isLate = schedule.catch_up === 'none' && now.getTime() - latest.getTime() > GRACE_MS;
    if (times.length === 0 && !isLate) return { ...span([latest]), next_at: following ?? null };
    if (times.length > 0 && !isLate) return { ...span(times), next_at: latest, why: 'missed' };
    return { ...span([...times, latest]), next_at: following ?? null, why: 'missed' };
  }
  if (schedule.catch_up === 'all') return { ...span(times), next_at: following ?? null };
  return { ...span(times), next_at: following ?? null, why: 'missed' };
}

function isDue(occurrence: Date | undefined, at: Date): boolean {
  return occurrence !== undefined && occurrence <= at;
}

/** When a schedule was paused the last time. */
function pauseOf({ paused_at, resumed_at }: DueSchedule): { since: Date; until: Date } | undefined {
  return paused_at === null ? undefined : { since: new Date(paused_at), until: new Date(resumed_at) };
}

function ruleOf({ kind, rule, time_zone, starts_at, until }: DueSchedule): ScheduleRule {
  return {
    kind,
    rule,
    timeZone: time_zone,
    startsAt: new Date(starts_at),
    until: until === null ? null : new Date(until),
  };
}

function span(times: readonly Date[]): Pick<Firing, 'first_at' | 'last_at' | 'count'> {
  const [first = new Date(NaN)] = times;
  return { first_at: first, last_at: times.at(-1) ?? first, count: times.length };
}

/**
 * Of those that are refused together, each is found, and skipped; one that somebody has locked is left for the next pass. So none holds up
 * another.
 */
async function fire(client: Client, firings: readonly Firing[]): Promise<Fired> {
  try {
    const { rows } = await client.query<Fired>({
      name: 'fire schedules',
      text: 'select enqueued, skipped from pulp.fire_schedules($1)',
      values: [JSON.stringify(firings)],
    });
    return rows[0] ?? { enqueued: 0, skipped: 0 };
  } catch (error) {
    const [firing] = firings;
    const refusal = sqlFailure(error);
    const isRefused = refusal?.code.startsWith('PU') === true && !NOT_OF_TASKS.has(refusal.code);
    if (firing === undefined || (!isRefused && !isContention(error))) throw error;
    if (firings.length === 1) {
      if (!isRefused) return { enqueued: 0, skipped: 0, contention: error as Error };
      if (firing.why !== undefined) throw error;
      return fire(client, [{ ...firing, why: 'refused', detail: refusal.message }]);
    }
    const middle = Math.ceil(firings.length / 2);
    const first = await fire(client, firings.slice(0, middle));
    const second = await fire(client, firings.slice(middle));
    return {
      enqueued: first.enqueued + second.enqueued,
      skipped: first.skipped + second.skipped,
      contention: first.contention ?? second.contention,
    };
  }
}
