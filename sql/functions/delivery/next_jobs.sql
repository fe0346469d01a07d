-- The next jobs that a worker may take, locked: queue by queue, in pg-boss's order of delivery, with their places. Locked ones are passed over. It sees what was committed
-- until now, so their tasks are to be read by a later statement, not by the one that calls it.
--
-- As long as a transaction anywhere in the cluster holds an old snapshot, jobs that were taken stay in the index, where all who look for the first one walk past
-- them. So a session that had to walk for long remembers where the first job was, by queue, and looks from there on, and above and below its priority as ever.
-- From the very front it looks again after twenty times as long, ten seconds at most: for jobs that had been locked or put off, or came late.
create or replace function pulp.next_jobs(queues text[], task_types text[], at_most integer, out ids uuid[], out names text[], out rows tid[])
language plpgsql as $$
declare
  long constant interval := interval '10 ms' + at_most * interval '20 us';
  many constant integer := 1000; -- entries of indexes before the first job
  known constant text := coalesce(nullif(current_setting('pulp.fronts', true), ''), '{}');
  fronts jsonb := known; -- of queues: the first job's priority and created_on (since), and until when that is held to
  queue text;
  front jsonb;
  began timestamptz;
  lowest integer[]; -- of the ranges of priorities to be looked through in turn; a single one is looked through from the front on
  highest integer[];
  missing integer := at_most;
  found_ids uuid[];
  found_rows tid[];
  walked interval;
  first timestamptz;
  read_before bigint;
  new_front jsonb;
begin
  foreach queue in array queues loop
    began := clock_timestamp();
    front := fronts -> queue;
    if (front ->> 'until')::timestamptz > began then
      highest := array[2147483647, (front ->> 'priority')::integer, (front ->> 'priority')::integer - 1];
      lowest := array[highest[2] + 1, highest[2], -2147483648];
    else
      front := null;
      highest := array[2147483647];
      lowest := array[-2147483648];
    end if;
    for part in 1 .. cardinality(lowest) loop
      if lowest[part] = highest[part] then
        select array_agg(next.id), array_agg(next.row) into found_ids, found_rows
          from (
            select job.id, job.ctid as row from pgboss.job
            where job.name = queue and job.state < 'active' and not job.blocked and job.start_after <= pgboss.job_now()
              and job.priority = lowest[part] and job.created_on >= (front ->> 'since')::timestamptz
              and job.data ->> 'name' = any (task_types)
            order by job.priority desc, job.created_on
            limit missing
            for update skip locked
          ) next;
      else
        select array_agg(next.id), array_agg(next.row) into found_ids, found_rows
          from (
            select job.id, job.ctid as row from pgboss.job
            where job.name = queue and job.state < 'active' and not job.blocked and job.start_after <= pgboss.job_now()
              and job.priority between lowest[part] and highest[part]
              and job.data ->> 'name' = any (task_types)
            order by job.priority desc, job.created_on
            limit missing
            for update skip locked
          ) next;
      end if;
      ids := ids || found_ids;
      rows := rows || found_rows;
      names := names || array_fill(queue, array[coalesce(cardinality(found_ids), 0)]);
      missing := at_most - coalesce(cardinality(ids), 0);
      exit when missing = 0;
    end loop;

    walked := clock_timestamp() - began;
    if front is not null then
      first := (
        select job.created_on from pgboss.job
        where job.name = queue and job.state < 'active' and not job.blocked
          and job.priority = (front ->> 'priority')::integer and job.created_on >= (front ->> 'since')::timestamptz
          and job.data ->> 'name' = any (task_types)
        order by job.priority desc, job.created_on limit 1);
      fronts := jsonb_set(fronts, array[queue, 'since'], to_jsonb(coalesce(first, (front ->> 'since')::timestamptz)));
    elsif walked > long then -- or it waited for a lock or for the processor: so what it reads counts, too
      read_before := pulp.job_entries_read(queue);
      new_front := (
        select jsonb_build_object('priority', job.priority, 'since', job.created_on,
          'until', clock_timestamp() + least(20 * walked, interval '10 s'))
        from pgboss.job
        where job.name = queue and job.state < 'active' and not job.blocked and job.data ->> 'name' = any (task_types)
        order by job.priority desc, job.created_on limit 1);
      if new_front is not null and pulp.job_entries_read(queue) - read_before > many then
        fronts := jsonb_set(fronts, array[queue], new_front);
      end if;
    end if;
    exit when missing = 0;
  end loop;
  if fronts::text <> known then
    perform set_config('pulp.fronts', fronts::text, false);
  end if;
end $$;
comment on function pulp.next_jobs is 'The next jobs that a worker may take, locked.';
