import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The scripts that together run every test file, and none of them twice. */
const SCRIPTS = ['test', 'test:beside', 'test:alone'];

const { scripts } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

const globsOf = (script: string) =>
  [...(scripts[script] ?? '').matchAll(/"(test\/[^"]*)"/g)].map(([, glob = '']) => glob);
const filesOf = (glob: string) => globSync(glob, { cwd: ROOT });

test('every pattern of the scripts of tests has files', () => {
  for (const script of [...SCRIPTS, 'test:faults'])
    for (const glob of globsOf(script)) assert.notEqual(filesOf(glob).length, 0, `${script}: ${glob}`);
});

test('every test file is run by one script', () => {
  const run = SCRIPTS.flatMap(globsOf).flatMap(filesOf).sort();
  assert.deepEqual(run, filesOf('test/**/*.test.ts').sort());
});
