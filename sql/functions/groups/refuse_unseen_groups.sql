-- Refuses groups that were created since the caller's snapshot, for transactions of repeatable read and serializable: they do not see
-- whether all tasks of such a group are dispatched. What they don't see still makes their own event of its creation one too many, which
-- is tried and taken back. The caller has the locks of these groups, so that none is created meanwhile.
create or replace function pulp.refuse_unseen_groups(ids text[]) returns void
language plpgsql as $$
declare
  name text;
begin
  foreach name in array ids loop
    continue when exists (select from pulp.created_group g where g.id = name);
    begin
      perform pulp.append_system_event(pulp.group_stream(name), 'GroupCreated', '{}', after => 0);
      raise exception using errcode = 'PU009';
    exception
      when sqlstate 'PU009' then null;
      when serialization_failure then
        raise exception 'group "%" was created after this transaction began', name using errcode = 'serialization_failure',
          hint = 'Repeat the transaction.';
    end;
  end loop;
end $$;
comment on function pulp.refuse_unseen_groups is 'Refuses groups that were created since the caller''s snapshot.';
