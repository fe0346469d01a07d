import { PATIENCE_SECONDS, type DemoRun } from './scenario.ts';

/** A question about a demonstration, and the SQL that anyone would ask it with. */
export interface Question {
  readonly title: string;
  readonly sql: string;
}

/** In how many pairs of runs two tasks had a resource at once that one of them claimed for itself alone. */
export function overlaps({ group }: DemoRun): Question {
  return {
    title: 'Did two tasks ever have a resource at once that one of them claimed for itself alone?',
    sql: `\
with run as (
  select t.id, claim.*, tstzrange(t.started_at, t.finished_at) as span
  from pulp.task t cross join lateral (
    select resource, 'exclusive' as mode from unnest(t.exclusive_resources) as resource
    union all
    select resource, 'shared' from unnest(t.shared_resources) as resource
  ) claim
  where t.group_id = '${group}' and t.started_at is not null
)
select a.resource, count(distinct a.id) as tasks,
  count(*) filter (where a.id < b.id and a.span && b.span and 'exclusive' in (a.mode, b.mode)) as conflicts,
  count(*) filter (where a.id < b.id and a.span && b.span) as pairs_at_once
from run a join run b using (resource)
group by resource order by resource`,
  };
}

/** The other questions that are answered at the end. */
export function questions({ group }: DemoRun): Question[] {
  return [
    {
      title: 'How did the tasks end?',
      sql: `\
select name, state, count(*), sum(attempt) as runs
from pulp.task where group_id = '${group}'
group by name, state order by name`,
    },
    {
      title: 'In what order did they have one of the resources? (times in seconds)',
      sql: `\
select name, case when '/${group}/kernel/' = any (exclusive_resources) then 'exclusive' else 'shared' end as mode, worker,
  round(extract(epoch from started_at - min(started_at) over ()), 2) as started,
  round(extract(epoch from finished_at - min(started_at) over ()), 2) as finished,
  state
from pulp.task
where '/${group}/kernel/' = any (exclusive_resources || shared_resources)
order by started_at`,
    },
    {
      title: `What happened to the task that hung for ${PATIENCE_SECONDS} s?`,
      sql: `\
select version, type, to_char(recorded_at, 'HH24:MI:SS.MS') as recorded_at,
  coalesce(data ->> 'worker', data ->> 'reason', data ->> 'queue') as detail
from pulp.event
where stream_kind = 'task'
  and stream_id = (select id::text from pulp.task where group_id = '${group}' and name = 'demo.hang')
order by version`,
    },
  ];
}
