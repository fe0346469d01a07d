import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { PlanRecorder, type TableRead } from './plan-recorder.ts';

/** Tasks that are over. */
const FINISHED = 30_000;
/** Tasks that wait in the lines of ten resources. */
const IN_LINE = 20_000;
/** Tasks that wait for a worker alone. */
const DELIVERED = 10_000;

/** Resources that tasks have claimed. */
const RESOURCES = 5000;

/** How much each call is given to do. */
const BATCH = 50;

/** Rows that one node of a plan may read: a few for each task of a batch, however many tasks there are. */
const MOST_ROWS = 10 * BATCH;

/** A session that does everything, and sees how. */
class Session implements AsyncDisposable {
  readonly client: Client;
  readonly #recorder: PlanRecorder;
  readonly #worker: string;
  readonly #incarnation: string;

  private constructor(client: Client, recorder: PlanRecorder, worker: string, incarnation: string) {
    this.client = client;
    this.#recorder = recorder;
    this.#worker = worker;
    this.#incarnation = incarnation;
  }

  static async open(url: string, worker: string): Promise<Session> {
    const client = await connect(url);
    return Session.#bear(client, await PlanRecorder.attach(client), worker);
  }

  static async #bear(client: Client, recorder: PlanRecorder, worker: string): Promise<Session> {
    const { rows } = await client.query<{ incarnation: string }>(
      `select pulp.worker_online($1, 'localhost', 1, '{default}', 1,
         '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "retry"}]') as incarnation`,
      [worker],
    );
    return new Session(client, recorder, worker, rows[0]?.incarnation ?? '');
  }

  /** The same session as another worker: the one before was marked offline. */
  async rebear(): Promise<Session> {
    return Session.#bear(this.client, this.#recorder, `${this.#worker}.again`);
  }

  /** Calls every function of a task's way once with a full batch; gives what each read. */
  async work(): Promise<ReadonlyMap<string, readonly TableRead[]>> {
    const reads = new Map<string, readonly TableRead[]>();
    const record = async (call: string, statement: string, values: unknown[] = []) => {
      reads.set(call, await this.#recorder.readsOf(statement, values));
    };
    const start = [this.#worker, this.#incarnation, BATCH];
    const free = items({ name: 't' });
    const claiming = [
      ...Array.from({ length: BATCH }, (_, n) => ({ name: 't', resources: [`/new/${n}`] })),
      { name: 't', resources: ['/busy/1'], shared_resources: ['/busy/2'] },
    ];
    const known = await this.client.query<{ id: string }>(
      `select id from pulp.task where exclusive_resources = '{}' order by position limit $1`,
      [BATCH],
    );

    await record('enqueue without claims', 'select pulp.enqueue_batch($1)', [JSON.stringify(free)]);
    await record('enqueue with claims', 'select pulp.enqueue_batch($1)', [JSON.stringify(claiming)]);
    await record('enqueue by columns', 'select pulp.enqueue_columns($1, resources => $2)', [
      JSON.stringify({ name: 't' }),
      JSON.stringify(claiming.map(({ resources }) => resources)),
    ]);
    await record('enqueue later', 'select pulp.enqueue_batch($1)', [
      JSON.stringify(items({ name: 't', resources: ['/busy/1'], delay: 0.001 })),
    ]);
    await record('enqueue with ids that do not tell when they were made', 'select pulp.enqueue_batch($1)', [
      JSON.stringify(free.map((item) => ({ ...item, id: randomUUID() }))),
    ]);
    await record('enqueue again', 'select pulp.enqueue_batch($1)', [
      JSON.stringify(known.rows.map(({ id }) => ({ id, name: 't' }))),
    ]);
    await record('grant', 'select pulp.grant_reservations($1)', [BATCH]);
    await record('start', `select pulp.start($1, $2, '{default}', '{t}', $3)`, start);
    await record('progress', 'select pulp.progress($1, $2, $3)', [
      this.#worker,
      this.#incarnation,
      await this.#reports(),
    ]);
    await record('interrupt', 'select pulp.finish($1, $2, $3)', [
      this.#worker,
      this.#incarnation,
      await this.#reports(`'interrupted' as outcome, 'shutdown' as by, 1 as progress`),
    ]);
    await record('grant what was interrupted', 'select pulp.grant_reservations($1)', [BATCH]);
    await record('start what was interrupted', `select pulp.start($1, $2, '{default}', '{t}', $3)`, start);
    await record('cancel a run', 'select pulp.cancel(task_id) from pulp.running limit 1');
    await record('finish', 'select pulp.finish($1, $2, $3)', [
      this.#worker,
      this.#incarnation,
      await this.#reports(),
    ]);
    await record('cancel in line', 'select pulp.cancel(task_id) from pulp.reservation_waiting limit 1');
    await record('cancel delivered', 'select pulp.cancel(id) from pulp_boss.job limit 1');
    await record('grant what was let go of', 'select pulp.grant_reservations($1)', [BATCH]);
    await record('heartbeat', 'select pulp.heartbeat(array[$1], array[$2::bigint])', start.slice(0, 2));
    await this.client.query(`select pulp.start($1, $2, '{default}', '{t}', $3)`, start);
    await record('turn', `select pulp.finish_and_start($1, $2, $4, '{default}', '{t}', $3)`, [
      ...start,
      await this.#reports(),
    ]);
    await record('check workers', 'select pulp.check_worker_processes()');
    await record('mark offline', 'select pulp.mark_worker_offline($1)', [this.#worker]);
    return reads;
  }

  async #reports(said = `'completed' as outcome`): Promise<string> {
    const { rows } = await this.client.query(
      `select id, attempt, fence, ${said} from pulp.running r join pulp.task t on t.id = r.task_id`,
    );
    return JSON.stringify(rows);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client.end();
  }
}

/** What statistics may have been made of: an engine has large tables today, and had next to nothing to do last night. */
const EARLIER_STATES: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  small: ({ client }) =>
    client.query('select pulp.enqueue($1), pulp.enqueue($1, resources => $2)', ['t', ['/busy/1']]),
  'emptied by work': async (session) => {
    await session.work();
    await session.client.query(`
      delete from pulp_boss.job;
      delete from pulp.reservation;
      delete from pulp.deferred;
      delete from pulp.wakeup`);
  },
};

suite('however many tasks there are, a batch reads a few rows for each of its own', () => {
  test('on tables without statistics', async (t) => {
    await using database = await createDatabase();
    await using old = await Session.open(database.url, 'old');
    await keepAutovacuumOut(old.client);
    await old.work();
    await fill(old.client);
    await t.test('in a session that has its plans from small tables', () => assertFewIn(old));
    await t.test('in a new session', () => assertFewInNew(database.url));
  });

  for (const [state, make] of Object.entries(EARLIER_STATES)) {
    test(`on tables with statistics of when they were ${state}`, async (t) => {
      await using database = await createDatabase();
      await using old = await Session.open(database.url, 'old');
      await keepAutovacuumOut(old.client);
      await make(old);
      await old.client.query('analyze');
      await (await old.rebear()).work();
      await fill(old.client);
      await t.test('in a session that has its plans from then', () => assertFewIn(old));
      await t.test('in a new session', () => assertFewInNew(database.url));
      await old.client.query('analyze');
      await t.test('in a session that has its plans from then, with new statistics', () => assertFewIn(old));
      await t.test('in a new session, with new statistics', () => assertFewInNew(database.url));
    });
  }
});

async function assertFewIn(session: Session): Promise<void> {
  const again = await session.rebear();
  assertFew(await again.work());
}

async function assertFewInNew(url: string): Promise<void> {
  await using session = await Session.open(url, 'new');
  assertFew(await session.work());
}

function assertFew(
  calls: ReadonlyMap<string, readonly TableRead[]>,
  { statistics = true }: { readonly statistics?: boolean } = {},
): void {
  const silent = [...calls].flatMap(([call, reads]) => (reads.length === 0 ? [call] : []));
  assert.deepEqual(silent, [], 'every call reads something');
  const tooMuch = [...calls].flatMap(([call, reads]) =>
    reads
      .filter(({ rows }) => rows > MOST_ROWS)
      .filter(({ table }) => statistics || !call.startsWith('cancel') || table !== 'job_common')
      .map(
        ({ table, how, rows, statement }) => `${call}: ${rows} rows of ${table}, ${how}, in: ${statement}`,
      ),
  );
  assert.deepEqual(tooMuch, []);
}

function items(item: object): object[] {
  return Array.from({ length: BATCH }, () => item);
}

/** No statistics but those that we make: altering tables later would have all plans made anew. */
async function keepAutovacuumOut(client: Client): Promise<void> {
  await client.query(`
    do $$
    declare
      leaf regclass;
    begin
      for leaf in select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('pulp', 'pulp_boss') and c.relkind = 'r' loop
        execute format('alter table %s set (autovacuum_enabled = off)', leaf);
      end loop;
    end $$`);
}

/** Makes the tables large, without the statistics that autovacuum would make in its own time. */
async function fill(client: Client): Promise<void> {
  const enqueue = (count: number, item: string) =>
    client.query(
      `select count(*) from generate_series(0, $1 - 1, 1000) as first
       cross join lateral pulp.enqueue_batch((select jsonb_agg(${item}) from generate_series(first, first + 999) as n))`,
      [count],
    );
  await enqueue(DELIVERED, `jsonb_build_object('name', 't')`);
  await enqueue(
    IN_LINE,
    `jsonb_build_object('name', 't', 'resources', jsonb_build_array('/busy/' || n % 10))`,
  );
  await client.query(
    `with finished as (
       insert into pulp.task
       select task.*
       from (
         select row(nextval('pulp.event_position'), pg_current_xact_id(), 'task', pulp.new_id()::text, 1, 'TaskEnqueued', 1,
           pulp.enqueued_data('"t"', null, null, null, null, null, '{}', now(), 'postgres'), 'bulk', null, 'bulk', now(), null)::pulp.event as event
         from generate_series(1, $1)
       ) enqueued
       cross join lateral pulp.evolve_task(null, enqueued.event) as task
       returning id
     )
     insert into pulp.event_batch (first, tx, recorded_at, size, version, schema_version, type, common, ids)
     select nextval('pulp.event_position'), pg_current_xact_id(), now(), cardinality(f.ids), e.version, 1, e.type, '{}', f.ids
     from (
       select array_agg(id) as ids from (select id, row_number() over () as number from finished) numbered group by number / 50
     ) f
     cross join (values (1, 'TaskEnqueued'), (2, 'TaskStarted'), (3, 'TaskCompleted')) as e (version, type)`,
    [FINISHED],
  );
  await client.query(`update pulp.task set state = 'completed' where correlation_id = 'bulk'`);
  await client.query(
    `insert into pulp.resource (name) select '/known/' || n from generate_series(1, $1) as n`,
    [RESOURCES],
  );
}
