import assert from 'node:assert/strict';
import { fstatSync } from 'node:fs';
import { suite, test } from 'node:test';
import { isJournal, JournalBudget, journalLines, PRIORITY, priorityOf } from '../../src/processes/journal.ts';

/** The journal's own limit, see LineMax in journald.conf(5). */
const LINE_MAX = 48 * 1024;

suite('lines for the journal', () => {
  test('each has our priority, whatever it begins with', () => {
    assert.equal(
      journalLines('plain\n<0>posing\nunfinished', PRIORITY.warning).toString(),
      '<4>plain\n<4><0>posing\n<4>unfinished\n',
    );
    assert.deepEqual([10, 20, 30, 40, 50, 60].map(priorityOf), [7, 7, 6, 4, 3, 2]);
  });

  test('none is so long that the journal would cut it; no character is lost or cut', () => {
    for (const text of ['x'.repeat(LINE_MAX * 2), 'é'.repeat(LINE_MAX), '🐎'.repeat(LINE_MAX)]) {
      const lines = journalLines(`${text}\n`, PRIORITY.info).toString().trimEnd().split('\n');
      assert(lines.length > 1);
      for (const line of lines) {
        assert(Buffer.byteLength(line) <= LINE_MAX);
        assert.equal(line.slice(0, 3), '<6>');
      }
      assert.equal(lines.map((line) => line.slice(3)).join(''), text);
    }
  });

  test('the journal is known by the file handle that it gave', () => {
    const { dev, ino } = fstatSync(2, { bigint: true });
    const known = [`${dev}:${ino}`, `${dev}:${ino + 1n}`, '', undefined].map((JOURNAL_STREAM) =>
      isJournal(2, { JOURNAL_STREAM }),
    );
    assert.deepEqual(known, [true, false, false, false]);
  });

  test('what tasks may write is limited by the time, and told when there is room again', () => {
    const budget = new JournalBudget();
    const lines = Buffer.from('line\n'.repeat(10_000));
    const taken = [0, 0, 0, 10_000, 29_999, 30_000].map((now) => budget.takes(lines, now));
    assert.deepEqual(taken, [true, true, true, false, false, true]);
    assert.equal(budget.pauseMs(50_000), 10_000);
  });
});
