-- What encrypted secrets are bound to: an envelope of another database is no good here, though the keys be the same. A restored
-- dump is the same database in this sense, or its waiting tasks could not be run.
create table pulp.secret_realm (
  is_only boolean primary key default true check (is_only),
  id uuid not null default gen_random_uuid()
);
insert into pulp.secret_realm default values;
comment on table pulp.secret_realm is 'To which database encrypted secrets belong: one row, made with the schema and kept by dumps.';
comment on column pulp.secret_realm.is_only is 'There is one row.';
comment on column pulp.secret_realm.id is 'Random. Envelopes of version 2 can be opened only where it is the same.';
