-- Subscriptions that have not come past a leaf of tasks yet, whose last position this is: they would miss what it holds.
create or replace function pulp.leaf_readers(leaf text, last_position bigint) returns text[]
language plpgsql stable set search_path = pulp, pg_temp set jit = off as $$
declare
  known pulp.subscription;
  after record;
  has_more boolean;
  readers text[] := '{}';
begin
  for known in select * from pulp.subscription s where 'task' = any (s.kinds) order by s.name loop
    after := row(split_part(known.cursor, ':', -2)::xid8, split_part(known.cursor, ':', -1)::bigint);
    execute format('select exists (select from pulp.%I where (tx, %I) > ($1, $2))', leaf,
      case when leaf ~ '^event_batch' then 'first' else 'position' end) into has_more using after.f1, after.f2;
    if has_more or after.f2 < last_position then
      readers := readers || known.name;
    end if;
  end loop;
  return readers;
end $$;
comment on function pulp.leaf_readers is 'Subscriptions that have not come past a leaf of tasks yet.';
