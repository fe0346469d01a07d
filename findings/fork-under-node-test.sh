#!/usr/bin/env bash
# Node 24.21.0 (npm package node).
# `child_process.fork` gives the child the flags of its parent. Under `node --test` these are the test runner's own, though nobody wrote
# them for the program that a test forks. With --test-isolation=none the child gets `--test`: it is a test runner itself, and the report
# of its one "test" follows what the program writes to its stdout. With process isolation it gets over twenty flags that the runner
# makes up for each test file, among them --experimental-addon-modules, so that the program under test runs with an experimental feature
# that it does not have in production. `execArgv: []` in the call of fork leaves them out.
# Output seen:
#   none: hello, then a report of 1 test; flags --test --test-isolation=none
#   process: hello; more than 20 flags; --experimental-addon-modules
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund node@24.21.0 > /dev/null
PATH="$work/node_modules/.bin:$PATH"
cat > program.mjs <<'JS'
console.log(process.execArgv.join(' '));
console.log('hello');
process.disconnect();
JS
cat > some.test.mjs <<'JS'
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
test('a program says hello', async () => {
  const program = fork('program.mjs', { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  writeFileSync('seen.txt', await text(program.stdout));
});
JS
node --test --test-isolation=none some.test.mjs > /dev/null
none="$(sed -n 2p seen.txt), then a report of $(grep -oE 'tests 1$' seen.txt | grep -oE '[0-9]+') test; flags $(sed -n 1p seen.txt)"
echo "none: $none"
node --test --test-isolation=process some.test.mjs > /dev/null
flags=$(sed -n 1p seen.txt | tr ' ' '\n' | grep -c '^--')
process="$(sed -n 2p seen.txt); $([ "$flags" -gt 20 ] && echo 'more than 20' || echo "$flags") flags; $(grep -o -- '--experimental-addon-modules' seen.txt)"
echo "process: $process"
[ "$none" = 'hello, then a report of 1 test; flags --test --test-isolation=none' ]
[ "$process" = 'hello; more than 20 flags; --experimental-addon-modules' ]
