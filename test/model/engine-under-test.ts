import assert from 'node:assert/strict';
import type { Client } from 'pg';
import { connect } from '../support/database.ts';
import {
  claimsOf,
  type Claim,
  type Item,
  type ModelWorker,
  type OnWorkerLoss,
  type Report,
} from './engine-model.ts';

/** A started run, as its worker must name it in its reports. */
export interface Run {
  readonly id: string;
  readonly attempt: number;
  readonly fence: string;
}

/** A worker's connection and the birth that it is. */
interface Session {
  readonly client: Client;
  readonly pid: number;
  readonly incarnation: string;
}

/** What a start gave: the runs, and the tasks whose locks were not free. */
export interface Started {
  readonly runs: readonly Run[];
  readonly putBack: readonly string[];
}

/**
 * The SQL functions on a database of a test's own, called as their users call them: each worker on its own session, all
 * else from one more. Delays and retries are of hours here, and the clock is let on by an hour by moving what is due an
 * hour nearer: so nothing comes due by chance, and nothing has to be waited for.
 */
export class EngineUnderTest implements AsyncDisposable {
  /** A superuser's session beside the workers': it enqueues, cancels, grants and reads. */
  readonly client: Client;
  /** Runs as they were started, by task. */
  readonly runs = new Map<string, Run>();
  /** What was done since it was reset. */
  readonly steps: string[] = [];
  /** Reports that were accepted once. */
  readonly spent: { readonly worker: string; readonly run: Run }[] = [];
  readonly #url: string;
  readonly #sessions = new Map<string, Session>();

  /** The number of that session. */
  readonly pid: number;

  private constructor(url: string, client: Client, pid: number) {
    this.#url = url;
    this.client = client;
    this.pid = pid;
  }

  static async open(url: string): Promise<EngineUnderTest> {
    const client = await connect(url);
    await client.query(`create or replace function pulp.retry_delay(attempt integer, task_type text default null) returns interval
      language sql volatile as $$ select interval '1 hour' $$`);
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return new EngineUnderTest(url, client, rows[0]?.pid ?? 0);
  }

  /** Forgets all that happened. The log's guards are told to look away: this is another life, not a change of history. */
  async reset(): Promise<void> {
    for (const { client } of this.#sessions.values()) await client.end();
    this.#sessions.clear();
    this.runs.clear();
    this.spent.length = 0;
    this.steps.length = 0;
    await this.client.query(`
      select pg_advisory_unlock_all();
      begin;
      set local session_replication_role = replica;
      delete from pulp.event_batch;
      delete from pulp.event_single;
      delete from pulp.task;
      delete from pulp.task_flow;
      delete from pulp.worker;
      delete from pulp.task_type;
      delete from pulp.reservation;
      delete from pulp.running;
      delete from pulp.deferred;
      delete from pulp.dependency;
      delete from pulp.ending;
      delete from pulp.group_flow;
      delete from pulp.wakeup;
      delete from pulp.pause;
      delete from pulp.hold;
      delete from pulp.hold_lease;
      delete from pulp.resource_limit;
      delete from pulp_boss.job;
      commit`);
  }

  /**
   * Enqueues a batch, in which some ids are given by the caller. Gives the tasks' ids; the error's code if the batch was
   * refused.
   */
  async enqueue(
    items: readonly Item[],
    how: { readonly given: ReadonlySet<string>; readonly rollBack: boolean },
  ): Promise<readonly string[] | string> {
    const written = items.map(
      ({ id, content: { exclusive, delay, shared, units, unchecked, after, on, ...content } }) => ({
        ...content,
        ...(how.given.has(id) ? { id } : {}),
        resources: exclusive,
        shared_resources: shared,
        units: writeUnits(claimsOf({ exclusive, shared, units })),
        delay: delay === 0 ? null : `${delay}h`,
        ...(after.length === 0 ? {} : { after, on }),
        unchecked,
      }),
    );
    if (how.rollBack) await this.client.query('begin');
    try {
      const { rows } = await this.client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
        JSON.stringify(written),
      ]);
      return rows.map(({ id }) => id);
    } catch (error) {
      return codeOf(error);
    } finally {
      if (how.rollBack) await this.client.query('rollback');
    }
  }

  /** Lets the resource manager work until it has nothing more to look at. Gives the number granted. */
  async grant(batch: number): Promise<number> {
    for (let granted = 0; ;) {
      const { rows } = await this.client.query<{ granted: number; more: boolean }>(
        'select granted, more from pulp.grant_reservations($1)',
        [batch],
      );
      granted += rows[0]?.granted ?? 0;
      if (rows[0]?.more !== true) return granted;
    }
  }

  /** Those of these tasks that stand in line, in the order in which they came there. */
  async orderInLine(ids: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.client.query<{ stream_id: string }>(
      `select stream_id from (
         select distinct on (stream_id) stream_id, type, position from pulp.event
         where stream_kind = 'task' and stream_id = any ($1) and type in ('TaskDue', 'TaskRetryScheduled', 'TaskSnoozed', 'TaskEnqueued')
         order by stream_id, version desc
       ) latest where type = 'TaskDue' order by position`,
      [ids],
    );
    return rows.map((row) => row.stream_id);
  }

  /** Starts tasks for a worker. What is put back for a moment is put back for an hour. */
  async start(worker: ModelWorker, atMost: number): Promise<Started> {
    return this.#take(worker.name, 'select id, attempt, fence from pulp.start($1, $2, $3, $4, $5)', [
      ...[worker.queues, worker.types, atMost],
    ]);
  }

  /** Gives the states after it, by task. */
  async finish(worker: string, reports: readonly Report[]): Promise<ReadonlyMap<string, string>> {
    const items = reports.map((report) => writeReport(report, this.run(report.id)));
    const { client, incarnation } = this.session(worker);
    const { rows } = await client.query<{ id: string; state: string }>(
      'select id, state from pulp.finish($1, $2, $3)',
      [worker, incarnation, JSON.stringify(items)],
    );
    this.spent.push(...reports.map(({ id }) => ({ worker, run: this.run(id) })));
    return new Map(rows.map(({ id, state }) => [id, state]));
  }

  /** Records ends and starts tasks in one turn. */
  async turn(worker: ModelWorker, reports: readonly Report[], atMost: number): Promise<Started> {
    const items = reports.map((report) => writeReport(report, this.run(report.id)));
    this.spent.push(...reports.map(({ id }) => ({ worker: worker.name, run: this.run(id) })));
    return this.#take(
      worker.name,
      'select id, attempt, fence from pulp.finish_and_start($1, $2, $6, $3, $4, $5) where verdict is null',
      [worker.queues, worker.types, atMost, JSON.stringify(items)],
    );
  }

  /** Gives what was not recorded: verdicts by task. */
  async progress(
    worker: string,
    runs: readonly Run[],
    progress: unknown,
  ): Promise<ReadonlyMap<string, string>> {
    const { client, incarnation } = this.session(worker);
    const { rows } = await client.query<{ id: string; verdict: string }>(
      'select id, verdict from pulp.progress($1, $2, $3)',
      [worker, incarnation, JSON.stringify(runs.map((run) => ({ ...run, progress })))],
    );
    return new Map(rows.map(({ id, verdict }) => [id, verdict]));
  }

  /** Says that runs completed, also such as must be refused; gives what became of each. */
  async complete(worker: string, runs: readonly Run[]): Promise<ReadonlyMap<string, string>> {
    const { client, incarnation } = this.session(worker);
    const { rows } = await client.query<{ id: string; state: string }>(
      'select id, state from pulp.finish($1, $2, $3)',
      [
        worker,
        incarnation,
        JSON.stringify(runs.map((run) => ({ ...run, outcome: 'completed', result: 1, progress: 'last' }))),
      ],
    );
    this.spent.push(
      ...rows.filter(({ state }) => state !== 'fenced').map(({ id }) => ({ worker, run: this.run(id) })),
    );
    return new Map(rows.map(({ id, state }) => [id, state]));
  }

  /** Reports what must be refused as a whole, in both ways; gives the codes of the errors. */
  async reportInVain(worker: string, incarnation: string, runs: readonly Run[]): Promise<readonly string[]> {
    const codes = [];
    for (const command of ['finish', 'progress']) {
      const items = runs.map((run) => ({ ...run, outcome: 'completed', result: 'stale', progress: 'stale' }));
      codes.push(
        await this.client
          .query(`select pulp.${command}($1, $2, $3)`, [worker, incarnation, JSON.stringify(items)])
          .then(() => 'accepted', codeOf),
      );
    }
    return codes;
  }

  async cancel(id: string, reason: string | null): Promise<string> {
    const { rows } = await this.client.query<{ state: string }>('select pulp.cancel($1, $2) as state', [
      id,
      reason,
    ]);
    return rows[0]?.state ?? '';
  }

  /** Has a task run again; gives its state, or what was said against it. */
  async retry(id: string, reason: string | null): Promise<string> {
    return this.client.query<{ state: string }>('select pulp.retry($1, $2) as state', [id, reason]).then(
      ({ rows }) => rows[0]?.state ?? '',
      (error: unknown) => (codeOf(error) === 'PU024' ? 'completed' : codeOf(error)),
    );
  }

  async set(id: string, priority: number | null, queue: string | null): Promise<string> {
    const { rows } = await this.client.query<{ state: string }>(
      'select state from pulp.set_tasks(array[$1::uuid], $2, $3)',
      [id, priority, queue],
    );
    return rows[0]?.state ?? '';
  }

  async togglePause(kind: string, name: string, isPaused: boolean): Promise<void> {
    await this.client.query(`select pulp.${isPaused ? 'resume' : 'pause'}($1, $2)`, [kind, name]);
  }

  /** Asks for claims without a task; gives the id of the hold, or the error's code. */
  async hold(claims: readonly Claim[]): Promise<string> {
    const named = (mode: Claim['mode']) =>
      claims.filter((claim) => claim.mode === mode).map(({ resource }) => resource);
    const options = { seconds: 1_000_000, lease_seconds: null, units: writeUnits(claims) };
    return this.client
      .query<{ id: string }>('select pulp.request_hold($1, $2, $3) as id', [
        named('exclusive'),
        named('shared'),
        options,
      ])
      .then(({ rows }) => rows[0]?.id ?? '', codeOf);
  }

  async release(hold: string): Promise<void> {
    await this.client.query('select pulp.release_hold($1)', [hold]);
  }

  /** Undefined: it has none any more. */
  async setCapacity(resource: string, units: number | undefined): Promise<void> {
    await this.client.query('select pulp.set_capacity($1, $2)', [resource, units ?? null]);
  }

  /** Brings a worker into the world; gives the number of its session. */
  async bear(worker: ModelWorker, onWorkerLoss: ReadonlyMap<string, OnWorkerLoss>): Promise<number> {
    const client = await connect(this.#url);
    const { rows } = await client.query<{ incarnation: string; pid: number }>(
      'select pulp.worker_online($1, $2, $3, $4, $5, $6) as incarnation, pg_backend_pid() as pid',
      [
        worker.name,
        'localhost',
        process.pid,
        worker.queues,
        100,
        JSON.stringify(published(worker, onWorkerLoss)),
      ],
    );
    const born = rows[0];
    assert(born !== undefined);
    this.#sessions.set(worker.name, { client, ...born });
    return born.pid;
  }

  /** Tries to bring a second worker of a name into the world; gives the code of the error. */
  async bearTwin(worker: ModelWorker): Promise<string> {
    return this.client
      .query('select pulp.worker_online($1, $2, 1, $3, 1, $4)', [
        worker.name,
        'elsewhere',
        worker.queues,
        '[]',
      ])
      .then(() => 'born', codeOf);
  }

  /** A worker shuts down: says so, and goes. Gives how many runs that ended. */
  async stop(worker: string): Promise<number> {
    const { client } = this.session(worker);
    const ended = await markOffline(client, worker, true);
    await client.end();
    this.#sessions.delete(worker);
    return ended;
  }

  /** A worker is given up although it lives: its session is ended for it. */
  async giveUp(worker: string): Promise<number> {
    const { client } = this.session(worker);
    const ended = theEndOf(client);
    const runs = await markOffline(this.client, worker, false);
    await ended;
    this.#sessions.delete(worker);
    return runs;
  }

  /** A worker dies: its session is gone, which ends nothing, and an observer sees no sign of life of it. */
  async die(worker: string): Promise<void> {
    await this.#loseSession(worker);
    this.#sessions.delete(worker);
    const look = async (silent: object) => {
      const { rows } = await this.client.query<{ missing: string[]; marks: Record<string, string> }>(
        'select missing, marks from pulp.check_worker_processes($1)',
        [silent],
      );
      return rows[0];
    };
    const seen = await look({});
    assert.deepEqual(seen?.missing, []);
    assert.deepEqual((await look({ [worker]: 'another mark' }))?.missing, []);
    assert.deepEqual((await look({ [worker]: seen.marks[worker] }))?.missing, [worker]);
  }

  /** A worker loses its session, and attaches another one; gives what it finds of its runs, and the session's number. */
  async attach(
    worker: string,
    inHand: readonly Run[],
  ): Promise<{ verdicts: readonly string[]; pid: number }> {
    const { incarnation } = this.session(worker);
    await this.#loseSession(worker);
    const client = await connect(this.#url);
    const { rows } = await client.query<{ id: string; verdict: string; pid: number }>(
      'select id, verdict from pulp.attach_worker($1, $2, $3) order by id',
      [worker, incarnation, inHand.map(({ fence }) => fence)],
    );
    const { rows: backends } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const pid = backends[0]?.pid ?? 0;
    this.#sessions.set(worker, { client, incarnation, pid });
    return { verdicts: rows.map(({ id, verdict }) => `${id} ${verdict}`), pid };
  }

  async #take(worker: string, text: string, values: readonly unknown[]): Promise<Started> {
    const { client, incarnation } = this.session(worker);
    await client.query('begin');
    const { rows } = await client.query<Run>(text, [worker, incarnation, ...values]);
    const putBack = await client.query<{ id: string }>(
      `update pulp_boss.job set start_after = now() + interval '1 hour'
       where start_after > now() and start_after < now() + interval '1 minute' returning id`,
    );
    await client.query('commit');
    for (const run of rows) this.runs.set(run.id, run);
    return { runs: rows, putBack: putBack.rows.map(({ id }) => id) };
  }

  async #loseSession(worker: string): Promise<void> {
    const { client, pid } = this.session(worker);
    const ended = theEndOf(client);
    await this.client.query('select pg_terminate_backend($1, 5000)', [pid]);
    await ended;
  }

  /** A sign of life of an incarnation; gives how it fares. */
  async heartbeat(worker: string, incarnation: string): Promise<string | undefined> {
    const { rows } = await this.client.query<{ verdict: string }>(
      'select verdict from pulp.heartbeat($1, $2)',
      [[worker], [incarnation]],
    );
    return rows[0]?.verdict;
  }

  async passHour(): Promise<void> {
    await this.client.query(`
      update pulp.deferred set due_at = due_at - interval '1 hour';
      update pulp_boss.job set start_after = start_after - interval '1 hour'`);
  }

  /** Takes the lock of a resource in the session that is no worker's. Gives whether it was to be had. */
  tryLock(resource: string, mode: Claim['mode']): Promise<boolean> {
    return this.#callLock(
      mode === 'exclusive' ? 'pg_try_advisory_lock' : 'pg_try_advisory_lock_shared',
      resource,
    );
  }

  /** Gives that lock back. */
  async unlock(resource: string, mode: Claim['mode']): Promise<void> {
    await this.#callLock(mode === 'exclusive' ? 'pg_advisory_unlock' : 'pg_advisory_unlock_shared', resource);
  }

  async #callLock(lockFunction: string, resource: string): Promise<boolean> {
    const { rows } = await this.client.query<{ done: boolean }>(
      `select ${lockFunction}(pulp.lock_class('resource'), id) as done from pulp.resource where name = $1`,
      [resource],
    );
    return rows[0]?.done ?? false;
  }

  async countEvents(): Promise<string> {
    const { rows } = await this.client.query<{ count: string }>('select count(*) from pulp.event');
    return rows[0]?.count ?? '';
  }

  session(worker: string): Session {
    const session = this.#sessions.get(worker);
    if (session === undefined) throw new Error(`worker ${worker} has no session`);
    return session;
  }

  run(id: string): Run {
    const run = this.runs.get(id);
    if (run === undefined) throw new Error(`task ${id} was never started`);
    return run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#sessions.values()) await client.end();
    await this.client.end();
  }
}

function writeReport({ id: _id, outcome, value, retry, ...report }: Report, run: Run): object {
  const said = {
    completed: { result: value },
    failed: { error: value, retry },
    canceled: { reason: value },
    interrupted: { reason: value, by: 'shutdown' },
    snoozed: { reason: value, seconds: 3600 },
  };
  return { ...run, outcome, ...said[outcome], ...report };
}

/** One unit is what a shared claim takes that says nothing. */
function writeUnits(claims: readonly Claim[]): Readonly<Record<string, number>> {
  return Object.fromEntries(claims.flatMap(({ resource, units }) => (units > 1 ? [[resource, units]] : [])));
}

function published(worker: ModelWorker, onWorkerLoss: ReadonlyMap<string, OnWorkerLoss>): object[] {
  return worker.types.map((name) => ({
    name,
    schema: {},
    isolation: 'horse',
    on_worker_loss: onWorkerLoss.get(name),
  }));
}

async function markOffline(client: Client, worker: string, normalShutdown: boolean): Promise<number> {
  const { rows } = await client.query<{ ended: number }>('select pulp.mark_worker_offline($1, $2) as ended', [
    worker,
    normalShutdown,
  ]);
  return rows[0]?.ended ?? 0;
}

/** Resolves when the server has let go of a connection, and so of its locks. */
function theEndOf(client: Client): Promise<void> {
  return new Promise((resolve) => client.once('end', resolve));
}

function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string') throw error;
  return code;
}
