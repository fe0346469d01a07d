import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { problemOfCall, pulpCalls, type KnownCommand } from './command-lines.ts';
import { isWritten, readPages } from './page.ts';
import { loadCommandLine } from './reference/cli.ts';
import { ROOT } from './repository.ts';

/** Commands that pulp-cli has and we have not: for paragraphs that speak of it. */
const OF_PULP_CLI = [
  'status',
  'task:destroy',
  'task:summary',
  'task-group:list',
  'task-group:show',
  'worker:show',
].map((id): KnownCommand => ({ id, flags: {} }));

const { commands } = await loadCommandLine();
const lines = (await readPages())
  .filter(isWritten)
  .flatMap(({ path, code, fences }) => [
    ...code.map((span) => ({ path, ...span })),
    ...fences
      .filter(({ language }) => ['sh', 'dockerfile', 'yaml', 'ini'].includes(language))
      .map(({ text, line }) => ({ path, text, line, around: '' })),
  ]);

suite('the commands that the pages name', () => {
  test('are there, with their flags', () => {
    const found = lines.flatMap((line) => pulpCalls(line.text).map((call) => ({ ...line, call })));
    assert.notEqual(found.length, 0);
    const problems = found.flatMap(({ path, line, around, call }) => {
      const known = around.includes('pulp-cli') ? [...commands, ...OF_PULP_CLI] : commands;
      const problem = problemOfCall(call, known);
      return problem === undefined ? [] : [`${path}:${line}: pulp ${call}: ${problem}`];
    });
    assert.ok(problems.length === 0, problems.join('\n'));
  });

  test('of npm are scripts of this package', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Readonly<Record<string, string>>;
    };
    const problems = lines.flatMap(({ path, text, line }) =>
      Array.from(
        text.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(test|start)\b)/g),
        ([, run, own]) => run ?? own ?? '',
      )
        .filter((script) => !(script in scripts))
        .map((script) => `${path}:${line}: there is no script ${script}`),
    );
    assert.ok(problems.length === 0, problems.join('\n'));
  });
});

suite('how calls of pulp are found in text', () => {
  for (const [text, calls] of [
    ['pulp task list --state failed', ['task list --state failed']],
    ['id=$(npx pulp task enqueue a --kwargs \'{"a": "pulp x"}\')', ['task enqueue a --kwargs QUOTED']],
    [
      'pulp task wait "$(pulp task enqueue --from -)" && pulp stats',
      ['task wait $(pulp task enqueue --from -', 'stats'],
    ],
    ['pulp hold /a/ --for 1h -- rsync --delete', ['hold /a/ --for 1h']],
    ['PULP_CONCURRENCY=4 npx pulp workers start   # four of them', ['workers start']],
    ['pulp task list || pulp stats --json &', ['task list', 'stats --json']],
    ['npm install pulp-tasking zod', []],
    ['pulp.task', []],
    ['systemctl status pulp-worker', []],
  ] as const) {
    test(text, () => {
      assert.deepEqual(pulpCalls(text), calls);
    });
  }

  for (const [call, problem] of [
    ['task list --state failed --json', undefined],
    ['task cancel|retry|set --dry-run', undefined],
    ['worker --queue mail', undefined],
    ['schedule', undefined],
    ['frobnicate', 'there is no command "frobnicate"'],
    ['task frobnicate', 'there is no command "task frobnicate"'],
    ['task list --no-such-flag', '"task list" has no flag --no-such-flag'],
  ] as const) {
    test(`pulp ${call}: ${problem ?? 'nothing is wrong'}`, () => {
      assert.equal(problemOfCall(call, commands), problem);
    });
  }
});
