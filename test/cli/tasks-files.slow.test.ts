import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createDatabase } from '../support/database.ts';
import { CommandLine } from './command-line.ts';

const INDEX = fileURLToPath(new URL('../../src/index.ts', import.meta.url));

/** A file that defines one task type, which says in which process it ran. */
function defining(name: string): string {
  return `import { defineTask } from ${JSON.stringify(INDEX)};\nexport default defineTask('${name}', { run: () => '${name} ran' });\n`;
}

suite('several tasks files', () => {
  test('are run by one worker, and tasks are checked by all of them', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await mkdir(join(pulp.folder, 'part'));
    await pulp.write('part/one.mjs', defining('one'));
    await pulp.write('part/two.mjs', defining('two'));
    await pulp.write('three.mjs', defining('three'));
    const tasks = ['--tasks', 'part', '--tasks', 'three.mjs'];
    for (const name of ['one', 'three']) {
      const enqueued = await pulp.run(['task', 'enqueue', name, ...tasks]);
      assert.equal(enqueued.code, 0, enqueued.stderr);
    }
    const worker = await pulp.worker(...tasks);
    const { code, data } = await pulp.json(['task', 'enqueue', 'two', '--wait'], {
      env: { PULP_TASKS: 'part:three.mjs' },
    });
    assert.equal(code, 0, JSON.stringify(data));
    const states = await pulp.run([
      'db',
      'psql',
      '-XAtc',
      'select name, result from pulp.task order by name',
    ]);
    assert.equal(states.stdout, 'one|"one ran"\nthree|"three ran"\ntwo|"two ran"\n');
    worker.process.kill('SIGTERM');
    assert.deepEqual(await worker.ended, { code: 0 });

    await pulp.write('four.mjs', defining('one'));
    const twice = await pulp.run(['worker', '--dry-run', ...tasks, '--tasks', 'four.mjs']);
    assert.equal(twice.code, 2);
    assert.match(twice.stderr, /one\.mjs and .*four\.mjs both define a task type named one/);
  });
});
