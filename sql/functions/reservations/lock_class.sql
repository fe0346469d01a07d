-- First keys of our advisory locks: one class a purpose. The second key is an id of ours, and a hash only where those of one hash may wait
-- for each other.
create or replace function pulp.lock_class(purpose text) returns integer
language plpgsql immutable parallel safe as $$
begin
  case purpose
    when 'leader' then return 5264700; -- the one resource manager that grants and watches; second key 0
    when 'grant' then return 5264701; -- one granting pass at a time; second key 0
    when 'worker' then return 5264702; -- a worker's name; second key pulp.worker_name.id
    when 'resource' then return 5264703; -- a resource of a running task; second key pulp.resource.id
    when 'migrate' then return 5264704; -- one migration at a time; second key 0
    when 'archive' then return 5264705; -- one archiving at a time; second key 0
    when 'wait' then return 5264707; -- one wait of a task for another that begins at a time; second key 0
    when 'group' then return 5264708; -- who enqueues into a group, or creates it; second key a hash: pulp.group_lock
    when 'era' then return 5264706; -- one beginning of an era at a time; second key 0
  end case;
end $$;
comment on function pulp.lock_class is 'First key of an advisory lock, by its purpose.';
