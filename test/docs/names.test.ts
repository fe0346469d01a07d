import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isWritten, readPages } from './page.ts';
import { ROOT } from './repository.ts';

/** Names that are ours alone: what schema `pulp` has, and variables of the environment. */
const OUR_NAME = /\b(?:pulp\.[a-z_]+|PULP_[A-Z_]+)\b/g;

test('what the pages name of schema pulp and of the environment is there', async () => {
  const known = new Set<string>();
  for (const folder of ['sql', 'src', 'test']) {
    for (const entry of await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
      for (const [name] of text.matchAll(OUR_NAME)) known.add(name);
    }
  }
  const named = (await readPages())
    .filter(isWritten)
    .flatMap(({ path, code, fences }) =>
      [...code, ...fences.filter(({ language }) => ['sql', 'sh'].includes(language))].flatMap(
        ({ text, line }) => Array.from(text.matchAll(OUR_NAME), ([name]) => ({ path, line, name })),
      ),
    );
  assert.notEqual(named.length, 0);
  const unknown = named.filter(({ name }) => !known.has(name));
  assert.ok(
    unknown.length === 0,
    unknown.map(({ path, line, name }) => `${path}:${line}: there is no ${name}`).join('\n'),
  );
});
