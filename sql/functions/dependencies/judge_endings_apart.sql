-- Looks at the endings one by one, so that one that fails does not hold up the others: it goes to the end of the list. Takes two seconds at
-- most, and gives an error if none could be looked at.
create or replace function pulp.judge_endings_apart(batch integer, out more boolean, out kept boolean, out error jsonb)
language plpgsql as $$
declare
  deadline constant timestamptz := clock_timestamp() + interval '2 s';
  judged record;
  worked integer := 0;
begin
  more := false;
  kept := false;
  for place in 1..batch loop
    exit when clock_timestamp() > deadline or not exists (select from pulp.ending);
    begin
      select * into judged from pulp.judge_endings(1);
      worked := worked + 1;
    exception
      when others then
        error := jsonb_build_object('code', sqlstate, 'message', sqlerrm);
        kept := true;
        with failed as (
          delete from pulp.ending e where e.id = (select min(x.id) from pulp.ending x) returning e.kind, e.name
        )
        insert into pulp.ending (kind, name) select f.kind, f.name from failed f;
    end;
  end loop;
  if worked > 0 then
    error := null;
  end if;
end $$;
comment on function pulp.judge_endings_apart is 'Looks at the endings one by one.';
