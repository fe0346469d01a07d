import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../support/database.ts';
import { checkAnswer, type Document } from './documented.ts';
import { Served, type Answered, type Asking } from './served.ts';

const ROOT = '/pulp/api/v3/';
const HREF = /^\/([a-z0-9-_]+\/)+$/i;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

interface PulpTask {
  readonly pulp_href: string;
  readonly prn: string;
  readonly name: string;
  readonly state: string;
  readonly [member: string]: unknown;
}
interface Page {
  readonly count: number;
  readonly next: string | null;
  readonly previous: string | null;
  readonly results: readonly PulpTask[];
}

/** What Pulp's command line sends, and what it reads of the answers: `await using cli = await PulpCli.start()`. */
class PulpCli implements AsyncDisposable {
  readonly served: Served;
  readonly #document: Document;

  private constructor(served: Served, document: Document) {
    this.served = served;
    this.#document = document;
  }

  static async start(): Promise<PulpCli> {
    const served = await Served.start();
    const response = await fetch(`${served.url}${ROOT}docs/api.json`);
    return new PulpCli(served, (await response.json()) as Document);
  }

  /** Makes a request as it does, and holds the answer to the document. */
  async send(operationId: string, path: string, asking: Asking = {}): Promise<Answered> {
    const user = Buffer.from(`the-operator:${this.served.tokens.operator}`).toString('base64');
    const answered = await this.served.ask(path, {
      ...asking,
      headers: {
        'user-agent': 'Pulp-CLI/0.41.0.dev',
        accept: 'application/json',
        authorization: `Basic ${user}`,
        ...asking.headers,
      },
    });
    if (answered.headers.get('content-type') !== 'application/problem+json')
      checkAnswer(this.#document, operationId, answered);
    return answered;
  }

  async list(query: string): Promise<Page> {
    const { status, data, text } = await this.send('tasks_list', `${ROOT}tasks/?${query}`);
    assert.equal(status, 200, text);
    return data;
  }

  async names(query: string): Promise<readonly string[]> {
    return (await this.list(query)).results.map(({ name }) => name);
  }

  async read(id: string): Promise<PulpTask> {
    return (await this.send('tasks_read', `${ROOT}tasks/${id}/`)).data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.served[Symbol.asyncDispose]();
  }
}

/** A worker that has started a task; it lives as long as the session of the client. */
async function startOne(
  client: Awaited<ReturnType<typeof connect>>,
  worker: string,
  type: string,
): Promise<string> {
  const { rows: born } = await client.query<{ incarnation: string }>(
    `select pulp.worker_online($1, 'localhost', 1, '{default}', 10, $2) as incarnation`,
    [
      worker,
      JSON.stringify([
        { name: type, schema: {}, isolation: 'inline', on_worker_loss: 'cancel', on_worker_stop: 'cancel' },
      ]),
    ],
  );
  await client.query('select pulp.grant_reservations()');
  const { rows } = await client.query<{ id: string; attempt: number; fence: string }>(
    `select id, attempt, fence from pulp.start($1, $2, '{default}', $3, 10)`,
    [worker, born[0]?.incarnation, [type]],
  );
  return rows[0]?.id ?? assert.fail('nothing was started');
}

suite('pulp-cli', () => {
  test('status', async () => {
    await using cli = await PulpCli.start();
    const { data } = await cli.send('status_read', `${ROOT}status/`, { headers: { authorization: '' } });
    const status = data as {
      versions: { component: string; version: string }[];
      database_connection: { connected: boolean };
    };
    assert.deepEqual(
      status.versions.map(({ component, version }) => ({ component, version })),
      [{ component: 'core', version: '3.86.0' }],
    );
    assert.equal(status.database_connection.connected, true);
  });

  test('task list, with what it filters, sorts and pages by', async () => {
    await using cli = await PulpCli.start();
    const { served } = cli;
    const group = '2f1e9c3a-0000-4000-8000-00000000abcd';
    const first = await served.enqueue({
      name: 'a.first',
      resources: ['/x/'],
      group: 'nightly.2026',
      correlation_id: 'c-1',
    });
    const second = await served.enqueue({ name: 'a.second', shared_resources: ['/x/'], group, delay: 3600 });
    const third = await served.enqueue({ name: 'b.third', resources: ['/y/'] });
    await served.ask(`/api/v1/tasks/${third}/cancel`, { body: {} });
    const page = await cli.list('offset=0&limit=2');
    assert.deepEqual([page.count, page.results.length, page.previous], [3, 2, null]);
    assert.match(page.next ?? '', /offset=2/);
    assert.equal((await cli.list('offset=2&limit=2')).next, null);
    for (const task of page.results) {
      assert.match(task.pulp_href, HREF);
      assert.match(String(task['pulp_created']), TIME);
      assert.equal(task.prn, `prn:core.task:${task.pulp_href.split('/').at(-2)}`);
    }
    const all = ['b.third', 'a.second', 'a.first'];
    const [task] = (await cli.list('name=a.first')).results;
    const [grouped] = (await cli.list('name=a.second')).results;
    const found: readonly [string, readonly string[]][] = [
      ['', all],
      ['ordering=pulp_created', all.toReversed()],
      ['ordering=-name', ['b.third', 'a.second', 'a.first']],
      ['ordering=state%2Cname', ['b.third', 'a.first', 'a.second']],
      ['name__contains=a.', ['a.second', 'a.first']],
      ['name__contains=%25', []],
      ['name__in=a.first%2Cb.third', ['b.third', 'a.first']],
      ['name__in=a.first&name__in=b.third', ['b.third', 'a.first']],
      ['name__ne=a.first', ['b.third', 'a.second']],
      ['state=canceled', ['b.third']],
      ['state__in=running%2Cwaiting', ['a.second', 'a.first']],
      ['state__ne=waiting', ['b.third']],
      ['logging_cid=c-1', ['a.first']],
      [`logging_cid=${second}`, ['a.second']],
      ['logging_cid__contains=c-1', ['a.first']],
      ['reserved_resources=%2Fx%2F', ['a.second', 'a.first']],
      ['reserved_resources=https%3A%2F%2Fh.example%2Fx%2F', ['a.second', 'a.first']],
      ['reserved_resources__in=%2Fy%2F%2C%2Fz%2F', ['b.third']],
      ['exclusive_resources=%2Fx%2F', ['a.first']],
      ['shared_resources__in=%2Fx%2F', ['a.second']],
      ['shared_resources=%2Fx%2F&exclusive_resources=%2Fx%2F', []],
      [`task_group=${encodeURIComponent(String(task?.['task_group']))}`, ['a.first']],
      [`task_group=${encodeURIComponent(`${ROOT}task-groups/${group}/`)}`, ['a.second']],
      [`prn__in=${encodeURIComponent(`prn:core.task:${first}`)}`, ['a.first']],
      ['created_resources=%2Fx%2F', []],
      [`parent_task=${encodeURIComponent(`${ROOT}tasks/${first}/`)}`, []],
      ['finished_at__gte=2026-01-01T00%3A00%3A00.000000Z', ['b.third']],
      ['finished_at__lt=2026-01-01T00%3A00%3A00.000000Z', []],
      ['started_at__gte=2026-01-01T00%3A00%3A00.000000Z', []],
      ['pulp_created__range=2026-01-01%2C9999-01-01', all],
      [`pulp_created__lte=${String(task?.['pulp_created'])}`, ['a.first']],
      [`pulp_created__gt=${String(grouped?.['pulp_created'])}`, ['b.third']],
    ];
    for (const [query, names] of found) {
      assert.deepEqual(await cli.names(query), names, query);
      assert.equal((await cli.list(query)).count, names.length, query);
    }
    const { data } = await served.ask(`${ROOT}tasks/?fields=state,name&exclude_fields=name&limit=1`);
    assert.deepEqual((data as Page).results, [{ state: 'canceled' }]);
  });

  test('task summary, by counts alone', async () => {
    await using cli = await PulpCli.start();
    await cli.served.enqueue({ name: 't' });
    const counts: Record<string, number> = {};
    for (const state of ['waiting', 'skipped', 'running', 'completed', 'failed', 'canceling', 'canceled'])
      counts[state] = (await cli.list(`limit=1&state=${state}`)).count;
    assert.deepEqual(counts, {
      waiting: 1,
      skipped: 0,
      running: 0,
      completed: 0,
      failed: 0,
      canceling: 0,
      canceled: 0,
    });
  });

  test('task cancel and destroy, of tasks that wait, run and are over', async () => {
    await using cli = await PulpCli.start();
    await using worker = await connect(cli.served.database.url);
    const running = await cli.served.enqueue({ name: 'run' });
    const waiting = await cli.served.enqueue({ name: 'wait' });
    assert.equal(await startOne(worker, 'w1@host.example', 'run'), running);
    const destroy = (id: string) => cli.send('tasks_delete', `${ROOT}tasks/${id}/`, { method: 'DELETE' });
    const cancel = (id: string) =>
      cli.send('tasks_cancel', `${ROOT}tasks/${id}/`, { method: 'PATCH', body: { state: 'canceled' } });
    assert.equal((await destroy(waiting)).status, 409);
    const canceled = await cancel(waiting);
    assert.deepEqual([canceled.status, (canceled.data as PulpTask).state], [200, 'canceled']);
    assert.deepEqual((canceled.data as PulpTask)['error'], { reason: '' });
    const again = await cancel(waiting);
    assert.deepEqual([again.status, (again.data as PulpTask).state], [409, 'canceled']);
    const canceling = await cancel(running);
    assert.deepEqual([canceling.status, (canceling.data as PulpTask).state], [200, 'canceling']);
    const { worker: workerHref } = canceling.data as PulpTask;
    assert.match(String(workerHref), HREF);
    assert.deepEqual(await cli.names(`worker=${encodeURIComponent(String(workerHref))}`), ['run']);
    assert.deepEqual([(await destroy(waiting)).status, (await destroy(waiting)).status], [204, 404]);
    await using client = await connect(cli.served.database.url);
    const { rows } = await client.query(
      `select type, actor from pulp.history($1) where type in ('TaskCanceled', 'TaskPurged') order by version`,
      [waiting],
    );
    assert.deepEqual(rows, [
      { type: 'TaskCanceled', actor: 'the-operator' },
      { type: 'TaskPurged', actor: 'the-operator' },
    ]);
  });

  test('worker list and show, of a worker whose name is no address', async () => {
    await using cli = await PulpCli.start();
    await using client = await connect(cli.served.database.url);
    const running = await cli.served.enqueue({ name: 'run' });
    await startOne(client, 'reserved-resource-worker-1@host.example', 'run');
    const { data } = await cli.send(
      'workers_list',
      `${ROOT}workers/?name=reserved-resource-worker-1%40host.example&offset=0&limit=1`,
    );
    const [worker] = (data as Page).results;
    assert.match(worker?.pulp_href ?? '', HREF);
    assert.equal(worker?.['current_task'], `${ROOT}tasks/${running}/`);
    assert.deepEqual((await cli.send('workers_read', worker?.pulp_href ?? '')).data, worker);
    const count = async (query: string) =>
      ((await cli.send('workers_list', `${ROOT}workers/?${query}`)).data as Page).count;
    assert.deepEqual(
      [
        await count('online=true&offset=0&limit=25'),
        await count('online=false'),
        await count('missing=true'),
        await count('name__contains=host'),
        await count('name__icontains=HOST'),
        await count('last_heartbeat__gte=2026-01-01T00:00:00Z'),
        await count('ordering=-last_heartbeat'),
        await count(`prn__in=${worker?.prn ?? ''}`),
      ],
      [1, 0, 0, 1, 1, 1, 1, 1],
    );
  });

  test('task-group list and show', async () => {
    await using cli = await PulpCli.start();
    for (const name of ['a', 'b', 'c'])
      await cli.served.enqueue({ name, group: name === 'c' ? 'two' : 'one' });
    const { data } = await cli.send('task_groups_list', `${ROOT}task-groups/?offset=0&limit=25`);
    const groups = (data as Page).results;
    assert.deepEqual(groups.map((group) => [group['description'], group['waiting']]).sort(), [
      ['one', 2],
      ['two', 1],
    ]);
    for (const group of groups) {
      assert.match(group.pulp_href, HREF);
      assert.deepEqual((await cli.send('task_groups_read', group.pulp_href)).data, group);
    }
    const second = (await cli.send('task_groups_list', `${ROOT}task-groups/?offset=1&limit=1`)).data as Page;
    assert.deepEqual([second.count, second.results], [2, [groups[1]]]);
  });

  test('task purge: a task that whoever may purge has asked for', async () => {
    await using cli = await PulpCli.start();
    const body = { finished_before: '2026-11-01T00:00:00.000000Z', states: ['failed'] };
    const cid = '01234567-89ab-4def-8123-456789abcdef';
    const { status, data } = await cli.send('tasks_purge', `${ROOT}tasks/purge/`, {
      body,
      headers: { 'correlation-id': cid },
    });
    assert.equal(status, 202);
    assert.deepEqual(Object.keys(data), ['task']);
    const { data: task } = await cli.send('tasks_read', (data as { task: string }).task);
    assert.deepEqual([(task as PulpTask).name, (task as PulpTask)['logging_cid']], ['pulp.purge', cid]);
    for (const as of ['observer', 'submitter'] as const)
      assert.equal((await cli.served.ask(`${ROOT}tasks/purge/`, { body, as })).status, 403);
  });

  test('--cid: what is a GUID comes back, other things do not, and nothing for nothing', async () => {
    await using cli = await PulpCli.start();
    const echo = async (cid: string | undefined) =>
      (
        await cli.send('status_read', `${ROOT}status/`, {
          headers: cid === undefined ? {} : { 'correlation-id': cid },
        })
      ).headers.get('correlation-id');
    for (const guid of ['0123456789abcdef0123456789abcdef', '01234567-89ab-4def-8123-456789abcdef'])
      assert.equal(await echo(guid), guid);
    assert.match((await echo('x')) ?? '', /^[0-9a-f-]{36}$/);
    assert.equal(await echo(undefined), null);
  });

  test('is told so where it may not', async () => {
    await using cli = await PulpCli.start();
    const { status, text } = await cli.served.ask(`${ROOT}tasks/purge/`, { body: {}, as: 'observer' });
    assert.equal(status, 403);
    assert.match(text, /not authorized/);
    const wrong = await cli.send('tasks_list', `${ROOT}tasks/`, { headers: { authorization: 'Basic eDp5' } });
    assert.equal(wrong.status, 401);
  });
});
