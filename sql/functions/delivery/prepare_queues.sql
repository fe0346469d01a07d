-- Makes queues before anybody needs them: who names a queue first makes it in his own transaction, and keeps all others from it until that is
-- over. One that somebody makes just now is not waited for.
create or replace function pulp.prepare_queues(names text[]) returns void
language plpgsql set lock_timeout = '50ms' as $$
begin
  perform pulp.create_queues(names);
exception
  when lock_not_available then null;
end $$;
comment on function pulp.prepare_queues is 'Makes queues before anybody needs them.';
