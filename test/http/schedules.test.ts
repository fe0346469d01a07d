import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { UserRole } from '../../src/http/access/rights.ts';
import { fireSchedules } from '../../src/leader/fire-schedules.ts';
import { connect } from '../support/database.ts';
import { askAsDocumented } from './documented.ts';
import { Served, type Asking } from './served.ts';

const ROOT = '/api/v1/schedules';
const nightly = {
  name: 'nightly',
  cron: '30 2 * * *',
  time_zone: 'Europe/Berlin',
  starts_at: '2027-03-27',
  overlap: 'queue',
  task: { name: 't', unchecked: true, kwargs: { a: 1 }, priority: 3 },
};

suite('schedules over HTTP', () => {
  test('are made, shown, previewed, paused, resumed, run and deleted, as the document says', async () => {
    await using served = await Served.start();
    const ask = await askAsDocumented(served, ROOT);
    const made = await ask('create_schedule', '', { body: nightly, as: 'submitter' });
    assert.partialDeepStrictEqual(made, {
      state: 'active',
      kind: 'cron',
      owner: 'the-submitter',
      next_at: '2027-03-27T01:30:00.000Z',
      item: { name: 't', kwargs: { a: 1 }, priority: 3 },
    });
    assert.deepEqual(await ask('show_schedule', '/nightly', { as: 'observer' }), made);
    assert.deepEqual(await ask('list_schedules', '?limit=10'), { schedules: [made], cursor: null });
    const occurrences = ['2027-03-27T01:30:00.000Z', '2027-03-28T01:00:00.000Z'];
    assert.deepEqual(await ask('preview_schedule', '/nightly/preview?count=2'), { occurrences });
    const query = new URLSearchParams({
      cron: nightly.cron,
      time_zone: nightly.time_zone,
      starts_at: nightly.starts_at,
      count: '2',
    });
    assert.deepEqual(await ask('preview_rule', `/preview?${query.toString()}`), { occurrences });
    assert.partialDeepStrictEqual(
      await ask('pause_schedule', '/nightly/pause', { body: { reason: 'moved' } }),
      {
        state: 'paused',
        reason: 'moved',
        changed_by: 'the-operator',
      },
    );
    assert.partialDeepStrictEqual(await ask('resume_schedule', '/nightly/resume', { body: {} }), {
      state: 'active',
    });
    const { id } = (await ask('run_schedule', '/nightly/run', { body: {} })) as { id: string };
    const task = await served.ask(`/api/v1/tasks/${id}`);
    assert.partialDeepStrictEqual(task.data, {
      owner: 'the-submitter',
      priority: 3,
      exclusive_resources: ['/pulp/schedules/nightly/'],
    });
    await ask('delete_schedule', '/nightly', { method: 'DELETE' });
    const { events } = (await ask('schedule_history', '/nightly/history')) as { events: { type: string }[] };
    assert.deepEqual(
      events.map(({ type }) => type),
      ['ScheduleDeleted', 'OccurrenceEnqueued', 'ScheduleResumed', 'SchedulePaused', 'ScheduleCreated'],
    );
  });

  test('that are bad are refused, with what to do about it', async () => {
    await using served = await Served.start();
    for (const [body, status, code] of [
      [{ ...nightly, cron: '* * *' }, 400, 'BAD_SCHEDULE'],
      [{ ...nightly, every: '1m' }, 400, 'BAD_SCHEDULE'],
      [{ ...nightly, time_zone: 'Nowhere' }, 400, 'BAD_SCHEDULE'],
      [{ ...nightly, until: '2020-01-01' }, 400, 'BAD_SCHEDULE'],
      [{ ...nightly, overlap: 'maybe' }, 400, 'INVALID_INPUT'],
      [{ ...nightly, task: { name: 't' } }, 400, 'UNKNOWN_TASK_TYPE'],
      [nightly, 201, undefined],
      [nightly, 409, 'SCHEDULE_EXISTS'],
    ] as const) {
      const answered = await served.ask(ROOT, { body });
      const { data } = answered as { data: { code?: string } };
      assert.deepEqual([answered.status, data.code], [status, code], answered.text);
    }
    assert.equal((await served.ask(`${ROOT}/none`)).status, 404);
  });

  test('are their owners’, and so are their tasks, where owners are apart', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    await client.query(`select pulp.set_policy('owner')`);
    const create = (name: string, as: UserRole) =>
      served.ask(ROOT, { as, body: { name, every: 1, task: { name: 't', unchecked: true } } });
    for (const as of ['submitter', 'operator'] as const)
      assert.equal((await create(`of-${as}`, as)).status, 201);
    const seen = async (as: UserRole) => {
      const { data } = await served.ask(ROOT, { as });
      return (data as { schedules: { name: string; item: unknown }[] }).schedules.map(({ name, item }) => [
        name,
        item !== null,
      ]);
    };
    assert.deepEqual(await seen('submitter'), [['of-submitter', true]]);
    assert.deepEqual(await seen('operator'), [
      ['of-operator', true],
      ['of-submitter', true],
    ]);
    assert.deepEqual(await seen('observer'), [
      ['of-operator', false],
      ['of-submitter', false],
    ]);
    const status = async (path: string, asking: Asking) =>
      (await served.ask(`${ROOT}/${path}`, asking)).status;
    assert.equal(await status('of-operator/pause', { as: 'submitter', body: {} }), 404);
    assert.equal(await status('of-operator/history', { as: 'submitter' }), 404);
    assert.equal(await status('of-submitter/history', { as: 'submitter' }), 200);
    assert.equal(await status('of-submitter/run', { as: 'submitter', body: {} }), 201);
    assert.equal(await status('of-submitter/run', { as: 'operator', body: {} }), 201);
    while ((await fireSchedules(client)).enqueued < 1);
    const { rows } = await client.query(
      `select distinct e.stream_id as stream, t.owner from pulp.event e join pulp.task t on t.id = (e.data ->> 'task_id')::uuid
       where e.type = 'OccurrenceEnqueued' order by 1`,
    );
    assert.deepEqual(rows, [
      { stream: 'schedule/of-operator', owner: 'the-operator' },
      { stream: 'schedule/of-submitter', owner: 'the-submitter' },
    ]);
  });
});
