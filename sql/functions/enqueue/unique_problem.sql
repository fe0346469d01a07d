-- What is wrong with the option "unique" of an enqueue, or null.
create or replace function pulp.unique_problem(unique_option jsonb) returns text
language sql immutable parallel safe as $$
  select case
    when unique_option in ('null', 'true', 'false') then null
    when jsonb_typeof(unique_option) <> 'object' or unique_option - array['key', 'for', 'while', 'then'] <> '{}'
      then 'must be true, or an object of key, for, while and then'
    when unique_option ->> 'key' is not null and (jsonb_typeof(unique_option -> 'key') <> 'string'
      or octet_length(unique_option ->> 'key') not between 1 and 256) then 'key: must be a text of 1 to 256 bytes'
    when unique_option ->> 'for' is not null and coalesce(pulp.duration_seconds(unique_option -> 'for'), 0) <= 0
      then 'for: must be a number of seconds above 0 or a text such as 500ms, 30s, 10m, 2h, 1d'
    when unique_option ->> 'while' is not null and (unique_option ->> 'while' in ('waiting', 'unfinished')) is not true
      then 'while: must be waiting or unfinished'
    when unique_option ->> 'then' is not null and (unique_option ->> 'then' in ('keep', 'replace', 'refuse')) is not true
      then 'then: must be keep, replace or refuse'
  end
$$;
comment on function pulp.unique_problem is 'What is wrong with the option "unique" of an enqueue, or null.';
