-- The one name of a resource. Of a URL it is the path, and so of a text that begins with /: without query and fragment, its
-- dot segments gone; of the characters, those that a path has without escape are written so, all others as %XX of UTF-8.
-- Any other text is a name as it is. src/tasks/resource.ts says the same; a name that it made stays as it is here.
create or replace function pulp.resource_name(resource text) returns text
language plpgsql immutable strict parallel safe as $$
declare
  path text;
  segments text[];
  kept text[] := '{}';
begin
  if resource ~ '^[A-Za-z0-9._~!$&''()*+,;=:@/-]*$' and position('/.' in resource) = 0 and position('://' in resource) = 0 then
    return resource; -- nearly all
  end if;
  path := regexp_replace(translate(resource, E'\t\n\r', ''), E'^[\\x01-\\x20]+|[\\x01-\\x20]+$', '', 'g');
  if path ~* '^(https?|wss?|ftp)://' then
    path := regexp_replace(path, E'^[^:]*:[\\\\/]*[^\\\\/?#]*', '');
  elsif path ~ '^[A-Za-z][A-Za-z0-9+.-]*://' then
    path := regexp_replace(path, E'^[^:]*://[^\\\\/?#]*', '');
  elsif path !~ '^/' then
    return resource;
  end if;
  path := translate(regexp_replace(path, '[?#].*$', ''), E'\\', '/');

  select string_agg(case
      when piece[1] ~ '^%..' then case
        when upper(piece[1]) ~ '^%(2D|2E|3[0-9]|4[1-9A-F]|5[0-9A]|5F|6[1-9A-F]|7[0-9AE])$'
          then chr(('x' || substr(piece[1], 2))::bit(8)::integer)
        else upper(piece[1]) end
      when piece[1] ~ '^[A-Za-z0-9._~!$&''()*+,;=:@/-]' then piece[1]
      else upper(regexp_replace(encode(convert_to(piece[1], 'UTF8'), 'hex'), '(..)', E'%\\1', 'g')) end, '' order by o)
    into path
    from regexp_matches(path, '%[0-9A-Fa-f]{2}|[A-Za-z0-9._~!$&''()*+,;=:@/-]+|.', 'g') with ordinality as m(piece, o);

  segments := string_to_array(ltrim(coalesce(left(path, 1), ''), '/') || coalesce(substr(path, 2), ''), '/');
  for i in 1 .. cardinality(segments) loop
    if segments[i] = '..' then
      kept := trim_array(kept, least(1, cardinality(kept)));
    end if;
    if segments[i] not in ('.', '..') then
      kept := kept || segments[i];
    elsif i = cardinality(segments) then
      kept := kept || ''::text;
    end if;
  end loop;
  return '/' || array_to_string(kept, '/');
end $$;
comment on function pulp.resource_name is 'The one name of a resource.';
