-- One pass of the resource manager: grants every task that may have all its claims, and delivers it.
--
-- Guarantees: a task gets all its claims at once or none. Nobody is overtaken in the wait queue of a resource (reservation_waiting, by
--   position): an exclusive claim waits for all older ones, a shared claim for older exclusive ones. A task that the pass fails with is
--   held back (pulp.held_back, tried again after a growing pause) and holds up no other.
-- Cost: that of what changed since the last pass (tasks that are due, new claims, released resources), which pulp.wakeup lists; never that
--   of the length of wait queues.
-- Locks: the advisory lock of granting (one pass at a time), then rows of deferred and wakeup, then rows of tasks. None is waited for longer
--   than lock_timeout says: what somebody else has locked is skipped, and stays for a later pass.
-- Steps:
--   1 end_pauses, end_holds, end_rate_uses: ends what has a time limit
--   2 judge_endings: tasks that came after others, which have ended, are due
--   3 end_deferral: tasks that are due enter the wait queues (take_place_in_line), or are delivered if they claim nothing
--   4 next_wakeups, take_wakeups: the candidates: new tasks, and the front of the wait queue of each released resource
--   5 grant_candidates: of these, all without a conflicting claim are granted (grant_tasks: event and claims) and delivered (a pg-boss job)
--   6 grant_apart: if steps 3 to 5 failed, or held back tasks have their turn: the same in parts, so that the task to blame is found
--
-- Gives the number granted, whether there is more to look at, in how many seconds the next deferred task is due, an error if it failed with
-- several tasks and with no other, whether it shows that granting works (as no pass does that only has tasks before it that are held
-- back), and tasks that are held back and to be told of.
--
-- Here and elsewhere "offset 0" keeps a subquery apart, so that the planner makes one index probe a row of it and no join; a row that was
-- locked keeps its place (tid) until the transaction ends, as long as nothing of the same transaction updates it.
create or replace function pulp.grant_reservations(
  batch integer default 1000, out granted integer, out more boolean, out next_due_seconds double precision,
  out error jsonb, out works boolean, out told jsonb
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set lock_timeout = '100ms' as $$
declare
  due uuid[];
  candidates uuid[];
  at_once boolean;
  worked integer := 0;
  code text;
  apart record;
  judged record;
  judging_error jsonb;
  first_due timestamptz;
  next_resumed timestamptz;
begin
  perform pulp.check_leader();
  perform pulp.lock_granting();
  if exists (select from pulp.pause) then
    next_resumed := pulp.end_pauses();
  end if;
  if exists (select from pulp.hold) then
    perform pulp.end_holds();
  end if;
  if exists (select from pulp.rate_use) then
    perform pulp.end_rate_uses();
  end if;

  -- Whose waiting for others is over is due from then on.
  if exists (select from pulp.ending) then
    begin
      select * into judged from pulp.judge_endings(batch);
    exception
      when others then
        get stacked diagnostics code = returned_sqlstate;
        if pulp.blames_no_task(code) then
          raise; -- no task is to blame
        end if;
        select * into judged from pulp.judge_endings_apart(batch);
        judging_error := judged.error;
    end;
  else
    select false as more, false as kept into judged;
  end if;

  -- Deferred tasks that are due, as many as pulp.next_wakeups takes. A row that somebody else has locked stays for the next pass.
  due := array(
    select c.task_id from (
      select d.task_id, d.due_at, sum(t.claims) over (order by d.due_at, d.task_id) - t.claims as claims_before
      from (
        select d.task_id, d.due_at from pulp.deferred d
        where d.due_at <= clock_timestamp() and (select 1 from pulp.held_back h where h.task_id = d.task_id) is null
        order by d.due_at limit batch
        for update skip locked
      ) d
      cross join lateral (
        select cardinality(x.exclusive_resources) + cardinality(x.shared_resources) as claims
        from pulp.task x where x.id = d.task_id offset 0
      ) t
    ) c
    where c.claims_before < 4 * batch
    order by c.due_at, c.task_id);

  begin
    if due <> '{}' then
      perform pulp.end_deferral(due);
    end if;
    -- What there is to look at. There is one pass at a time, so nobody else takes any of it.
    select t.candidates, t.more or n.more into candidates, more
      from pulp.next_wakeups(batch) n cross join lateral pulp.take_wakeups(n.rows, batch) t;
    granted := case candidates when '{}' then 0 else pulp.grant_candidates(candidates) end;
    worked := cardinality(due) + cardinality(candidates);
    at_once := true;
  exception
    when others then
      get stacked diagnostics code = returned_sqlstate;
      if pulp.blames_no_task(code) then
        raise; -- no task is to blame
      end if;
      at_once := false;
      granted := 0;
      more := false;
  end;
  if not at_once or exists (select from pulp.held_back h where h.step <> 'reroute' and h.not_before <= clock_timestamp()) then
    select * into apart from pulp.grant_apart(case when not at_once then due end, batch);
    granted := granted + apart.granted;
    more := more or apart.more;
    error := case worked when 0 then apart.error end;
    worked := worked + apart.worked;
  end if;
  works := worked > 0 or not exists (select from pulp.held_back h where h.step <> 'reroute');
  if exists (select from pulp.held_back h where not h.told) then
    told := pulp.tell_held_back();
  end if;

  more := more or judged.more or at_once and cardinality(due) >= batch;
  error := coalesce(error, judging_error);
  -- What is overdue all the same is locked by somebody: soon again, but not at once.
  select d.due_at into first_due from pulp.deferred d
    where d.due_at < 'infinity' and (select 1 from pulp.held_back h where h.task_id = d.task_id) is null
    order by d.due_at limit 1;
  next_due_seconds := least(
    case when judged.kept then 0.1 end,
    case when first_due <= clock_timestamp() then 0.1 else extract(epoch from first_due - clock_timestamp()) end,
    (select greatest(0.1, extract(epoch from h.not_before - clock_timestamp()))
      from pulp.held_back h where h.step <> 'reroute' order by h.not_before limit 1),
    case when next_resumed is not null then greatest(0.1, extract(epoch from next_resumed - clock_timestamp())) end,
    (select greatest(0.01, extract(epoch from u.free_again_at - clock_timestamp()))
      from pulp.rate_use u order by u.free_again_at limit 1),
    (select greatest(0.1, extract(epoch from h.until - clock_timestamp()))
      from pulp.hold h where h.until is not null order by h.until limit 1),
    (select greatest(0.1, extract(epoch from min(l.lost_at) - clock_timestamp())) from pulp.hold_lease l having count(*) > 0)); -- null, and nothing else, where there is none
end $$;
comment on function pulp.grant_reservations is 'One pass of the resource manager.';
