import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

/** What happened to tasks in a part of a period. */
export const activityRow = z.object({
  begins: z.date(),
  ends: z.date(),
  /** How many tasks. */
  enqueued: z.number(),
  started: z.number(),
  completed: z.number(),
  failed: z.number(),
  canceled: z.number(),
  /** Whether so much happened that a part of it was counted and taken for the whole. */
  is_sampled: z.boolean(),
  /** Seconds of some of those that ended: from their enqueueing to their latest start, and from there to their end. */
  waited_median: z.number().nullable(),
  waited_p95: z.number().nullable(),
  ran_median: z.number().nullable(),
  ran_p95: z.number().nullable(),
});

/** What happened to tasks in a part of a period. */
export type Activity = z.infer<typeof activityRow>;

/** Failures that are alike. */
export const failureGroupRow = z.object({
  code: z.string(),
  /** What their messages have in common. */
  signature: z.string(),
  failures: z.number(),
  /** Types of tasks that failed so, some of them. */
  names: z.array(z.string()).nullable(),
  latest_message: z.string(),
  /** The latest three of these tasks. */
  latest_ids: z.array(z.string()),
  first_at: z.date(),
  last_at: z.date(),
  /** How far back failures were looked for: later than was asked for, where there was too much to look at. */
  looked_back_to: z.date(),
});

/** Failures that are alike. */
export type FailureGroup = z.infer<typeof failureGroupRow>;

/** A period, by its length and its end. */
export interface Period {
  readonly windowMs: number;
  /** Default: now. */
  readonly until?: Date | undefined;
}

/** What happened to tasks in a period, in so many parts of equal length. */
export async function readActivity(
  { windowMs, until }: Period,
  buckets: number,
): Promise<readonly Activity[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(activityRow)`
      select a.* from (select coalesce(${timeOf(until)}::timestamptz, clock_timestamp()) as till) p
      cross join lateral pulp.activity(p.till - ${windowMs} * interval '1 millisecond', p.till, ${buckets}) a`),
  );
}

/** The failures of a period, those alike together, the most frequent first. */
export async function readFailureGroups(
  { windowMs, until }: Period,
  limit: number,
): Promise<readonly FailureGroup[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(failureGroupRow)`
      select f.* from (select coalesce(${timeOf(until)}::timestamptz, clock_timestamp()) as till) p
      cross join lateral pulp.failure_groups(p.till - ${windowMs} * interval '1 millisecond', p.till, ${limit}) f`),
  );
}

function timeOf(moment: Date | undefined): string | null {
  return moment?.toISOString() ?? null;
}
