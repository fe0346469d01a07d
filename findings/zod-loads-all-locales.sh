#!/bin/sh
# Whoever imports zod 4.6.7 in Node, without a bundler, loads the error messages of every language: two thirds of its modules are
# locales, through each of its entries, zod/mini and even zod/v4/core among them, so that the small ones save next to nothing at
# start-up, which a command line pays at every call. There is no entry without them but that of version 3.
#
# Seen: zod 95 modules, 64 of them locales; zod/mini 92 and 64; zod/v4/core 82 and 64; zod/v3 10 and 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit zod@4.6.7 node@24.21.0 >/dev/null
cat >count.mjs <<'SCRIPT'
import { registerHooks } from 'node:module';
let all = 0;
let locales = 0;
registerHooks({
  load(url, context, next) {
    all += 1;
    if (url.includes('/locales/')) locales += 1;
    return next(url, context);
  },
});
const [entry] = process.argv.slice(2);
await import(entry);
console.log(`${entry}: ${all} modules, ${locales} of them locales`);
SCRIPT
seen=$(for entry in zod zod/mini zod/v4/core zod/v3; do npx node count.mjs "$entry"; done)
echo "$seen"
test "$seen" = 'zod: 95 modules, 64 of them locales
zod/mini: 92 modules, 64 of them locales
zod/v4/core: 82 modules, 64 of them locales
zod/v3: 10 modules, 1 of them locales'
