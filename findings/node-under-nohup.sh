#!/bin/sh
# nohup starts a program with SIGHUP ignored, and programs are to leave it so. Node 24.21.0 resets all inherited dispositions
# but those of SIGPIPE and SIGXFSZ when it starts: a Node process under nohup ends by the hangup of its terminal, where `sleep`
# under nohup goes on. A program that is to outlive its terminal has to say so itself: process.on('SIGHUP', () => {}).
#
# Seen: "sleep: goes on", "node: ended by 129" (128 + SIGHUP), "node with a listener: goes on".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit --allow-scripts=node node@24.21.0 >/dev/null 2>&1 || npm install --silent --no-fund --no-audit node@24.21.0 >/dev/null
node=$folder/node_modules/.bin/node
test "$("$node" --version)" = v24.21.0

# Starts a command under nohup, hangs it up, and says what became of it.
hang_up() {
  what=$1
  shift
  nohup "$@" >/dev/null 2>&1 </dev/null &
  pid=$!
  sleep 1 # until it has become the program: there is nothing to wait for
  kill -HUP "$pid"
  sleep 1
  if kill -0 "$pid" 2>/dev/null; then
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    echo "$what: goes on"
  else
    code=0
    wait "$pid" || code=$?
    echo "$what: ended by $code"
  fi
}

seen=$(
  hang_up sleep sleep 60
  hang_up node "$node" -e 'setTimeout(() => {}, 60000)'
  hang_up 'node with a listener' "$node" -e 'process.on("SIGHUP", () => {}); setTimeout(() => {}, 60000)'
)
echo "$seen"
test "$seen" = "sleep: goes on
node: ended by 129
node with a listener: goes on"
