#!/bin/sh
# In Node 24.21.0 an ES module that imports anything from node:http loads undici, the whole client behind fetch: among the exports of
# node:http are lazy ones (WebSocket, CloseEvent, MessageEvent), and the module's namespace asks each for its value. It costs a
# process about 30 ms of processor time and 7 MB at its start, though it may only want createServer or STATUS_CODES. By
# require or process.getBuiltinModule nothing of that is loaded; nor by an import of node:https, node:http2 or node:net.
#
# Seen: "import node:http: undici", and "-" in place of undici for all others.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit --allow-scripts=node node@24.21.0 >/dev/null 2>&1 || npm install --silent --no-fund --no-audit node@24.21.0 >/dev/null
node=$folder/node_modules/.bin/node
test "$("$node" --version)" = v24.21.0
# The list is read before it is written: writing loads more.
tell="const has = process.moduleLoadList.some((name) => name.endsWith('/undici')); console.log(has ? 'undici' : '-')"
seen=$(
  for name in http https http2 net; do
    printf 'import node:%s: ' "$name"
    "$node" --input-type=module --eval "import 'node:$name'; $tell"
  done
  printf 'require node:http: '
  "$node" --input-type=commonjs --eval "require('node:http'); $tell"
  printf 'getBuiltinModule node:http: '
  "$node" --input-type=module --eval "process.getBuiltinModule('node:http'); $tell"
)
echo "$seen"
test "$seen" = 'import node:http: undici
import node:https: -
import node:http2: -
import node:net: -
require node:http: -
getBuiltinModule node:http: -'
