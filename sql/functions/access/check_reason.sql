-- Refuses a reason that is too long for the log. "undone" is what then was not done.
create or replace function pulp.check_reason(reason text, undone text default 'changed') returns void
language plpgsql immutable as $$
begin
  if octet_length(reason) > 16384 then
    raise exception 'reason: is % bytes long; at most 16384 are allowed', octet_length(reason) using errcode = 'PU004',
      hint = format('Give a shorter one; nothing was %s.', undone);
  end if;
end $$;
comment on function pulp.check_reason is 'Refuses a reason that is too long for the log.';
