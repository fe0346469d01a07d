-- The part of a pass in which tasks that fail do not hold up the others: gives those that are held back another try if
-- their time has come, and does the whole pass apart for these that are due (null: not at all). Takes two seconds at most; what
-- it does not come to stays on its list. Gives how many were granted, how many it did not fail with, and an error if it failed with
-- several and with no other.
create or replace function pulp.grant_apart(
  due uuid[], batch integer, out granted integer, out more boolean, out worked integer, out error jsonb
)
language plpgsql as $$
declare
  asked_at constant timestamptz := clock_timestamp();
  deadline constant timestamptz := asked_at + interval '2 s';
  candidates uuid[];
  again record;
  done record;
  failed integer := 0;
begin
  granted := 0;
  worked := 0;
  more := false;
  if due is not null then
    select * into done from pulp.bring_forward_apart('due', due, deadline);
    worked := done.worked;
    failed := done.failed;
    error := done.error;

    select t.candidates, t.more or n.more into candidates, more
      from pulp.next_wakeups(batch) n cross join lateral pulp.take_wakeups(n.rows, batch) t;
    select * into done from pulp.bring_forward_apart('grant', candidates, deadline);
    insert into pulp.wakeup (task_id) select unnest(done.left_over);
    granted := done.granted;
    worked := worked + done.worked;
    failed := failed + done.failed;
    error := coalesce(done.error, error);
    -- Where something works, there is no reason to wait.
    more := worked > 0 and (more or done.left_over <> '{}');
  end if;

  for again in
    select h.step, array_agg(h.task_id order by h.not_before) as ids
    from (
      select x.step, x.task_id, x.not_before from pulp.held_back x
      where x.not_before <= asked_at and x.step <> 'reroute' order by x.not_before limit 100
      for update skip locked
    ) h
    group by h.step
  loop
    select * into done from pulp.bring_forward_apart(again.step, again.ids, deadline);
    granted := granted + done.granted;
    worked := worked + done.worked;
    failed := failed + done.failed;
    error := coalesce(done.error, error);
    -- Those that failed, or were locked, have another time now.
    delete from pulp.held_back h
      where h.task_id = any (again.ids) and h.task_id <> all (done.left_over) and h.not_before <= asked_at;
  end loop;
  if worked > 0 or failed < 3 then
    error := null;
  end if;
end $$;
comment on function pulp.grant_apart is 'The part of a pass in which tasks that fail do not hold up the others.';
