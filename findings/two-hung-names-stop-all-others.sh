#!/bin/sh
# dns.lookup(), by which Node 24.21.0 connects to whatever is named, asks getaddrinfo in a thread of libuv's pool. Of such "slow" work libuv has half of the
# pool's threads under way at once: two, and that for the whole process with its worker threads. A name whose servers do not answer keeps one for as long as
# getaddrinfo waits, also when who asked has given up. So two of them stop every other look-up, one of /etc/hosts among them. c-ares (dns.resolve4) takes no
# thread.
#
# Seen: "localhost: found at once", "localhost beside two that hang: waits", "by c-ares: answered". Needs namespaces of its own (unshare): of the network and
# of mounts.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit --allow-scripts=node node@24.21.0 >/dev/null 2>&1 || npm install --silent --no-fund --no-audit node@24.21.0 >/dev/null
echo 'nameserver 127.0.0.1' >resolv.conf
cat >run.mjs <<'SCRIPT'
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { lookup, resolve4 } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const server = createSocket('udp4').bind(53, '127.0.0.1');
await once(server, 'listening');
server.on('message', (query, from) => {
  if (query.includes('hung')) return; // no answer, as from a network that is cut
  const answer = Buffer.from(query);
  answer[2] |= 0x80; // an answer
  answer[3] = 3; // there is no such name
  server.send(answer, from.port, from.address);
});
const localhost = () => Promise.race([lookup('localhost').then(() => 'found at once'), sleep(2000, 'waits')]);
console.log('localhost:', await localhost());
for (const host of ['hung1.example', 'hung2.example']) void lookup(host).catch(() => undefined);
const [beside, cares] = await Promise.all([
  localhost(),
  Promise.race([resolve4('x.example').catch(() => 'answered'), sleep(2000, 'waits')]),
]);
console.log('localhost beside two that hang:', beside);
console.log('by c-ares:', cares);
process.exit(0);
SCRIPT
seen=$(unshare --map-root-user --mount --net sh -c '
  ip link set lo up
  mount --bind resolv.conf /etc/resolv.conf
  node_modules/.bin/node run.mjs')
echo "$seen"
test "$seen" = "localhost: found at once
localhost beside two that hang: waits
by c-ares: answered"
