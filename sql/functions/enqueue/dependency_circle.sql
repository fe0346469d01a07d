-- Of links from tasks to those that they come after, a circle: each comes after the next, and the last after the first. Null: there is none.
create or replace function pulp.dependency_circle(children uuid[], parents uuid[]) returns uuid[]
language plpgsql immutable set enable_hashjoin = on as $$
declare
  left_children uuid[] := children;
  left_parents uuid[] := parents;
  before integer;
  circle uuid[];
  next uuid;
begin
  -- Who comes after nobody that is left is in no circle.
  loop
    before := cardinality(left_children);
    select coalesce(array_agg(l.child), '{}'), coalesce(array_agg(l.parent), '{}') into left_children, left_parents
      from unnest(left_children, left_parents) as l(child, parent)
      where l.parent in (select unnest(left_children));
    if left_children = '{}' then
      return null;
    end if;
    exit when cardinality(left_children) = before;
  end loop;
  next := left_children[1];
  loop
    circle := circle || next;
    next := left_parents[array_position(left_children, next)];
    if next = any (circle) then
      return circle[array_position(circle, next):] || next;
    end if;
  end loop;
end $$;
comment on function pulp.dependency_circle is 'Of links from tasks to those that they come after, a circle.';
