-- The claims that stood at any time since a moment, those of holds too, of one resource or (null) of all: each from when it came into line
-- until it was let go of, or given up. What stands now is in the reservations. What has ended is found by the events that
-- ended it, so that the cost follows what happened since that moment. A task that was never held back came into line once,
-- with its enqueueing: its row tells all. Of others, retried and interrupted ones among them, the stream is folded as far as
-- that event. Tasks that were purged are missing.
create or replace function pulp.claim_lives(since timestamptz, of_resource text)
returns table (
  resource text, mode text, task_id uuid, name text, worker text, "position" bigint, requested_at timestamptz,
  granted_at timestamptz, ended_at timestamptz
)
language sql stable rows 1000 as $$
  select c.resource, c.mode, t.id, t.name, case when t.started_at >= c.granted_at then t.worker end, c.position, c.requested_at,
    c.granted_at, null
  from (
    select x.* from pulp.reservation x where of_resource is null
    union all
    select x.* from pulp.reservation x where x.resource = of_resource -- by its index
  ) c
  cross join lateral (select x.id, x.name, x.worker, x.started_at from pulp.task x where x.id = c.task_id offset 0) t
  union all
  select claim.resource, claim.mode, t.id, t.name, life.worker, life.position, life.requested_at, life.granted_at, ended.recorded_at
  from (
    select e.stream_id, e.version, e.type, e.recorded_at
    from pulp.event e
    where e.stream_kind = 'task' and e.recorded_at >= claim_lives.since
      and e.tx > (select split_part(pulp.event_cursor_at(claim_lives.since), ':', 2)::xid8)
      -- What ends a claim, as evolve_reservation says; but one that is held is released first.
      and e.type in ('ReservationReleased', 'TaskCanceled', 'TaskFailed', 'TaskSkipped')
  ) ended
  cross join lateral (select x.* from pulp.task x where x.id = ended.stream_id::uuid offset 0) t
  cross join lateral (
    select t.worker, t.position, t.enqueued_at as requested_at, t.unblocked_at as granted_at
    where t.run_after is null and (ended.type = 'ReservationReleased' or t.unblocked_at is null)
    union all
    select told.worker, (told.claim).position, (told.claim).requested_at, (told.claim).granted_at
    from (
      select pulp.fold_claim(row('', null, 'exclusive', null, null, null, null, null)::pulp.reservation, e order by e.version) as claim,
        -- Of the run that the end belongs to, if it had come so far.
        (array_agg(case e.type when 'TaskStarted' then e.data ->> 'worker' end order by e.version desc)
          filter (where e.type in ('TaskDue', 'TaskInterrupted', 'TaskRequeued', 'ReservationGranted', 'TaskStarted')))[1] as worker
      from pulp.history(ended.stream_id::uuid) e
      where e.version < ended.version
    ) told
    where t.run_after is not null and (told.claim).state is not null
  ) life
  cross join lateral pulp.claims_of(t.exclusive_resources, t.shared_resources, t.options) claim
  where of_resource is null or claim.resource = of_resource
  union all
  select h.* from pulp.hold_lives(claim_lives.since, of_resource) h
$$;
comment on function pulp.claim_lives is 'The claims that stood at any time since a moment.';
