import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { REFUSALS } from '../../src/postgres/refusals.ts';
import { createDatabase } from '../support/database.ts';
import { fileText, REFERENCE_FOLDER, REFERENCES } from './reference/references.ts';
import { ROOT } from './repository.ts';

/** By this SQLSTATE functions take back what they tried; it never leaves them. */
const TAKEN_BACK = 'PU009';

suite('the reference', () => {
  for (const [name, write] of Object.entries(REFERENCES)) {
    test(`${name} is what the code says`, async () => {
      await using database = await createDatabase();
      const there = await readFile(join(ROOT, REFERENCE_FOLDER, name), 'utf8').catch(() => '');
      const made = await fileText(write, database.url);
      const lines = made.split('\n');
      const other = there.split('\n').findIndex((line, index) => line !== lines[index]);
      assert.ok(
        there === made,
        `${REFERENCE_FOLDER}/${name} is not current, from line ${other + 1} on: run npm run docs`,
      );
    });
  }

  test('holds nothing that nothing makes', async () => {
    assert.deepEqual((await readdir(join(ROOT, REFERENCE_FOLDER))).sort(), Object.keys(REFERENCES).sort());
  });

  test('tells every error code that the functions raise, and no other', async () => {
    const files = await readdir(join(ROOT, 'sql'), { recursive: true, withFileTypes: true });
    const texts = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'utf8')),
    );
    const raised = texts.flatMap((text) => text.match(/(?<=errcode = ')PU\d{3}/g) ?? []);
    assert.deepEqual(
      [...new Set(raised)].filter((code) => code !== TAKEN_BACK).sort(),
      Object.keys(REFUSALS)
        .filter((code) => code.startsWith('PU'))
        .sort(),
    );
  });
});
