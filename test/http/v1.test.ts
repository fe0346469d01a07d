import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { z } from 'zod';
import { defineTask } from '../../src/index.ts';
import { publication } from '../../src/tasks/task-registry.ts';
import { connect } from '../support/database.ts';
import { WorkerSession } from '../engine/worker-session.ts';
import { checkAnswer, type Document } from './documented.ts';
import { Served, type Answered, type Asking } from './served.ts';

const ROOT = '/api/v1/';

/** Makes requests, and holds the answers to the document: `const ask = await asking(served)`. */
async function asking(served: Served) {
  const response = await fetch(`${served.url}${ROOT}openapi.json`);
  const document = (await response.json()) as Document;
  return async (operationId: string, path: string, options: Asking = {}): Promise<Answered> => {
    const answered = await served.ask(ROOT + path, options);
    assert(answered.status < 300, answered.text);
    checkAnswer(document, operationId, answered);
    return answered;
  };
}

interface Task {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly correlation_id: string;
}

suite('our own API', () => {
  test('takes the trace of a request, which may be nonsense', async () => {
    await using served = await Served.start();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const traced = async (given: string) => {
      const body = { name: 't', unchecked: true };
      const added = await served.ask(`${ROOT}tasks`, { body, headers: { traceparent: given } });
      const { id } = added.data as { id: string };
      return ((await served.ask(`${ROOT}tasks/${id}`)).data as { trace_context: unknown }).trace_context;
    };
    assert.deepEqual(await traced(traceparent), { traceparent });
    assert.equal(await traced('nonsense'), null);
  });

  test('enqueues one and many, each once by an id of its own', async () => {
    await using served = await Served.start();
    const ask = await asking(served);
    const id = '01992f6e-8f3c-7000-8000-5bd2d31c4f0a';
    const body = {
      name: 't',
      unchecked: true,
      id,
      kwargs: { a: 1 },
      resources: ['/a/'],
      priority: 3,
      delay: '1h',
    };
    const { data, headers } = await ask('enqueue', 'tasks', { body });
    assert.deepEqual(data, { id });
    assert.equal(headers.get('location'), `/api/v1/tasks/${id}`);
    assert.deepEqual((await ask('enqueue', 'tasks', { body })).data, { id });
    const { data: many } = await ask('enqueue_batch', 'tasks/batch', {
      body: { tasks: [body, ...Array.from({ length: 2500 }, () => ({ name: 'u', unchecked: true }))] },
    });
    assert.equal((many as { ids: string[] }).ids.length, 2501);
    const { data: listed } = await ask('list_tasks', 'tasks?name=t');
    assert.deepEqual(
      (listed as { tasks: Task[] }).tasks.map((task) => task.id),
      [id],
    );
    const cid = '01234567-89ab-4def-8123-456789abcdef';
    const { data: joined } = await ask('enqueue', 'tasks', {
      body: { name: 't', unchecked: true },
      headers: { 'correlation-id': cid },
    });
    const { data: shown } = await ask('show_task', `tasks/${(joined as Task).id}`);
    assert.equal((shown as Task).correlation_id, cid);
  });

  test('checks arguments by what workers have published, and stands still for no pattern of theirs', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const type = defineTask('checked', {
      kwargs: z.strictObject({ url: z.string().regex(/^(a+)+$/), count: z.int() }),
      run: () => undefined,
    });
    await client.query(`select pulp.worker_online('w', 'localhost', 1, '{default}', 10, $1)`, [
      JSON.stringify([publication(type)]),
    ]);
    const enqueue = (kwargs: object) => served.ask('/api/v1/tasks', { body: { name: 'checked', kwargs } });
    const wrong = await enqueue({ url: 'a', count: 'x' });
    assert.equal(wrong.status, 400);
    assert.match(wrong.text, /kwargs\.count/);
    const dear = enqueue({ url: `${'a'.repeat(40)}!`, count: 1 });
    const begun = performance.now();
    assert.equal((await served.ask('/api/v1/workers')).status, 200);
    assert(performance.now() - begun < 2000);
    const { status, text } = await dear;
    assert.deepEqual([status, text.includes('SCHEMA_TOO_DEAR')], [400, true], text);
  });

  test('goes through many tasks page by page, each once, whatever comes meanwhile', async () => {
    await using served = await Served.start();
    const ask = await asking(served);
    const tasks = Array.from({ length: 250 }, (_, index) => ({ name: `t${index % 2}`, unchecked: true }));
    const { data } = await ask('enqueue_batch', 'tasks/batch', { body: { tasks } });
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Answered = await ask(
        'list_tasks',
        `tasks?limit=40${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      const { tasks: some, cursor: next } = page.data as { tasks: Task[]; cursor: string | null };
      seen.push(...some.map(({ id }) => id));
      cursor = next;
      await served.enqueue({ name: 'later' });
    }
    assert.deepEqual(seen, (data as { ids: string[] }).ids.toReversed());
  });

  test('lists by each of its filters', async () => {
    await using served = await Served.start();
    const ask = await asking(served);
    const one = await served.enqueue({
      name: 'one',
      queue: 'q',
      group: 'g',
      resources: ['/a/'],
      correlation_id: 'c',
    });
    const two = await served.enqueue({ name: 'two', shared_resources: ['/b/'] });
    await ask('cancel_task', `tasks/${two}/cancel`, { body: { reason: 'enough' } });
    const cases: readonly [string, readonly string[]][] = [
      ['', [two, one]],
      ['name=one&name=two', [two, one]],
      ['name=one,three', [one]],
      ['name_contains=tw', [two]],
      ['state=canceled,failed', [two]],
      ['queue=q', [one]],
      ['group=g', [one]],
      ['correlation=c', [one]],
      [`correlation=${two}`, [two]],
      ['resource=/a/', [one]],
      ['resource=/a/,/b/', [two, one]],
      [`parent=${one}`, []],
      ['worker=nobody', []],
      ['finished_after=2026-01-01', [two]],
      ['enqueued_before=2026-01-01', []],
      [`at=${new Date(Date.now() + 1000).toISOString()}&state=canceled`, [two]],
      ['at=2026-01-01', []],
    ];
    for (const [query, ids] of cases) {
      const { data } = await ask('list_tasks', `tasks?${query}`);
      assert.deepEqual(
        (data as { tasks: Task[] }).tasks.map(({ id }) => id),
        ids,
        query,
      );
    }
  });

  test('tells of a task why it waits, what happened, and how it was', async () => {
    await using served = await Served.start();
    const ask = await asking(served);
    const id = await served.enqueue({ name: 't', resources: ['/a/'] });
    const { data: why } = await ask('explain_task', `tasks/${id}/why`);
    assert((why as { reasons: string[] }).reasons.length > 0);
    const { data: before } = await ask('show_task', `tasks/${id}`);
    const at = new Date().toISOString();
    const { data: canceled } = await ask('cancel_task', `tasks/${id}/cancel`, { body: { reason: 'enough' } });
    assert.deepEqual(canceled, { id, state: 'canceled' });
    assert.deepEqual((await ask('cancel_task', `tasks/${id}/cancel`, { body: {} })).data, {
      id,
      state: 'canceled',
    });
    assert.deepEqual((await ask('show_task', `tasks/${id}?at=${at}`)).data, before);
    assert.deepEqual((await ask('retry_task', `tasks/${id}/retry`, { body: { reason: 'mended' } })).data, {
      id,
      state: 'waiting',
    });
    const changed = await ask('set_task', `tasks/${id}`, {
      method: 'PATCH',
      body: { priority: 4, queue: 'slow' },
    });
    assert.deepEqual(changed.data, { id, state: 'waiting' });
    const { data: then } = await ask('show_task', `tasks/${id}`);
    const { priority, queue } = then as { priority: number; queue: string };
    assert.deepEqual([priority, queue], [4, 'slow']);
    const { data: history } = await ask('show_history', `tasks/${id}/history`);
    assert.deepEqual(
      (history as { events: { type: string; actor: string }[] }).events.map(({ type, actor }) => [
        type,
        actor,
      ]),
      [
        ['TaskEnqueued', 'the-operator'],
        ['TaskCanceled', 'the-operator'],
        ['TaskRequeued', 'the-operator'],
        ['TaskReprioritized', 'the-operator'],
        ['TaskRerouted', 'the-operator'],
      ],
    );
    const early = await served.ask(`${ROOT}tasks/${id}?at=2026-01-01`);
    assert.deepEqual([early.status, (early.data as { code: string }).code], [404, 'NOT_THERE_YET']);
  });

  test('tells of workers, resources and events', async () => {
    await using served = await Served.start();
    const ask = await asking(served);
    await using client = await connect(served.database.url);
    await client.query(`select pulp.worker_online('w', 'localhost', 1, '{default}', 10, '[]')`);
    const id = await served.enqueue({ name: 't', resources: ['/a/'] });
    await served.enqueue({ name: 't', shared_resources: ['/a/'] });
    await client.query('select pulp.grant_reservations()');
    const { data: workers } = await ask('list_workers', 'workers');
    assert.deepEqual(
      (workers as { workers: { name: string }[] }).workers.map(({ name }) => name),
      ['w'],
    );
    await ask('list_workers', `workers?at=${new Date().toISOString()}`);
    const { data: resources } = await ask('list_resources', 'resources?window=60&sort=held');
    assert.deepEqual(
      (resources as { resources: { resource: string }[] }).resources.map(({ resource }) => resource),
      ['/a/'],
    );
    const { data: resource } = await ask('show_resource', 'resource?name=/a/');
    assert.deepEqual(
      (resource as { holders: Task[] }).holders.map((holder) => holder.id),
      [id],
    );
    const types: string[] = [];
    for (let cursor = '0:0', caughtUp = false; !caughtUp;) {
      const page: Answered = await ask('list_events', `events?after=${cursor}&limit=2`);
      const found = page.data as { events: { type: string }[]; cursor: string; caught_up: boolean };
      types.push(...found.events.map(({ type }) => type));
      ({ cursor, caught_up: caughtUp } = found);
    }
    assert.deepEqual(types.sort(), ['ReservationGranted', 'TaskEnqueued', 'TaskEnqueued', 'WorkerOnline']);
    const { data: some } = await ask('list_events', `events?type=TaskEnqueued&stream=${id}&kind=task`);
    assert.equal((some as { events: unknown[] }).events.length, 1);
  });

  test('tells what the page shows, as the document says', async () => {
    await using served = await Served.start();
    const ask = await asking(served);
    const id = await served.enqueue({ name: 't', resources: ['/r/'] }, 'submitter');
    const { data: me } = await ask('show_me', 'me', { as: 'submitter' });
    assert.deepEqual(me, {
      actor: 'the-submitter',
      role: 'submitter',
      rights: ['read', 'enqueue', 'cancel'],
      worker_ttl: 30,
    });
    const { data: counts } = await ask('count_tasks', 'task-counts');
    assert.deepEqual(counts, { counts: { waiting: 1 }, looked_at: 1, more: false });
    const { data: past } = await ask('count_tasks', 'task-counts?at=2020-01-01');
    assert.deepEqual(past, { counts: {}, looked_at: 0, more: false });
    const { data: trace } = await ask('show_trace', `tasks/${id}/trace`);
    assert.deepEqual(
      (trace as { tasks: { id: string; depth: number }[] }).tasks.map((task) => [task.id, task.depth]),
      [[id, 0]],
    );
    const { data: light } = await ask('list_tasks', `tasks?payloads=false&id=${id}`);
    assert.equal((light as { tasks: { args: unknown }[] }).tasks[0]?.args, null);
    const { data: claims } = await ask('list_claims', `claims?at=${new Date().toISOString()}&resource=/r/`);
    assert.deepEqual(
      (claims as { claims: { task_id: string; state: string }[] }).claims.map((claim) => [
        claim.task_id,
        claim.state,
      ]),
      [[id, 'waiting']],
    );
    await ask('show_activity', 'activity?window=3600&buckets=2');
    await ask('list_failures', 'failures');
    await ask('list_task_types', 'task-types');
    const { data: preview } = await ask('cancel_tasks', 'tasks/cancel', {
      body: { id: [id], dry_run: true },
    });
    assert.equal((preview as { matched: number }).matched, 1);
    for (const path of [
      'task-counts?at=x',
      'activity?buckets=0',
      'activity?window=1',
      'claims',
      `tasks/x/trace`,
    ]) {
      assert((await served.ask(ROOT + path)).status >= 400, path);
    }
  });

  test('lists what runs, of what each may see', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    const own = await served.enqueue({ name: 't' }, 'submitter');
    const other = await served.enqueue({ name: 't' }, 'operator');
    await served.enqueue({ name: 'waits' }, 'submitter');
    await worker.start(10);
    await worker.client.query(`select pulp.set_policy('owner')`);
    const running = async (as: Asking['as'], query = '') => {
      const { data } = await served.ask(`${ROOT}tasks?state=running,canceling${query}`, { as });
      return (data as { tasks: Task[] }).tasks.map(({ id }) => id);
    };
    const { data: counts } = await served.ask(`${ROOT}task-counts`, { as: 'submitter' });
    assert.deepEqual((counts as { counts: object }).counts, { running: 1, waiting: 1 });
    assert.deepEqual(await running('submitter'), [own]);
    assert.deepEqual(await running('operator'), [other, own]);
    assert.deepEqual(await running('observer'), [other, own]);
    assert.deepEqual(await running('observer', '&newest=2'), [other]);
  });
});
