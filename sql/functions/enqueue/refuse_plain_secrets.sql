-- Refuses arguments that their task type's publication marks as secret and that are not encrypted: SQL has no keys. A place
-- is an array of steps from the item: a key, an index, or true for every element or member.
create or replace function pulp.refuse_plain_secrets(items jsonb[]) returns void
language plpgsql stable as $$
declare
  plain record;
begin
  select i.ordinality - 1 as index, place into plain
    from unnest(items) with ordinality as i(item, ordinality)
    join pulp.task_type t on t.name = i.item ->> 'name' and t.schema ? 'secrets'
    cross join lateral jsonb_array_elements(t.schema -> 'secrets') as place
    cross join lateral (
      select string_agg(case jsonb_typeof(step)
          when 'string' then '.' || step::text when 'number' then '[' || step::text || ']' else '.**{1}' end, '' order by o) as path
      from jsonb_array_elements(place) with ordinality as s(step, o)
    ) steps
    where jsonb_path_exists(i.item, format(
      '$%s ? (@.type() != "null" && !(@.type() == "object" && exists(@."$secret"."data")))', steps.path)::jsonpath)
    order by i.ordinality limit 1;
  if found then
    raise exception '%: is a secret and must come encrypted', pulp.secret_place(plain.place)
      using errcode = 'PU011', detail = jsonb_build_object('item', plain.index),
        hint = 'Enqueue this task through the package or `pulp task enqueue`, which have the keys; nothing was enqueued.';
  end if;
end $$;
comment on function pulp.refuse_plain_secrets is 'Refuses secrets that are not encrypted.';
