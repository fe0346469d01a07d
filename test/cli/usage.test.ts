import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { createDatabase } from '../support/database.ts';
import { CommandLine, type Ended } from './command-line.ts';

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** Runs a script by this Node. */
async function runScript(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

suite('the command line', () => {
  test('explains itself', async () => {
    await using pulp = await CommandLine.create({});
    const [version, help, topic, command] = await Promise.all([
      pulp.run(['--version']),
      pulp.run([]),
      pulp.run(['task']),
      pulp.run(['help', 'task', 'list']),
    ]);
    assert.deepEqual(
      [version, help, topic, command].map((ended) => ended.code),
      [0, 0, 0, 0],
    );
    assert.match(version.stdout, /^pulp-tasking\/\d/);
    assert.match(help.stdout, /task +Enqueue, watch and cancel tasks\./);
    assert.match(topic.stdout, /task enqueue +Enqueue a task, or many from a file\./);
    assert.match(command.stdout, /--state=STATE/);
  });

  test('what is said too much is told of the command that was meant', async () => {
    await using pulp = await CommandLine.create({});
    const { code, stderr } = await pulp.run(['worker', 'list', 'builders']);
    assert.deepEqual(
      [code, stderr],
      [
        2,
        'Error: worker list takes no argument builders\nTry: `pulp worker list --help` shows what can be said.\n',
      ],
    );
  });

  test('a wrong command line is exit code 2', async () => {
    await using pulp = await CommandLine.create({});
    const [unknown, missing, setting] = await Promise.all([
      pulp.run(['task', 'enqeue']),
      pulp.json(['task', 'show']),
      pulp.run(['task', 'list'], { env: { DATABASE_URL: 'somewhere' } }),
    ]);
    assert.deepEqual(unknown, {
      code: 2,
      stdout: '',
      stderr:
        'Error: there is no command task enqeue\nTry: Is it `pulp task enqueue`? `pulp --help` shows all.\n',
    });
    assert.equal(missing.code, 2);
    const { code, message, remedy } = (missing.data as { error: Record<string, string> }).error;
    assert.equal(code, 'BAD_USAGE');
    assert.match(message ?? '', /^Missing 1 required arg/);
    assert.match(remedy ?? '', /pulp task show --help/);
    assert.deepEqual([setting.code, setting.stdout], [2, '']);
    assert.match(setting.stderr, /DATABASE_URL is no address of a Postgres database/);
  });

  test('what was mistyped is told, with what was probably meant', async () => {
    await using pulp = await CommandLine.create({ DATABASE_URL: 'postgresql://nobody@localhost:1/none' });
    const lines: readonly (readonly [string[], string])[] = [
      [['xyzzy'], 'Error: there is no command xyzzy\nTry: `pulp --help` shows what can be said.\n'],
      [
        ['task', 'list', 'extra'],
        'Error: task list takes no argument extra\nTry: `pulp task list --help` shows what can be said.\n',
      ],
      [
        ['task', 'list', '--stat', 'failed'],
        'Error: there is no flag --stat\nTry: Is it --state? `pulp task list --help` shows all.\n',
      ],
      [
        ['task', 'enqueue', '--unchecked=false'],
        'Error: --unchecked takes no value\nTry: Leave out what follows it, or the whole flag.\n',
      ],
    ];
    for (const [line, stderr] of lines) {
      assert.deepEqual(await pulp.run(line), { code: 2, stdout: '', stderr });
    }
  });

  test('answers in SQL, and writes only where that is meant', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const [asked, json, wrong, several, writing] = await Promise.all([
      pulp.run(['sql', "select 1 as one, array['a'] as list, null as nothing"]),
      pulp.json(['sql', 'select 1 as one']),
      pulp.run(['sql', 'select foo']),
      pulp.run(['sql', 'select 1; select 2']),
      pulp.run(['sql', "select pulp.enqueue('t')"]),
    ]);
    assert.deepEqual(asked, { code: 0, stdout: 'one  list   nothing\n1    ["a"]\n', stderr: '' });
    assert.deepEqual(json.data, [{ one: 1 }]);
    assert.match(
      wrong.stderr,
      /^Error: column "foo" does not exist at character 8 \(SQLSTATE 42703\)\nTry: /,
    );
    assert.equal(several.code, 2);
    assert.match(writing.stderr, /read-only transaction.*\nTry: Give --write/);
    assert.equal((await pulp.run(['sql', '--write', "select pulp.enqueue('t')"])).code, 0);
  });

  test('in production works on no database that nobody has named', async () => {
    await using pulp = await CommandLine.create({});
    const production: readonly NodeJS.ProcessEnv[] = [{ NODE_ENV: 'production' }, { INVOCATION_ID: 'a1' }];
    for (const env of production) {
      const { code, stderr } = await pulp.run(['task', 'list'], { env });
      assert.equal(code, 2);
      assert.match(
        stderr,
        /^Error: there is neither DATABASE_URL nor PGHOST, and .*\nTry: Set DATABASE_URL, or PGHOST and its like; or PULP_EMBEDDED=1/,
      );
    }
  });

  test('a reader that goes away is no error', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const child = pulp.start(['task', 'enqueue', '--from', '-', '--unchecked', '--keep-going']);
    child.stdout.destroy();
    child.stdin.end('{"name": "any"}\n'.repeat(2500));
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.deepEqual([child.exitCode, stderr], [0, '']);
  });

  test('an old Node is told what to do, in one line', async () => {
    const source = await readFile(RUN, 'utf8');
    new Script(source.replace(/^#!.*/, '')); // throws if only a module may say it
    const old = "Object.defineProperty(process.versions, 'node', { value: '20.19.0' })";
    const { code, stdout, stderr } = await runScript(
      '--import',
      `data:text/javascript,${encodeURIComponent(old)}`,
      RUN,
    );
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /^pulp needs Node 24 or newer .*export PATH="\$PWD\/node_modules\/\.bin:\$PATH".*\n$/,
    );
  });

  test('without a build it says how to build', async () => {
    await using pulp = await CommandLine.create({});
    await cp(dirname(RUN), join(pulp.folder, 'bin'), { recursive: true });
    await pulp.write('package.json', '{ "type": "module" }');
    const { code, stderr } = await runScript(join(pulp.folder, 'bin/run.js'));
    assert.deepEqual([code, stderr], [1, 'pulp has not been built yet: run `npm run build`.\n']);
  });
});
