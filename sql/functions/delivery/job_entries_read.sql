-- How many entries of the indexes of this queue's jobs the transaction has read until now, those of rows that are gone among them.
create or replace function pulp.job_entries_read(queue text) returns bigint
language sql volatile as $$
  select coalesce(sum(pg_stat_get_xact_tuples_returned(i.indexrelid)), 0)::bigint
  from pgboss.queue q join pg_index i on i.indrelid = ('pgboss.' || quote_ident(q.table_name))::regclass
  where q.name = queue;
$$;
comment on function pulp.job_entries_read is 'How many entries of the indexes of this queue''s jobs the transaction has read until now.';
