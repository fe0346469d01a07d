import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { PulpError } from '../../src/errors.ts';
import { Duty, dutyError, type DutyError, type DutyNews } from '../../src/leader/duty.ts';

const BROKEN: DutyError = { code: '23514', message: 'a rule was broken', isPassing: false };
const BUSY: DutyError = { code: '55P03', message: 'somebody holds it', isPassing: true };

/** A duty whose clock is moved by hand; chance is always the mean. */
function duty() {
  let now = 0;
  const told = new Duty('grant', { now: () => now, random: () => 0.5 });
  const markTold = (news: DutyNews) => {
    if (news !== undefined) told.markTold(news);
    return news;
  };
  return {
    duty: told,
    pass: (ms: number) => {
      now += ms;
    },
    untilDue: () => told.dueAt - now,
    fail: (error: DutyError) => markTold(told.failed(error)),
    work: () => markTold(told.worked()),
  };
}

suite('a duty of the leader', () => {
  test('that fails again and again pauses twice as long each time, up to a minute', () => {
    const it = duty();
    const pauses = Array.from({ length: 12 }, () => {
      it.fail(BROKEN);
      const ms = it.untilDue();
      it.pass(ms);
      return ms;
    });
    assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
    it.work();
    it.fail(BROKEN);
    assert.equal(it.untilDue(), 100);
  });

  test('pauses two seconds at most where something is only in the way', () => {
    const it = duty();
    for (let n = 0; n < 10; n++) it.fail(BUSY);
    assert.equal(it.untilDue(), 2000);
  });

  test('spreads its pauses', () => {
    for (const [random, pause] of [
      [0, 75],
      [1, 125],
    ] as const) {
      const it = new Duty('watch', { now: () => 0, random: () => random });
      it.failed(BROKEN);
      assert.equal(it.dueAt, pause);
    }
  });

  test('that works again is due until that has been told, however long it would rest', () => {
    const it = duty();
    it.fail(BROKEN);
    it.pass(100);
    it.duty.begin();
    it.duty.nextIn(3_600_000);
    assert.equal(it.work(), undefined);
    assert.equal(it.untilDue(), 9900);
    it.pass(9900);
    assert.deepEqual(it.work(), { error: null });
  });

  test('is not due sooner for being called while it pauses', () => {
    const it = duty();
    it.fail(BROKEN);
    it.duty.call();
    assert.ok(!it.duty.isDue);
    it.pass(100);
    assert.ok(it.duty.isDue);
  });

  test('that is called while it is done is due again at once', () => {
    const it = duty();
    it.duty.begin();
    it.duty.nextIn(5000);
    assert.equal(it.untilDue(), 5000);
    it.duty.call();
    assert.ok(it.duty.isDue);
  });

  test('is news when it begins to fail, fails otherwise, and has worked again for a while', () => {
    const it = duty();
    assert.equal(it.work(), undefined);
    assert.deepEqual(it.fail(BROKEN), { error: BROKEN });
    assert.equal(it.fail(BROKEN), undefined);
    const other = { ...BROKEN, code: '42P01' };
    assert.deepEqual(it.fail(other), { error: other });
    it.pass(5000);
    assert.equal(it.work(), undefined);
    assert.equal(it.fail(other), undefined);
    it.pass(10_000);
    assert.deepEqual(it.work(), { error: null });
    assert.equal(it.work(), undefined);
  });

  test('that fails every second time appends no events without end', () => {
    const it = duty();
    let news = 0;
    for (let n = 0; n < 1000; n++) {
      it.pass(100);
      if ((n % 2 === 0 ? it.fail(BROKEN) : it.work()) !== undefined) news += 1;
    }
    assert.equal(news, 1);
  });

  test('keeps to itself for two seconds what may pass by itself', () => {
    const it = duty();
    assert.equal(it.fail(BUSY), undefined);
    it.pass(1999);
    assert.equal(it.fail(BUSY), undefined);
    it.pass(1);
    assert.deepEqual(it.fail(BUSY), { error: BUSY });
  });

  test('gives its news again until they got through', () => {
    const it = new Duty('grant', { now: () => 0, random: () => 0.5 });
    assert.deepEqual(it.failed(BROKEN), { error: BROKEN });
    const news = it.failed(BROKEN);
    assert.deepEqual(news, { error: BROKEN });
    it.markTold({ error: BROKEN });
    assert.equal(it.failed(BROKEN), undefined);
  });

  test('says of an error what it means', () => {
    const failure = (code: string) => Object.assign(new Error('it failed'), { code });
    for (const code of ['40001', '40P01', '55P03', '57014', '53100', '53200', '58030']) {
      assert.deepEqual(dutyError(failure(code)), { code, message: 'it failed', isPassing: true });
    }
    assert.deepEqual(dutyError(Object.assign(failure('23514'), { hint: 'Do so.' })), {
      code: '23514',
      message: 'it failed: Do so.',
      isPassing: false,
    });
    assert.deepEqual(dutyError(new TypeError('no function')), {
      code: 'TypeError',
      message: 'no function',
      isPassing: false,
    });
    assert.deepEqual(dutyError(new PulpError('NO_ROOM', 'there is no room', { remedy: 'Make some.' })), {
      code: 'NO_ROOM',
      message: 'there is no room: Make some.',
      isPassing: false,
    });
  });
});
