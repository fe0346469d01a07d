import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PulpError } from '../../src/errors.ts';
import { loadTaskTypes } from '../../src/tasks/task-registry.ts';
import { findTasksPaths, requireTasksPaths, tasksFilesAt } from '../../src/tasks/tasks-files.ts';
import { versionsIn } from '../../src/tasks/versions.ts';

const INDEX = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
const IMPORT = `import { defineTask } from ${JSON.stringify(INDEX)};\nconst make = (name) => defineTask(name, { run: () => name });\n`;
const REQUIRE = IMPORT.replace('import {', 'const {').replace('} from', '} = require(').replace(';', ');');

let folder: string;
before(async () => (folder = await realpath(await mkdtemp(join(tmpdir(), 'pulp-tasks-')))));
after(() => rm(folder, { recursive: true }));

let files = 0;

/** Writes a file of a name of its own; gives its path. */
async function file(text: string, extension = 'mjs'): Promise<string> {
  const path = join(folder, `file-${(files += 1)}.${extension}`);
  await writeFile(path, text);
  return path;
}

async function names(...paths: string[]): Promise<string[]> {
  return [...(await loadTaskTypes(paths)).keys()].sort();
}

async function refusal(...paths: string[]): Promise<{ code: string; message: string }> {
  const error: unknown = await loadTaskTypes(paths).catch((caught: unknown) => caught);
  assert.ok(error instanceof PulpError && error.remedy !== '', String(error));
  const { code, message } = error;
  return { code, message };
}

suite('task types are found', () => {
  const forms: readonly (readonly [string, string, string])[] = [
    ['by names', `${IMPORT}export const a = make('a'), b = make('b');`, 'mjs'],
    ['in an array', `${IMPORT}export const list = [make('a'), make('b')];`, 'mjs'],
    [
      'as arrays and by names at once',
      `${IMPORT}export const a = make('a');\nexport const list = [a, make('b')];`,
      'mjs',
    ],
    ['as an array that is the default', `${IMPORT}export default [make('a'), make('b')];`, 'mjs'],
    [
      'as an object that is the default',
      `${IMPORT}export default { a: make('a'), others: [make('b')] };`,
      'mjs',
    ],
    ['as a default beside a name', `${IMPORT}export default make('a');\nexport const b = make('b');`, 'mjs'],
    ['in exports of CommonJS', `${REQUIRE}exports.a = make('a');\nexports.b = make('b');`, 'cjs'],
    ['in module.exports', `${REQUIRE}module.exports = { a: make('a'), others: [make('b')] };`, 'cjs'],
    ['in a module.exports that is an array', `${REQUIRE}module.exports = [make('a'), make('b')];`, 'cjs'],
    [
      'in what was made CommonJS of a module',
      `${REQUIRE}Object.defineProperty(exports, '__esModule', { value: true });\nexports.default = [make('a'), make('b')];`,
      'cjs',
    ],
    [
      'in TypeScript',
      `${IMPORT.replace('(name)', '(name: string)')}export default [make('a'), make('b')] as const;`,
      'ts',
    ],
  ];
  for (const [form, text, extension] of forms) {
    test(form, async () => {
      assert.deepEqual(await names(await file(text, extension)), ['a', 'b']);
    });
  }

  test('in several files, and in folders: of those the code, but no tests, declarations and hidden files', async () => {
    const part = join(folder, 'part');
    await mkdir(join(part, 'inner'), { recursive: true });
    const shared = await file(`${IMPORT}export const shared = make('shared');`);
    await Promise.all([
      writeFile(
        join(part, 'one.mjs'),
        `${IMPORT}export { shared } from ${JSON.stringify(shared)};\nexport default make('one');`,
      ),
      writeFile(
        join(part, 'two.ts'),
        `${IMPORT.replace('(name)', '(name: string)')}export default make('two');`,
      ),
      writeFile(join(part, 'helper.js'), 'export const none = 1;'),
      ...['two.d.ts', 'two.test.ts', '.hidden.mjs', 'notes.md', 'inner/three.mjs'].map((name) =>
        writeFile(join(part, name), 'throw new Error("not to be loaded");'),
      ),
    ]);
    assert.deepEqual(await names(part, shared, shared), ['one', 'shared', 'two']);
    assert.deepEqual(
      await tasksFilesAt([part]),
      ['helper.js', 'one.mjs', 'two.ts'].map((name) => join(part, name)),
    );
  });

  test('where PULP_TASKS names them, if no other file is named', async () => {
    process.env['PULP_TASKS'] = '/a/one.ts:two';
    try {
      assert.deepEqual(await findTasksPaths(), ['/a/one.ts', join(process.cwd(), 'two')]);
      assert.deepEqual(await findTasksPaths(['/b']), ['/b']);
      await assert.rejects(requireTasksPaths(), { code: 'NO_TASKS_FILE', message: 'there is no /a/one.ts' });
    } finally {
      delete process.env['PULP_TASKS'];
    }
  });
});

suite('task types are refused', () => {
  test('of one name in two files, naming both, and in one', async () => {
    const one = await file(`${IMPORT}export default make('same');`);
    const two = await file(`${IMPORT}export default make('same');`);
    assert.deepEqual(await refusal(one, two), {
      code: 'TASKS_FILE_UNUSABLE',
      message: `${one} and ${two} both define a task type named same`,
    });
    const twice = await file(`${IMPORT}export default [make('same'), make('same')];`);
    assert.equal((await refusal(twice)).message, `${twice} defines two task types named same`);
  });

  test('in a list with something else in it, and where there are none', async () => {
    const odd = await file(`${IMPORT}export const list = [make('a'), undefined];`);
    assert.match((await refusal(odd)).message, /exports list\[1\], which is no task type/);
    const none = await file('export const a = 1;');
    assert.equal((await refusal(none)).message, `${none} exports no task types`);
    const empty = join(folder, 'empty');
    await mkdir(empty);
    assert.deepEqual(await refusal(empty), {
      code: 'NO_TASKS_FILE',
      message: `the folder ${empty} has no file of code in it; folders in it are not searched`,
    });
  });

  for (const [what, text, extension, place, message] of [
    [
      'a module',
      'export const a = 1;\nexport const b = {\n  x: ,\n};\n',
      'mjs',
      '3:6',
      /Unexpected token ','/,
    ],
    [
      'TypeScript',
      'const a: number = 1;\nexport const b = {\n  x: ,\n};\n',
      'ts',
      '3:6',
      /Expression expected/,
    ],
    ['what strips no types', 'export enum Kind { One }\n', 'ts', '1:8', /enum is not supported/],
    ['CommonJS', 'exports.a = 1;\nconst b = (;\n', 'cjs', '2:12', /Unexpected token ';'/],
    ['what throws', 'const a = 1;\nthrow new Error("broken");\n', 'mjs', '2:7', /broken/],
    ['an import of what is not there', 'import { none } from "node:fs";\n', 'mjs', '1:10', /none/],
  ] as const) {
    test(`of ${what} with an error by file, line and column, in one sentence`, async () => {
      const path = await file(text, extension);
      const error = await refusal(path);
      assert.equal(error.code, 'TASKS_FILE_UNUSABLE');
      assert.equal(
        error.message.slice(0, `${path}:${place} cannot be loaded: `.length),
        `${path}:${place} cannot be loaded: `,
      );
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
    });
  }

  test('where two files say that workers have one thing in two versions', async () => {
    const one = await file(`export const versions = { rpm: '1' };`);
    const two = await file(`export const versions = { rpm: '1', deb: '2' };`);
    assert.deepEqual(await versionsIn([one, two]), { rpm: '1', deb: '2' });
    const other = await file(`export const versions = { rpm: '3' };`);
    await assert.rejects(versionsIn([one, other]), {
      code: 'TASKS_FILE_UNUSABLE',
      message: /rpm in two versions/,
    });
  });
});
