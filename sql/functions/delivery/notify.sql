-- Sends a notice, by which somebody looks sooner than it would by itself. Nothing relies on it. A commit that sends a
-- notice keeps every other one that does waiting until it is done, in the whole cluster; where commits wait for a standby,
-- that may be for ever. There no notice is sent by those who do something, but by the leader: see pulp.send_notices.
create or replace function pulp.notify(channel text, payload text default '') returns void
language sql as $$
  select case when current_setting('synchronous_standby_names') = '' then pg_notify(channel, payload) end
$$;
comment on function pulp.notify is 'Sends a notice, where commits do not wait for a standby.';
