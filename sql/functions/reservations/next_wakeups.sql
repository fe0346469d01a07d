-- What a pass of the resource manager looks at: those whose turn it is, "batch" at most, and so many that they have no more than four
-- times as many claims, but one in any case. What somebody else has locked is passed over. Says whether there is more.
create or replace function pulp.next_wakeups(batch integer, out rows tid[], out more boolean)
language sql as $$
  select coalesce(array_agg(w.row order by w.turn, w.id) filter (where w.claims_before < 4 * batch), '{}'),
    coalesce(bool_or(w.claims_before >= 4 * batch), false) or count(*) >= batch
  from (
    select l.*, sum(l.claims) over (order by l.turn, l.id) - l.claims as claims_before
    from (
      select x.ctid as row, x.turn, x.id, x.claims from pulp.wakeup x order by x.turn, x.id limit batch for update skip locked
    ) l
  ) w
$$;
comment on function pulp.next_wakeups is 'What a pass of the resource manager looks at.';
