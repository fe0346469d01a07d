import { PATIENCE_SECONDS, type DemoRun } from './scenario.ts';

/** A question about a demonstration, and the SQL that anyone would ask it with. */
export interface Question {
  readonly title: string;
  readonly sql: string;
}

/** The column of `overlaps` that has to be 0 in every row. */
export const CONFLICTS = 'conflicts';

/** How many pairs of tasks had a resource at once although one of them claimed it for itself alone, and how many shared it. */
export function overlaps({ group }: DemoRun): Question {
  return {
    title: 'Did two tasks have a resource at once that one of them claimed for itself alone?',
    sql: `\
with run as (
  select t.id, claim.*, tstzrange(t.started_at, t.finished_at) as span
  from pulp.task t cross join lateral (
    select r as resource, 'exclusive' as mode from unnest(t.exclusive_resources) r
    union all
    select r, 'shared' from unnest(t.shared_resources) r
  ) claim
  where t.group_id = '${group}' and t.started_at is not null
)
select a.resource, count(distinct a.id) as tasks,
  count(b.id) filter (where 'exclusive' in (a.mode, b.mode)) as ${CONFLICTS},
  count(b.id) filter (where 'exclusive' not in (a.mode, b.mode)) as pairs_that_shared
from run a left join run b
  on b.resource = a.resource and b.id > a.id and b.span && a.span
group by a.resource order by a.resource`,
  };
}

/** The other questions that are answered at the end. */
export function questions({ group }: DemoRun): Question[] {
  const kernel = `/${group}/kernel/`;
  return [
    {
      title: 'How did the tasks end?',
      sql: `\
select name, state, count(*), sum(attempt) as runs
from pulp.task where group_id = '${group}'
group by name, state order by name`,
    },
    {
      title: `In what order did they have ${kernel}? (times in seconds)`,
      sql: `\
select name,
  case when '${kernel}' = any (shared_resources) then 'shared' else 'exclusive' end as mode,
  worker,
  round(extract(epoch from started_at - min(started_at) over ()), 2) as started,
  round(extract(epoch from finished_at - min(started_at) over ()), 2) as finished,
  state
from pulp.task
where '${kernel}' = any (exclusive_resources || shared_resources)
order by started_at`,
    },
    {
      title: `What happened to the task that hung for ${PATIENCE_SECONDS} s?`,
      sql: `\
select version, type, to_char(recorded_at, 'HH24:MI:SS.MS') as recorded_at,
  coalesce(data ->> 'worker', data ->> 'reason', data ->> 'queue') as detail
from pulp.history((select id from pulp.task where group_id = '${group}' and name = 'demo.hang'))
order by version`,
    },
  ];
}
