-- Does a step that failed with all of these tasks at once with parts of them, halved again and again until those are found
-- that it fails with: these are held back, and the others go on. What the database lacks is nobody's fault and is
-- raised, as is a cancel. Ends at the deadline, and where it found three that fail and none that does not: gives
-- what was left over, how many were granted, how many it did not fail with, how many it failed with, and the last error.
create or replace function pulp.bring_forward_apart(
  step text, ids uuid[], deadline timestamptz,
  out granted integer, out worked integer, out failed integer, out left_over uuid[], out error jsonb
)
language plpgsql set lock_timeout = '10ms' as $$
declare
  firsts integer[] := array[1];
  lasts integer[] := array[cardinality(ids)];
  depth integer := 1;
  first integer;
  last integer;
  code text;
  error_message text;
  context text;
begin
  granted := 0;
  worked := 0;
  failed := 0;
  left_over := '{}';
  while depth > 0 and ids <> '{}' loop
    first := firsts[depth];
    last := lasts[depth];
    depth := depth - 1;
    if clock_timestamp() > deadline or worked = 0 and failed >= 3 then
      left_over := left_over || ids[first:last];
      continue;
    end if;
    begin
      granted := granted + pulp.bring_forward(step, ids[first:last]);
      worked := worked + last - first + 1;
    exception
      when others then
        get stacked diagnostics code = returned_sqlstate, error_message = message_text, context = pg_exception_context;
        if pulp.blames_no_task(code) then
          raise;
        end if;
        if first = last then
          if code = '55P03' then
            error_message := format('%s (%s)', error_message, split_part(context, e'\n', 1));
          end if;
          failed := failed + 1;
          error := jsonb_build_object('code', code, 'message', error_message);
          perform pulp.hold_back(ids[first], step, code, error_message);
        else
          -- The second half goes first: what came last is the least likely to have failed before.
          firsts[depth + 1] := first;
          lasts[depth + 1] := (first + last) / 2;
          firsts[depth + 2] := lasts[depth + 1] + 1;
          lasts[depth + 2] := last;
          depth := depth + 2;
        end if;
    end;
  end loop;
end $$;
comment on function pulp.bring_forward_apart is 'Does a step with parts of these tasks, so that those that it fails with hold up no others.';
