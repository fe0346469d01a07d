import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Config } from '@oclif/core/config';
import { settings } from '@oclif/core/settings';
import { commandFiles } from '../../src/cli/command-files.ts';
import { commandNames } from '../../src/cli/command-names.ts';
import { packageDescription, ROOT } from '../../src/cli/package-description.ts';

settings.enableAutoTranspile = false;

/** The commands that a command line has loaded. */
async function loadedFor(...argv: string[]): Promise<readonly string[]> {
  const { commandIDs } = await Config.load({
    root: ROOT,
    pjson: await packageDescription(commandFiles(argv)),
  });
  return commandIDs;
}

suite('the files of commands', () => {
  test('that a command line needs have its command', async () => {
    for (const name of await commandNames()) {
      const words = name.split(' ');
      const loaded = await loadedFor(...words, '--json', 'more');
      assert.ok(loaded.includes(words.join(':')), name);
    }
  });

  test('are those of its command alone, or of its topic', () => {
    assert.deepEqual(commandFiles(['task', 'list', '--state', 'failed']), ['task/list.ts']);
    assert.deepEqual(commandFiles(['hold', '/x/', '--', 'task', 'list']), ['hold.ts']);
    assert.deepEqual(commandFiles(['task', 'lst']), ['task/*.ts']);
    assert.deepEqual(commandFiles(['worker', '--help']), ['worker/*.ts']);
    assert.deepEqual(commandFiles(['--version']), []);
  });

  test('are all where the help of all, what was mistyped or a plugin is asked for', () => {
    for (const argv of [[], ['--help'], ['tsak', 'list'], ['autocomplete'], ['../cli/main']])
      assert.equal(commandFiles(argv), undefined);
  });
});
