import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { Login } from '../support/login.ts';
import { WorkerSession } from './worker-session.ts';

type Answer = string | number;

/** What may be done with a task: each gives what came of it, an error as its SQLSTATE. */
const VERBS: Readonly<Record<string, (client: Client, task: string) => Promise<Answer>>> = {
  see: async (client, task) =>
    (await client.query('select state from pulp.task where id = $1', [task])).rowCount ?? 0,
  'see its arguments': async (client, task) =>
    (await client.query('select kwargs from pulp.task where id = $1', [task])).rowCount ?? 0,
  'see its claims': async (client, task) =>
    (await client.query('select from pulp.reservation where task_id = $1', [task])).rowCount ?? 0,
  'see its claims in the line itself': async (client, task) =>
    (await client.query('select from pulp.reservation_waiting where task_id = $1', [task])).rowCount ?? 0,
  'read its log': async (client, task) =>
    (await client.query('select from pulp.event where stream_id = $1', [task])).rowCount ?? 0,
  'read the batches of the log': async (client, task) =>
    (await client.query('select from pulp.event_batch where ids @> array[$1::uuid]', [task])).rowCount ?? 0,
  'read its history': async (client, task) =>
    (await client.query('select from pulp.history($1)', [task])).rowCount ?? 0,
  'ask why': async (client, task) => (await client.query('select pulp.why($1)', [task])).rowCount ?? 0,
  'see what is contended': async (client) =>
    (await client.query('select from pulp.resource_contention()')).rowCount ?? 0,
  'see who held what': async (client) =>
    (await client.query(`select from pulp.resource_holds('/a/')`)).rowCount ?? 0,
  'enqueue its child': async (client, task) =>
    (
      await client.query(`select pulp.enqueue('t', options => jsonb_build_object('parent_id', $1::text))`, [
        task,
      ])
    ).rowCount ?? 0,
  'correlate to it': async (client, task) =>
    (
      await client.query(
        `select pulp.enqueue('t', options => jsonb_build_object('correlation_id', $1::text))`,
        [task],
      )
    ).rowCount ?? 0,
  'enqueue it again': async (client, task) =>
    (
      await client.query('select pulp.enqueue_batch($1)', [
        JSON.stringify([{ id: task, name: 't', resources: ['/a/'] }]),
      ])
    ).rowCount ?? 0,
  cancel: async (client, task) => {
    const { rows } = await client.query<{ state: string }>('select pulp.cancel($1) as state', [task]);
    return rows[0]?.state ?? '';
  },
};

const REFUSED = '42501';
const ALL_SEEN = {
  see: 1,
  'see its arguments': 1,
  'see its claims': 1,
  'see its claims in the line itself': 1,
  'read its log': 1,
  'read the batches of the log': 1,
  'read its history': 1,
  'ask why': 1,
  'see what is contended': 1,
  'see who held what': 0,
};
const ENQUEUED = { 'enqueue its child': 1, 'correlate to it': 1, 'enqueue it again': 1, cancel: 'canceled' };
const NO_CALLER = {
  'enqueue its child': REFUSED,
  'correlate to it': REFUSED,
  'enqueue it again': REFUSED,
};
const NO_LOG = {
  'read its log': REFUSED,
  'read the batches of the log': REFUSED,
};

const NO_OTHERS = { 'see what is contended': REFUSED, 'see who held what': REFUSED };

/** Of each policy and role, what comes of each verb with a task of one's own and with one of somebody else's. */
const EXPECTED: Readonly<
  Record<'shared' | 'owner', Readonly<Record<string, readonly [own: object | undefined, foreign: object]>>>
> = {
  shared: {
    pulp_submitter: [
      { ...ALL_SEEN, ...ENQUEUED },
      { ...ALL_SEEN, ...ENQUEUED },
    ],
    pulp_worker: [undefined, { ...ALL_SEEN, ...ENQUEUED }],
    pulp_operator: [undefined, { ...ALL_SEEN, ...NO_CALLER, cancel: 'canceled' }],
    pulp_observer: [undefined, { ...ALL_SEEN, ...NO_CALLER, cancel: REFUSED }],
  },
  owner: {
    pulp_submitter: [
      { ...ALL_SEEN, ...NO_LOG, 'see its claims in the line itself': REFUSED, ...NO_OTHERS, ...ENQUEUED },
      {
        ...{
          see: 0,
          'see its arguments': 0,
          'see its claims': 0,
          'see its claims in the line itself': REFUSED,
        },
        ...NO_LOG,
        ...{
          ...NO_OTHERS,
          'read its history': 0,
          'ask why': 'PU002',
          'enqueue its child': 'PU022',
          'correlate to it': 'PU022',
          'enqueue it again': 'PU022',
          cancel: 'PU002',
        },
      },
    ],
    pulp_worker: [undefined, { ...ALL_SEEN, ...ENQUEUED }],
    pulp_operator: [undefined, { ...ALL_SEEN, ...NO_CALLER, cancel: 'canceled' }],
    pulp_observer: [
      undefined,
      {
        ...ALL_SEEN,
        'see its arguments': REFUSED,
        ...NO_LOG,
        'read its history': 0,
        ...NO_CALLER,
        cancel: REFUSED,
      },
    ],
  },
};

describe('who may do what with whose task', () => {
  for (const policy of ['shared', 'owner'] as const) {
    test(`where the policy is ${policy}`, async () => {
      await using other = await Login.create(['pulp_submitter']);
      for (const [role, [own, foreign]] of Object.entries(EXPECTED[policy])) {
        await using login = await Login.create([role]);
        await using database = await createDatabase();
        await using owner = await connect(database.url);
        await owner.query('select pulp.set_policy($1)', [policy]);
        await using client = await connect(login.at(database.url));
        await using stranger = await connect(other.at(database.url));
        const answers = async (of: Client) => {
          const task = await enqueue(of);
          const given: Record<string, Answer> = {};
          for (const [verb, act] of Object.entries(VERBS))
            given[verb] = await act(client, task).catch((error: unknown) => (error as { code: string }).code);
          return given;
        };
        assert.deepEqual(await answers(stranger), foreign, `${role}, somebody else's`);
        if (own !== undefined) assert.deepEqual(await answers(client), own, `${role}, its own`);
        assert.deepEqual(await checkLog(owner), []);
      }
    });
  }

  test('of a server that speaks for others, each is as if on a login of his own', async () => {
    await using server = await Login.create(['pulp_submitter', 'pulp_operator', 'pulp_server']);
    await using database = await createDatabase();
    await using owner = await connect(database.url);
    await owner.query(`select pulp.set_policy('owner')`);
    await using client = await connect(server.at(database.url));
    const speakFor = async (actor: string) => {
      await client.query(
        `select set_config('role', 'pulp_submitter', false), set_config('pulp.actor', $1, false)`,
        [actor],
      );
    };
    await speakFor('alice');
    const task = await enqueue(client);
    await speakFor('bob');
    assert.equal(await VERBS['see']?.(client, task), 0);
    await assert.rejects(client.query('select pulp.cancel($1)', [task]), { code: 'PU002' });
    await speakFor('alice');
    assert.equal(await VERBS['see']?.(client, task), 1);
    const { rows } = await owner.query(
      `select actor, "session_user" = $1 as is_server, data ->> 'owner' as owner from pulp.event where stream_id = $2`,
      [server.name, task],
    );
    assert.deepEqual(rows, [{ actor: 'alice', is_server: true, owner: 'alice' }]);
    assert.equal(await VERBS['cancel']?.(client, task), 'canceled');
  });

  test('what a task enqueues belongs to whom it runs for', async () => {
    await using login = await Login.create(['pulp_submitter']);
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await worker.client.query(`select pulp.set_policy('owner')`);
    await using client = await connect(login.at(database.url));
    const parent = await enqueue(client, []);
    const child = await worker.enqueue({ parent_id: parent });
    const seen = await client.query<{ id: string }>('select id from pulp.task order by enqueued_at');
    assert.deepEqual(
      seen.rows.map(({ id }) => id),
      [parent, child],
    );
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('who may not see payloads is not told of an error by why', async () => {
    await using observer = await Login.create(['pulp_observer']);
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await worker.client.query(`select pulp.set_policy('owner')`);
    const id = await worker.enqueue();
    await worker.finish([{ ...(await worker.startOne()), outcome: 'failed', error: { message: 'private' } }]);
    await using client = await connect(observer.at(database.url));
    const told = async (by: Client) =>
      (await by.query<{ error: unknown }>(`select pulp.why($1) -> 'error' ->> 'message' as error`, [id]))
        .rows;
    assert.deepEqual(await told(worker.client), [{ error: 'private' }]);
    assert.deepEqual(await told(client), [{ error: null }]);
  });

  test('a policy holds through a migration, is an event, and is the owner of the schema’s to set', async () => {
    await using login = await Login.create(['pulp_operator']);
    await using database = await createDatabase();
    await using owner = await connect(database.url);
    await using operator = await connect(login.at(database.url));
    await assert.rejects(operator.query(`select pulp.set_policy('owner')`), { code: REFUSED });
    await assert.rejects(owner.query(`select pulp.set_policy('private')`), { code: 'PU004' });
    await owner.query(`select pulp.set_policy('owner'), pulp.set_policy('owner')`);
    await owner.query('select pulp.apply_policy()');
    const { rows } = await owner.query(
      `select data from pulp.event where type = 'PolicyChanged' order by position`,
    );
    assert.deepEqual(rows, [{ data: { before: 'shared', after: 'owner' } }]);
    assert.deepEqual(await checkLog(owner), []);
  });
});

describe('a quota', () => {
  for (const [limits, good, bad] of [
    [{ max_priority: 5 }, { priority: 5 }, { priority: 6 }],
    [{ queues: ['default'] }, {}, { queue: 'other' }],
    [{ max_claims: 1 }, { resources: ['/a/'] }, { resources: ['/a/'], shared_resources: ['/b/'] }],
    [{ max_bytes: 200 }, { kwargs: { text: 'x' } }, { kwargs: { text: 'x'.repeat(300) } }],
  ] as const) {
    test(`of ${JSON.stringify(limits)} lets through what keeps it, and nothing of a call that does not`, async () => {
      await using login = await Login.create(['pulp_submitter']);
      await using database = await createDatabase();
      await using owner = await connect(database.url);
      await owner.query('select pulp.set_quota($1, $2)', [login.name, limits]);
      await using client = await connect(login.at(database.url));
      const call = (...items: object[]) =>
        client.query('select pulp.enqueue_batch($1)', [
          JSON.stringify(items.map((item) => ({ name: 't', ...item }))),
        ]);
      await call(good);
      await assert.rejects(call(good, bad), { code: 'PU023' });
      const { rows } = await owner.query<{ tasks: string }>('select count(*) as tasks from pulp.task');
      assert.deepEqual(rows, [{ tasks: '1' }]);
      await owner.query('select pulp.set_quota($1, null)', [login.name]);
      await call(bad);
    });
  }

  test('of everybody holds for those who have none of their own', async () => {
    await using login = await Login.create(['pulp_submitter']);
    await using database = await createDatabase();
    await using owner = await connect(database.url);
    await using client = await connect(login.at(database.url));
    const twoTasks = () => client.query(`select pulp.enqueue_batch('[{"name": "t"}, {"name": "t"}]')`);
    await owner.query(`select pulp.set_quota('*', '{"max_tasks": 1}')`);
    await assert.rejects(twoTasks(), { code: 'PU023' });
    await owner.query('select pulp.set_quota($1, $2)', [login.name, { max_tasks: 2 }]);
    await twoTasks();
    for (const limits of [
      { most: 1 },
      { max_tasks: 0 },
      { max_tasks: 'many' },
      { max_bytes: 1e30 },
      { queues: 'mail' },
    ])
      await assert.rejects(owner.query(`select pulp.set_quota('x', $1)`, [limits]), { code: 'PU004' });
    assert.deepEqual(await checkLog(owner), []);
  });
});

/** Enqueues a task that waits in a line; gives its id. */
async function enqueue(client: Client, resources: readonly string[] = ['/a/']): Promise<string> {
  const { rows } = await client.query<{ id: string }>(`select pulp.enqueue('t', resources => $1) as id`, [
    resources,
  ]);
  return rows[0]?.id ?? '';
}
