-- Workers as they were at a time: what had been recorded by then, see task_at. Signs of life are kept for a shorter time
-- than the rest: where they are gone, last_heartbeat is that of the birth and finish_rate is null.
create or replace function pulp.worker_at(at timestamptz) returns setof pulp.worker
language sql stable as $$
  with told as materialized (
    select e.event, (e.event).stream_id as name
    from (
      select x as event, row_number() over (partition by x.stream_id order by x.version) as ordinal
      from pulp.event x where x.stream_kind = 'worker' and x.recorded_at <= worker_at.at
    ) e
    where (e.event).version = e.ordinal
  ),
  birth as materialized (
    select name, max((event).position) as position, max((event).recorded_at) as recorded_at
    from told where (event).type = 'WorkerOnline' group by name
  ),
  -- A sign of life changes nothing but what the next one changes again, in view of the one before: the latest two tell all.
  beat as (
    select b.event, b.name
    from (
      select x as event, birth.name, row_number() over (partition by birth.name order by x.position desc) as age
      from pulp.event x
      cross join lateral jsonb_object_keys(x.data -> 'workers') as alive(name)
      join birth on birth.name = alive.name and x.position > birth.position
      where x.stream_kind = 'heartbeat' and x.recorded_at <= worker_at.at
        and x.recorded_at >= (select min(recorded_at) from birth)
    ) b
    where b.age <= 2
  )
  select (folded.worker).*
  from (
    select pulp.fold_worker(e.event order by (e.event).position) as worker
    from (select event, name from told union all select event, name from beat) e
    group by e.name
  ) folded
$$;
comment on function pulp.worker_at is 'All workers as they were at a time, folded from what was recorded by then.';
