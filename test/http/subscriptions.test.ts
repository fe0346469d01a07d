import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { UserRole } from '../../src/http/access/rights.ts';
import { askAsDocumented } from './documented.ts';
import { Served } from './served.ts';

const ROOT = '/api/v1/subscriptions';
const hook = { name: 'hook', url: 'https://example.org/hook', types: ['TaskFailed'] };

suite('subscriptions over HTTP', () => {
  test('are made, shown, paused, resumed, set back and deleted, as the document says', async () => {
    await using served = await Served.start();
    const ask = await askAsDocumented(served, ROOT);
    const { secret, ...made } = (await ask('create_subscription', '', { body: hook })) as Record<
      string,
      unknown
    >;
    assert.match(String(secret), /^whsec_/);
    assert.partialDeepStrictEqual(made, {
      kinds: ['task'],
      owner: 'the-operator',
      state: 'active',
      give_up_seconds: 86_400,
    });
    const shown = await ask('show_subscription', '/hook', { as: 'observer' });
    assert.ok(!JSON.stringify(shown).includes(String(secret)));
    assert.partialDeepStrictEqual(await ask('list_subscriptions', '?limit=10'), {
      subscriptions: [{ name: 'hook' }],
      cursor: null,
    });
    const body = { reason: 'moved' };
    assert.partialDeepStrictEqual(await ask('pause_subscription', '/hook/pause', { body }), {
      state: 'paused',
      reason: 'moved',
    });
    assert.partialDeepStrictEqual(
      await ask('replay_subscription', '/hook/replay', { body: { from: 'beginning' } }),
      { cursor: '1:0:0', state: 'paused' },
    );
    assert.partialDeepStrictEqual(await ask('resume_subscription', '/hook/resume', { body: {} }), {
      state: 'active',
    });
    await ask('delete_subscription', '/hook', { method: 'DELETE' });
    assert.equal((await served.ask(`${ROOT}/hook`)).status, 404);
  });

  test('are told what is wrong with a request', async () => {
    await using served = await Served.start();
    await served.ask(ROOT, { body: { name: 'a' } });
    const wrong: readonly (readonly [string, unknown, UserRole, number, string])[] = [
      ['', { name: 'b', types: ['TaskDone'] }, 'operator', 400, 'INVALID_INPUT'],
      ['', { name: 'b', colour: 'red' }, 'operator', 400, 'INVALID_INPUT'],
      ['', { name: 'b', url: 'ftp://example.org/' }, 'operator', 400, 'INVALID_INPUT'],
      ['', { name: 'b', from: 'yesterday' }, 'operator', 400, 'INVALID_INPUT'],
      ['', { name: 'a' }, 'operator', 409, 'SUBSCRIPTION_EXISTS'],
      ['', hook, 'submitter', 403, 'NOT_ALLOWED'],
      ['/a/resume', {}, 'operator', 409, 'SUBSCRIPTION_STATE'],
      ['/a/replay', {}, 'operator', 400, 'INVALID_INPUT'],
      ['/a/replay', { from: '1:99999999:1' }, 'operator', 400, 'INVALID_INPUT'],
      ['/none/pause', {}, 'operator', 404, 'MISSING_SUBSCRIPTION'],
      ['/a/pause', {}, 'observer', 403, 'NOT_ALLOWED'],
    ];
    for (const [path, body, as, status, code] of wrong) {
      const { status: got, data } = await served.ask(ROOT + path, { body, as });
      assert.deepEqual(
        [got, (data as { code: string }).code],
        [status, code],
        `${path} ${JSON.stringify(body)}`,
      );
    }
  });
});
