import type { Client } from 'pg';

/** The time by the database's clock, as exact as it is. */
export async function databaseTime(client: Client): Promise<string> {
  const { rows } = await client.query<{ now: string }>('select clock_timestamp()::text as now');
  return rows[0]?.now ?? '';
}

/** The median of how many tasks were finished in each of so many last seconds. */
export async function recentRate(client: Client, seconds: number): Promise<number> {
  const { rows } = await client.query<{ rate: number }>(
    `select percentile_cont(0.5) within group (order by finished) as rate
     from (
       select count(t.id)::float8 as finished
       from generate_series(0, $1::integer - 1) as second
       left join pulp.task t on floor(extract(epoch from statement_timestamp() - t.finished_at)) = second
       group by second
     ) each`,
    [seconds],
  );
  return rows[0]?.rate ?? 0;
}

/**
 * How many seconds after a time of the database's clock a whole second had passed in which tasks were finished at this
 * rate; undefined: not yet.
 */
export async function secondsUntilRate(
  client: Client,
  from: string,
  rate: number,
): Promise<number | undefined> {
  const { rows } = await client.query<{ seconds: number | null }>(
    `select min(extract(epoch from finished_at - $1::timestamptz))::float8 as seconds
     from (
       select finished_at, count(*) over (order by finished_at range between interval '1 s' preceding and current row) as rate
       from pulp.task where finished_at > $1
     ) each
     where rate >= $2::float8 and finished_at >= $1::timestamptz + interval '1 s'`,
    [from, rate],
  );
  return rows[0]?.seconds ?? undefined;
}
