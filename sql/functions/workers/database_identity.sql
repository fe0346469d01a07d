-- Which database this is: another one has another identity, a restored copy in the same server or in a new one too. (One that
-- was copied with all of its server's files shares it.)
create or replace function pulp.database_identity() returns text
language plpgsql stable security definer set search_path = pulp, pg_temp as $$
declare
  server text;
begin
  begin
    select system_identifier::text into server from pg_control_system();
  exception when insufficient_privilege then -- some who run servers for others keep it to themselves
    server := coalesce(host(inet_server_addr()), '') || ':' || current_setting('port');
  end;
  return md5(server || ' ' || (select oid from pg_database where datname = current_database()));
end $$;
comment on function pulp.database_identity is 'Which database this is.';
