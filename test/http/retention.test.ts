import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { checkAnswer, type Document } from './documented.ts';
import { Served } from './served.ts';

const ROOT = '/api/v1/retention';

suite('retention over HTTP', () => {
  test('is set, told and cleared, as the document says', async () => {
    await using served = await Served.start();
    const response = await fetch(`${served.url}/api/v1/openapi.json`);
    const document = (await response.json()) as Document;
    const keep = { completed: 86_400, failed: 'never' };
    const set = await served.ask(ROOT, { body: { kind: 'type', name: 't', keep } });
    checkAnswer(document, 'set_retention', set);
    assert.partialDeepStrictEqual(set.data, {
      retention: [{ kind: 'type', name: 't', keep, actor: 'the-operator' }],
    });
    const listed = await served.ask(ROOT, { as: 'observer' });
    checkAnswer(document, 'list_retention', listed);
    assert.deepEqual(listed.data, set.data);
    const cleared = await served.ask(`${ROOT}/clear`, { body: { kind: 'type', name: 't' } });
    checkAnswer(document, 'clear_retention', cleared);
    assert.deepEqual(cleared.data, { retention: [] });
  });

  test('is told what is wrong with a request', async () => {
    await using served = await Served.start();
    for (const [path, body, as, status, code] of [
      ['', { kind: 'all', keep: { completed: '7d' } }, 'operator', 400, 'INVALID_INPUT'],
      ['', { kind: 'all', keep: { waiting: 5 } }, 'operator', 400, 'INVALID_INPUT'],
      ['', { kind: 'all', keep: {} }, 'operator', 400, 'INVALID_INPUT'],
      ['', { kind: 'queue', keep: { completed: 5 } }, 'operator', 400, 'INVALID_INPUT'],
      ['', { kind: 'log', keep: { seconds: 1e6, folder: '/a' } }, 'operator', 400, 'INVALID_INPUT'],
      ['', { kind: 'all', keep: { completed: 5 } }, 'submitter', 403, 'NOT_ALLOWED'],
      ['/clear', { kind: 'all' }, 'operator', 404, 'NO_RETENTION'],
    ] as const) {
      const { status: got, data } = await served.ask(ROOT + path, { body, as });
      assert.deepEqual([got, (data as { code: string }).code], [status, code], JSON.stringify(body));
    }
  });
});
