import type { FragmentSqlToken } from 'slonik';
import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

/**
 * A moment of the past for `pulp.task_at` and its like: the end of its millisecond. So a time that a command has shown, and
 * which was cut to the millisecond, is one at which the event that it was shown for had happened.
 */
export function asOf(at: Date): FragmentSqlToken {
  return sql.fragment`(${at.toISOString()}::timestamptz + interval '999 microseconds')`;
}

/**
 * From when on the log tells of tasks, or of workers: when its oldest event was recorded, heartbeats aside, and of tasks the last one that was
 * archived; undefined if it is empty.
 */
export async function logBeginning(of: 'tasks' | 'workers'): Promise<Date | undefined> {
  const pool = await getConnection();
  const beginning = await retrying(() =>
    pool.maybeOneFirst(sql.type(z.object({ recorded_at: z.date().nullable() }))`
      select greatest(
        least(
          (select recorded_at from pulp.event_batch order by tx, first limit 1),
          (select recorded_at from pulp.event_single where stream_kind <> 'heartbeat' order by tx, position limit 1)
        ),
        (select max((dropped.archive ->> 'last_recorded_at')::timestamptz)
          from (
            select l.data as archive from pulp.event_single l
            where ${of === 'tasks'} and l.stream_kind = 'system' and l.type = 'LeafArchived' and exists (
              select from pulp.event_single d where d.stream_kind = 'system' and d.stream_id = l.stream_id and d.type = 'LeafDropped')
          ) dropped)
      ) as recorded_at`),
  );
  return beginning ?? undefined;
}

/** What to say of a time from before the log's beginning; undefined for others. */
export async function goneText(of: 'tasks' | 'workers', at: Date): Promise<string | undefined> {
  const beginning = await logBeginning(of);
  if (beginning === undefined || at >= beginning) return undefined;
  return `The log begins at ${beginning.toISOString()}: what was before is gone.`;
}

/** Says why a task that is there now cannot be seen at a time of the past. */
export function unseenError({ id, enqueued_at }: { id: string; enqueued_at: Date }, at: Date): PulpError {
  return enqueued_at > at
    ? new PulpError('NOT_THERE_YET', `there was no task ${id} at ${at.toISOString()}`, {
        remedy: `Give a later time: it was enqueued at ${enqueued_at.toISOString()}.`,
        exitCode: 3,
      })
    : new PulpError('HISTORY_GONE', `the first events of task ${id} are not in the log any more`, {
        remedy: 'Without --at it is shown as it is now.',
        exitCode: 3,
      });
}
