-- What has been done to this database, run at the start of every migration.
create schema if not exists pulp;

create table if not exists pulp.migration (
  name text primary key,
  checksum text not null,
  applied_at timestamptz not null default clock_timestamp()
);
comment on table pulp.migration is 'The scripts that made this schema.';
comment on column pulp.migration.name is 'Folder and file.';
comment on column pulp.migration.checksum is 'SHA-256 of its text.';
comment on column pulp.migration.applied_at is 'When it was run last.';
