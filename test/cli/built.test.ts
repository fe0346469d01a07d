import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));

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
