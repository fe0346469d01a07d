import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const FUNCTIONS = fileURLToPath(new URL('../../sql/functions/', import.meta.url));

/** A text with a backslash in it, other than E'…'. */
const PLAIN_WITH_BACKSLASH = /(?<!E)'(?:[^'\n\\]|'')*\\/i;

test('no text in a function depends on standard_conforming_strings of whoever calls it', () => {
  const files = readdirSync(FUNCTIONS, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.sql'),
  );
  assert(files.length > 100);
  const found = files.flatMap((file) =>
    readFileSync(join(FUNCTIONS, file), 'utf8')
      .split('\n')
      .filter(
        (line) =>
          !line.startsWith('--') &&
          PLAIN_WITH_BACKSLASH.test(line.replaceAll(/E'(?:[^'\\]|''|\\.)*'|\$re\$.*?\$re\$/gi, '')),
      )
      .map((line) => `${file}: ${line.trim()}`),
  );
  assert.deepEqual(found, []);
});
