import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

test('what is built imports only what is built', () => {
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.js'),
  );
  const strays = files.filter((file) =>
    /\bimport\(['"]\.[^'"]*\.ts['"]\)/.test(readFileSync(join(DIST, file), 'utf8')),
  );
  assert.ok(files.length > 0);
  assert.deepEqual(strays, []);
});

test('a command keeps what it compiled in the cache of its user', () => {
  const cache = mkdtempSync(join(tmpdir(), 'pulp-cache-'));
  try {
    const env = { ...process.env, XDG_CACHE_HOME: cache, NODE_COMPILE_CACHE: undefined };
    execFileSync(process.execPath, [RUN, '--version'], { env });
    const kept = readdirSync(join(cache, 'pulp-tasking/compiled'), { recursive: true });
    assert.ok(kept.length > 100, `${kept.length} files`);
  } finally {
    rmSync(cache, { recursive: true });
  }
});
