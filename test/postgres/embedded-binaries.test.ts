import assert from 'node:assert/strict';
import { cp, lstat, mkdtempDisposable, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { findEmbeddedBinaries, linkLibraries } from '../../src/postgres/embedded-binaries.ts';

test('installed without scripts, the embedded Postgres runs once its libraries are linked', async () => {
  const { postgres } = await findEmbeddedBinaries();
  const installed = dirname(dirname(dirname(postgres)));
  await using folder = await mkdtempDisposable(join(tmpdir(), 'pulp-binaries-'));
  await cp(installed, folder.path, { recursive: true, verbatimSymlinks: true });
  const file = await readFile(join(folder.path, 'native/pg-symlinks.json'), 'utf8');
  const targets = (JSON.parse(file) as { target: string }[]).map(({ target }) => target);
  assert.notEqual(targets.length, 0);
  for (const target of targets) await rm(join(folder.path, target));
  const run = () => promisify(execFile)(join(folder.path, 'native/bin/postgres'), ['--version']);
  await assert.rejects(run, /cannot open shared object file/);

  await Promise.all([linkLibraries(folder.path), linkLibraries(folder.path)]);

  await run();
  for (const target of targets) {
    assert.ok((await lstat(join(folder.path, target))).isSymbolicLink());
    assert.equal(await readlink(join(folder.path, target)), await readlink(join(installed, target)));
  }
  await linkLibraries(folder.path); // there is nothing left to make
});

test('a platform whose package names no links needs none', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'pulp-binaries-'));
  await linkLibraries(folder.path);
});
