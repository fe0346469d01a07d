import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { printable, printableLine } from '../../src/cli/printable.ts';
import { environmentFileProblem } from '../../src/systemd/environment-file.ts';
import { readStatus } from '../../src/health/status-file.ts';
import { createDatabase } from '../support/database.ts';
import { CommandLine } from './command-line.ts';

const onlyRoot = { skip: process.geteuid?.() !== 0 && 'needs root' };

/** Some other user, and a group that is not ours. */
const OTHER = 4711;

const TASKS = `
import { writeFileSync } from 'node:fs';
writeFileSync(new URL('ran', import.meta.url), '');
import { defineTask } from '${new URL('../../src/index.ts', import.meta.url).href}';
export const x = defineTask('prepared.x', { run: () => undefined });
`;

/** How others prepare a file or its folder, and what is said of it; undefined: it is taken. */
const GROUNDS: Readonly<
  Record<string, [prepare: (file: string, folder: string) => void, said: RegExp | undefined]>
> = {
  'ours alone': [() => undefined, undefined],
  'in the group of our own': [
    (file) => {
      chmodSync(file, 0o664);
    },
    undefined,
  ],
  'in a sticky folder': [
    (_, folder) => {
      chmodSync(folder, 0o1777);
    },
    undefined,
  ],
  'of another user': [
    (file) => {
      chownSync(file, OTHER, OTHER);
    },
    /belongs to user 4711/,
  ],
  'open to everybody': [
    (file) => {
      chmodSync(file, 0o606);
    },
    /written to by everybody/,
  ],
  'open to a group': [
    (file) => {
      chownSync(file, 0, OTHER);
      chmodSync(file, 0o660);
    },
    /written to by group 4711/,
  ],
  'in a folder of another user': [
    (_, folder) => {
      chownSync(folder, OTHER, OTHER);
    },
    /in a folder that belongs to user 4711/,
  ],
  'in an open folder': [
    (_, folder) => {
      chmodSync(folder, 0o777);
    },
    /in a folder that can be written to by everybody/,
  ],
};

suite('what others have prepared', () => {
  test('as a tasks file is not run unless it is named', onlyRoot, async () => {
    await using database = await createDatabase();
    for (const [how, [prepare, said]] of Object.entries(GROUNDS)) {
      await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
      await pulp.write('pulp.tasks.mjs', TASKS);
      const file = join(pulp.folder, 'pulp.tasks.mjs');
      prepare(file, pulp.folder);
      const found = await pulp.run(['task', 'enqueue', 'prepared.x']);
      assert.equal(found.code, said === undefined ? 0 : 2, `${how}: ${found.stderr}`);
      if (said === undefined) continue;
      assert.match(found.stderr, said, how);
      assert.match(found.stderr, /\nTry: .*--tasks/);
      assert.throws(() => execFileSync('ls', [join(pulp.folder, 'ran')], { stdio: 'ignore' }), how);
      const named = await pulp.run(['task', 'enqueue', 'prepared.x', '--tasks', file]);
      assert.equal(named.code, 0, named.stderr);
    }
  });

  test('as an environment file is not given to services', onlyRoot, async () => {
    for (const [how, [prepare, said]] of Object.entries(GROUNDS)) {
      await using pulp = await CommandLine.create({});
      await pulp.write('workers.env', 'DATABASE_URL=postgresql://db/pulp\n');
      const file = join(pulp.folder, 'workers.env');
      chmodSync(file, 0o600);
      prepare(file, pulp.folder);
      const { message } = (await environmentFileProblem(file)) ?? { message: 'none' };
      if (how === 'in the group of our own') assert.match(message, /read by everybody/);
      else assert.match(message, said === undefined || how.includes('folder') ? /^none$/ : said, how);
    }
  });

  test('as a status file is not believed, and holds nobody up', onlyRoot, async () => {
    await using pulp = await CommandLine.create({});
    const folder = join(pulp.folder, 'work', '.status');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const status = {
      worker: 'w',
      host: hostname(),
      pid: 1,
      startTime: '1',
      state: 'online',
      since: new Date(),
      why: null,
    };
    const file = (name: string) => join(folder, `${name}.json`);
    writeFileSync(file('ours'), JSON.stringify(status));
    assert.equal((await readStatus(file('ours')))?.state, 'online');
    writeFileSync(file('theirs'), JSON.stringify(status));
    chownSync(file('theirs'), OTHER, OTHER);
    symlinkSync(file('ours'), file('link'));
    execFileSync('mkfifo', [file('fifo')]);
    mkdirSync(file('folder'));
    for (const name of ['theirs', 'link', 'fifo', 'folder', 'none']) {
      assert.equal(await readStatus(file(name)), undefined, name);
    }
    assert.equal((await pulp.run(['worker', 'check', '--name', 'fifo'])).code, 1);
    chownSync(join(pulp.folder, 'work'), OTHER, OTHER);
    const unsafe = await pulp.run(['worker', 'check', '--name', 'ours']);
    assert.deepEqual([unsafe.code, unsafe.stdout], [2, '']);
    assert.match(unsafe.stderr, /belongs to user 4711/);
  });

  test('as text turns nothing on a terminal', () => {
    const controls = [
      '\u061c',
      '\u200e',
      '\u200f',
      '\u202a',
      '\u202e',
      '\u2066',
      '\u2069',
      '\u0007',
      '\u001b',
      '\u007f',
      '\u009b',
    ];
    for (const control of controls) {
      const shown = `a\\${control === '\u0007' ? 'u0007' : `u${control.charCodeAt(0).toString(16).padStart(4, '0')}`}b`;
      assert.equal(printable(`a${control}b`), shown);
      assert.equal(printableLine(`a${control}b`), shown);
    }
    assert.equal(printable('one\n\ttwo, שלום, 🦄'), 'one\n\ttwo, שלום, 🦄');
    assert.equal(printableLine('one\ntwo'), 'one\\ntwo');
  });
});
