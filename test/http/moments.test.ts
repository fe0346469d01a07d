import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoment } from '../../src/cli/moment.ts';
import { moment } from '../../src/http/api/parameters.ts';

test('a time that Postgres does not take is refused where it is read', () => {
  for (const bad of [
    '0000-01-01',
    '0000-06-01T00:00:00Z',
    '9999-12-31T23:59:59-14:00',
    '2027-02-30T00:00:00',
    'x',
  ]) {
    assert.equal(moment().safeParse(bad).success, false, bad);
    assert.throws(() => parseMoment(bad, '--at'), { code: 'INVALID_INPUT', exitCode: 2 });
  }
  for (const good of ['0001-01-01', '9999-12-31T23:59:59Z', '2027-01-31T12:00:00+14:00']) {
    assert.deepEqual(moment().parse(good), new Date(good));
    assert.deepEqual(parseMoment(good, '--at'), new Date(good));
  }
});
