-- Makes a subscription. The definition is an object with the keys name; kinds, types, names (of task types), stream: which events, of
-- those that are left out all; from: a cursor, a time, "beginning", or "now", the default; url: they are sent there, signed with the
-- secret; give_up_seconds: for how long that may fail.
create or replace function pulp.create_subscription(definition jsonb, secret jsonb default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
#variable_conflict use_column
declare
  given constant jsonb := jsonb_strip_nulls(definition);
  subscription_name constant text := given ->> 'name';
  kinds constant text[] := case when jsonb_typeof(given -> 'kinds') = 'array' then pulp.text_array(given -> 'kinds')
    when given ? 'names' then '{task}' else '{task,worker,resource,system}' end;
  url constant text := given ->> 'url';
  give_up constant double precision := coalesce(pulp.duration_seconds(given -> 'give_up_seconds'), case when not given ? 'give_up_seconds' then 86400 end);
  lists constant text[] := array['kinds', 'types', 'names'];
  problem text;
  place text;
  event pulp.event;
begin
  problem := case
    when jsonb_typeof(definition) is distinct from 'object' then 'definition: must be an object'
    when pulp.is_name(subscription_name) is not true then 'name: must start with a letter and have at most 128 letters, digits and characters of _.:@-'
    when given - (lists || array['name', 'stream', 'from', 'url', 'give_up_seconds']) <> '{}' then 'unknown key'
    when exists (select from unnest(lists) as l where given ? l and (jsonb_typeof(given -> l) <> 'array' or given -> l = '[]'
      or jsonb_path_exists(given -> l, '$[*] ? (@.type() != "string")') or jsonb_array_length(given -> l) > 100)) then
      'kinds, types and names: must be arrays of 1 to 100 texts'
    when exists (select from jsonb_array_elements_text(given -> 'types') t where t !~ '^[A-Z][A-Za-z]{1,63}$' or t = 'WorkerHeartbeat') then
      'types: must be types of events such as TaskFailed, and no signs of life'
    when not kinds <@ '{task,worker,resource,system}' then 'kinds: must be of task, worker, resource and system'
    when exists (select from jsonb_array_elements_text(given -> 'names') n where pulp.is_name(n) is not true) then 'names: must be names of task types'
    when given ? 'names' and kinds <> '{task}' then 'names: only tasks have them: leave the other kinds out'
    when (octet_length(given ->> 'stream') between 1 and 1024) is false then 'stream: must be the id of a stream, of 1 to 1024 bytes'
    when (octet_length(url) <= 2048 and url ~ '^https?://[^/@?#[:space:]]+([/?#][^[:space:]]*)?$') is false then
      'url: must be an http or https URL of at most 2048 bytes, without a user and a password'
    when (url is null) <> (secret is null) then 'a URL needs a secret, and a secret a URL'
    when (give_up between 1 and 31557600) is not true then 'give_up_seconds: must be from a second to a year'
    when given ? 'give_up_seconds' and url is null then 'give_up_seconds: is for those that are sent to a URL'
    when jsonb_typeof(given -> 'from') <> 'string' then 'from: must be a text' end;
  if problem is not null then
    raise exception '%', problem using errcode = 'PU004', hint = 'Correct this value; nothing was written.';
  end if;
  perform pulp.check_reads_log();
  if url is not null and not pulp.is_operator() then
    raise exception 'subscriptions that are sent to a URL are for operators' using errcode = 'insufficient_privilege',
      hint = 'Ask a member of pulp_operator.';
  elsif exists (select from pulp.subscription s where s.name = subscription_name) then
    raise exception 'there is a subscription "%" already', subscription_name using errcode = 'PU038',
      hint = 'Delete it first, or take another name; nothing was written.';
  end if;
  place := pulp.place_in_log(coalesce(given ->> 'from', 'now'), kinds);

  event := pulp.append_system_event(pulp.subscription_stream(subscription_name), 'SubscriptionCreated', jsonb_build_object(
    'name', subscription_name, 'kinds', to_jsonb(kinds), 'types', given -> 'types', 'names', given -> 'names', 'stream', given ->> 'stream',
    'url', url, 'give_up_seconds', case when url is not null then give_up end, 'owner', pulp.actor(), 'cursor', place));
  insert into pulp.subscription select (pulp.evolve_subscription(null, event)).*;
  insert into pulp.webhook_secret (name, secret) select subscription_name, secret where url is not null;
  perform pulp.notify('pulp_grant', 'webhooks') where url is not null;
exception
  when unique_violation then
    raise exception 'there is a subscription "%" already', subscription_name using errcode = 'PU038', hint = 'Somebody else made it at this moment.';
end $$;
comment on function pulp.create_subscription is 'Makes a subscription.';
