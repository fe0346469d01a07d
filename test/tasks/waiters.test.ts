import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Notifications } from '../../src/postgres/notifications.ts';
import { Waiters, type Answer } from '../../src/waiting/waiters.ts';
import { connect, createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const answer = (): Answer => Promise.withResolvers();

suite('those who wait for tasks', () => {
  test('are concerned by notifications that bear the end of a task id, or nothing', () => {
    const waiters = new Waiters();
    const [first, second, other] = [answer(), answer(), answer()];
    waiters.add('00000000-0000-7000-8000-0000aaaaaaaa', first);
    waiters.add('00000000-0000-7000-8000-0000aaaaaaaa', second);
    waiters.add('11111111-1111-7000-8000-0000aaaaaaaa', other);
    assert.ok(waiters.areConcernedBy('bbbbbbbb aaaaaaaa'));
    assert.ok(waiters.areConcernedBy(''));
    assert.ok(!waiters.areConcernedBy('bbbbbbbb'));

    waiters.remove('00000000-0000-7000-8000-0000aaaaaaaa', first);
    waiters.remove('00000000-0000-7000-8000-0000aaaaaaaa', first);
    waiters.remove('00000000-0000-7000-8000-0000aaaaaaaa', second);
    assert.deepEqual(waiters.ids, ['11111111-1111-7000-8000-0000aaaaaaaa']);
    assert.ok(waiters.areConcernedBy('aaaaaaaa'));
    waiters.remove('11111111-1111-7000-8000-0000aaaaaaaa', other);
    assert.equal(waiters.size, 0);
    assert.ok(!waiters.areConcernedBy('aaaaaaaa'));
  });

  test('do not look for others', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    process.env['DATABASE_URL'] = database.url;
    const seen: string[] = [];
    let looks = 0;
    await using notifications = new Notifications({
      applicationName: 'concerned',
      channels: ['concerns'],
      isOfConcern: (payload) => {
        seen.push(payload);
        return payload === 'ours';
      },
      onNotification: () => {
        looks += 1;
      },
    });
    await notifications.listen();
    await client.query(`notify concerns, 'theirs'`);
    await until(() => seen.length === 1);
    assert.equal(looks, 0);
    await client.query(`notify concerns, 'ours'`);
    await until(() => looks === 1);
  });
});
