import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { askAsDocumented } from './documented.ts';
import { Served } from './served.ts';

const ROOT = '/api/v1/groups';
const task = { name: 't', unchecked: true };

suite('groups over HTTP', () => {
  test('are created, shown, listed, dispatched and canceled, as the document says', async () => {
    await using served = await Served.start();
    const ask = await askAsDocumented(served, ROOT);
    const body = { id: 'a/b', description: 'all mirrors', finally: { ...task, resources: ['/a/'] } };
    const made = (await ask('create_group', '', { body, as: 'submitter' })) as {
      id: string;
      finally_task: string;
    };
    assert.equal(made.id, 'a/b');
    const batch = await served.ask('/api/v1/tasks/batch', {
      method: 'POST',
      body: {
        tasks: [
          { ...task, group: 'a/b' },
          { ...task, group: 'other' },
        ],
      },
    });
    const [first] = (batch.data as { ids: string[] }).ids;
    const child = { ...task, group: 'a/b', after: [first], on: 'finish' };
    assert.equal((await served.ask('/api/v1/tasks', { method: 'POST', body: child })).status, 201);
    const path = `/${encodeURIComponent('a/b')}`;
    const shown = await ask('show_group', path, { as: 'observer' });
    assert.partialDeepStrictEqual(shown, {
      id: 'a/b',
      owner: 'the-submitter',
      members: 3,
      waiting: 3,
      dispatched: false,
    });
    const page = await ask('list_groups', '?limit=1');
    assert.deepEqual(page, { groups: [shown], cursor: 'a/b' });
    assert.partialDeepStrictEqual(await ask('list_groups', '?limit=5&cursor=a%2Fb'), {
      groups: [{ id: 'other', created_at: null }],
      cursor: null,
    });
    assert.partialDeepStrictEqual(await ask('dispatch_group', `${path}/dispatched`, { body: {} }), {
      dispatched: true,
    });
    const { data: why } = await served.ask(`/api/v1/tasks/${made.finally_task}/why`);
    assert.deepEqual((why as { awaits: object[] }).awaits, [
      { kind: 'group', id: 'a/b', dispatched: true, unfinished: 2 },
    ]);
    assert.deepEqual(await ask('cancel_group', `${path}/cancel`, { body: { reason: 'enough' } }), {
      states: { canceled: 3 },
    });
    const { data: pulpGroups } = await served.ask('/pulp/api/v3/task-groups/');
    const groups = (pulpGroups as { results: Record<string, unknown>[] }).results;
    assert.deepEqual(groups.map((group) => group['description']).sort(), ['all mirrors', 'other']);
    assert.partialDeepStrictEqual(groups.find((group) => group['description'] === 'all mirrors') ?? {}, {
      all_tasks_dispatched: true,
      canceled: 3,
      waiting: 0,
    });
  });

  test('are refused with what is wrong', async () => {
    await using served = await Served.start();
    await served.ask(ROOT, { method: 'POST', body: { id: 'g' } });
    for (const [path, body, status, code] of [
      ['', { id: 'g' }, 409, 'GROUP_EXISTS'],
      ['', { id: '' }, 400, 'INVALID_INPUT'],
      ['', { name: 'h' }, 400, 'INVALID_INPUT'],
      ['', { finally: { ...task, group: 'g' } }, 400, 'INVALID_INPUT'],
      ['', { finally: { name: '1' } }, 400, 'INVALID_INPUT'],
      ['', { finally: { ...task, unique: true } }, 400, 'INVALID_INPUT'],
      ['/none/dispatched', {}, 404, 'MISSING_GROUP'],
      ['/none/cancel', {}, 404, 'MISSING_GROUP'],
    ] as const) {
      const answered = await served.ask(ROOT + path, { method: 'POST', body });
      assert.equal(answered.status, status, answered.text);
      assert.equal((answered.data as { code: string }).code, code);
    }
    assert.equal((await served.ask(`${ROOT}/none`)).status, 404);
    assert.equal((await served.ask(ROOT, { method: 'POST', body: {}, as: 'observer' })).status, 403);
    const unknown = { ...task, after: ['0196a000-0000-7000-8000-00000000000a'] };
    const refused = await served.ask('/api/v1/tasks', { method: 'POST', body: unknown });
    assert.equal((refused.data as { code: string }).code, 'MISSING_DEPENDENCY');
  });
});
