import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { formatTable } from '../../src/cli/table.ts';

const HEADER = ['NAME', 'STATE', 'QUEUES'];
const ROWS = [
  ['build-1', 'online', 'default release'],
  ['w2', 'offline', ''],
];

suite('a table', () => {
  test('has one line a row where nothing limits it', () => {
    assert.equal(
      formatTable(HEADER, ROWS, Infinity),
      'NAME     STATE    QUEUES\nbuild-1  online   default release\nw2       offline',
    );
  });

  test('goes on in a line of its own where the terminal ends, and cuts nothing', () => {
    assert.equal(
      formatTable(HEADER, ROWS, 20),
      'NAME     STATE\n  QUEUES\nbuild-1  online\n  default release\nw2       offline',
    );
    assert.equal(
      formatTable(HEADER, ROWS, 1),
      'NAME\n  STATE\n  QUEUES\nbuild-1\n  online\n  default release\nw2\n  offline',
    );
  });

  test('that just fits is left as it is', () => {
    const [, widest = ''] = formatTable(HEADER, ROWS, Infinity).split('\n');
    assert.equal(formatTable(HEADER, ROWS, widest.length), formatTable(HEADER, ROWS, Infinity));
    assert.notEqual(formatTable(HEADER, ROWS, widest.length - 1), formatTable(HEADER, ROWS, Infinity));
  });
});
