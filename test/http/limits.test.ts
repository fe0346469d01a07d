import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../support/database.ts';
import { checkAnswer, type Document } from './documented.ts';
import { Served, type Asking } from './served.ts';

suite('limits and holds over HTTP', () => {
  test('are set, asked for, shown and let go of, as the document says', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const response = await fetch(`${served.url}/api/v1/openapi.json`);
    const document = (await response.json()) as Document;
    const ask = async (operationId: string, path: string, options: Asking = {}): Promise<unknown> => {
      const answered = await served.ask(`/api/v1/${path}`, options);
      assert(answered.status < 300, answered.text);
      checkAnswer(document, operationId, answered);
      return answered.data;
    };
    await ask('set_capacity', 'resource/capacity', {
      body: { name: '/gpu/', capacity: 4, reason: 'four cards' },
    });
    const limits = await ask('set_rate', 'resource/rate', {
      body: { name: '/gpu/', rate: { count: 10, seconds: 60 } },
    });
    assert.partialDeepStrictEqual(limits, {
      limits: [
        { resource: '/gpu/', capacity: 4, units_free: 4, rate: 10, per_seconds: 60, actor: 'the-operator' },
      ],
    });
    assert.deepEqual(await ask('list_limits', 'limits', { as: 'observer' }), limits);
    await ask('enqueue', 'tasks', { body: { name: 't', unchecked: true, units: { '/gpu/': 2 } } });
    const asked = { resources: ['/a/'], units: { '/gpu/': 3 }, reason: 'a look', seconds: 60 };
    const { id } = (await ask('request_hold', 'holds', { body: asked, as: 'submitter' })) as { id: string };
    const shown = await ask('show_resource', 'resource?name=%2Fgpu%2F');
    assert.partialDeepStrictEqual(shown, {
      limit: { capacity: 4 },
      line: [
        { name: 't', units: 2, hold: null },
        { name: 'hold', units: 3, hold: { actor: 'the-submitter', reason: 'a look', until: null } },
      ],
    });
    assert.partialDeepStrictEqual(await ask('list_holds', 'holds'), { holds: [{ id, state: 'waiting' }] });
    assert.deepEqual(await ask('renew_hold', `holds/${id}/renew`, { body: {}, as: 'submitter' }), {
      state: 'waiting',
      fence: null,
      until: null,
    });
    await ask('release_hold', `holds/${id}/release`, { body: { reason: 'done' } });
    const over = await served.ask(`/api/v1/holds/${id}/renew`, { body: {} });
    assert.deepEqual([over.status, (over.data as { code: string }).code], [404, 'HOLD_OVER']);

    for (const [path, body, as, status] of [
      ['resource/capacity', { name: '/gpu/', capacity: 0 }, 'operator', 400],
      ['resource/capacity', { name: '/gpu/', capacity: 5 }, 'submitter', 403],
      ['resource/rate', { name: '/gpu/', rate: { count: 1 } }, 'operator', 400],
      ['tasks', { name: 't', unchecked: true, units: { '/gpu/': 9 } }, 'operator', 400],
      ['holds', { resources: [] }, 'submitter', 400],
      ['holds', { resources: ['/a/'] }, 'observer', 403],
    ] as const) {
      const refused = await served.ask(`/api/v1/${path}`, { body, as });
      assert.equal(refused.status, status, refused.text);
    }
    const { rows } = await client.query(
      `select type, actor from pulp.event where stream_kind = 'system' and stream_id ~ '^(limit|hold)/' order by position`,
    );
    assert.deepEqual(
      rows.map(({ type, actor }: { type: string; actor: string }) => `${type} ${actor}`),
      [
        'CapacityChanged the-operator',
        'RateChanged the-operator',
        'HoldRequested the-submitter',
        'HoldReleased the-operator',
      ],
    );
  });
});
