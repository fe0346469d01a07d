-- What verification finds.

create type pulp.violation as (
  rule text,
  stream_kind text,
  stream_id text,
  problem text,
  expected jsonb,
  actual jsonb
);
comment on type pulp.violation is 'One breach of one rule, by the log or by a table that follows from it.';
comment on column pulp.violation.rule is 'The rule that is broken.';
comment on column pulp.violation.stream_kind is 'What it is about: task, worker, system; null for a resource or a session.';
comment on column pulp.violation.stream_id is 'Which one.';
comment on column pulp.violation.problem is 'What is wrong, in words.';
comment on column pulp.violation.expected is 'What should be: of a row, the columns that differ. Null: no row.';
comment on column pulp.violation.actual is 'What is. Null: no row.';
