import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

const metricRow = z.object({
  /** Such as `pulp_task_waiting_seconds`. */
  metric: z.string(),
  kind: z.enum(['gauge', 'counter', 'histogram']),
  help: z.string(),
});

/** A metric that there may be samples of. */
export type Metric = z.infer<typeof metricRow>;

const sampleRow = metricRow.extend({
  /** Its own name: of a histogram, with `_bucket`, `_sum` or `_count`. */
  sample: z.string(),
  labels: z.record(z.string(), z.string()),
  value: z.number(),
});

/** One value of a metric at the moment of reading: see `pulp.metrics`. */
export type Sample = z.infer<typeof sampleRow>;

/**
 * All metrics, those of one name together. Costs the same however many tasks there are.
 *
 * @param ttl for how many seconds a worker is believed to live after a sign of life
 */
export async function readMetrics(ttl: number): Promise<readonly Sample[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(
      sql.type(
        sampleRow,
      )`select metric, kind, help, sample, labels, value from pulp.metrics(${ttl}) where value is not null`,
    ),
  );
}

/** Which metrics there may be. */
export async function knownMetrics(): Promise<readonly Metric[]> {
  const pool = await getConnection();
  return retrying(() => pool.any(sql.type(metricRow)`select metric, kind, help from pulp.known_metrics()`));
}
