import type { Client } from 'pg';
import { connect } from '../support/database.ts';
import type { Act } from './acts.ts';
import { ON_WORKER_LOSS, QUEUE } from './cast.ts';
import { claimsOf, type Claim, type Content } from './engine-model.ts';
import type { Run } from './engine-under-test.ts';
import { Witness } from './witness.ts';

/** What a caller does next. */
export type CallerStep =
  | { readonly step: 'enqueue'; readonly contents: readonly Content[]; readonly commit: boolean }
  | { readonly step: 'cancel'; /** How many were enqueued since. */ readonly task: number }
  /** Of so many that were enqueued last, those that may are run again, and those that wait get another priority. */
  | { readonly step: 'retry'; readonly tasks: number }
  /** In one transaction. */
  | { readonly step: 'act'; readonly acts: readonly Act[] };

/** What a worker does next. */
export type WorkerStep =
  | { readonly step: 'start'; readonly atMost: number }
  | { readonly step: 'progress' }
  /** Somebody gives it up while it goes on. */
  | { readonly step: 'is given up' }
  | {
      readonly step: 'finish';
      readonly outcome: 'completed' | 'failed' | 'canceled' | 'interrupted';
      /** How many it starts in the same turn. */
      readonly atMost: number | undefined;
    };

/** What nothing that is asked for may be told: of the log, that it cannot be folded; of a step within, that it is to be repeated. */
const FAULTS = ['PU008', 'PU009'];

/** What a command says that met another one and is to be repeated. */
const CONTENTION = ['40001', '40P01', '55P03'];

/** Callers, workers, resource managers and watchers, each with a connection of its own, in each other's way. */
export class Crowd implements AsyncDisposable {
  readonly witness = new Witness();
  /** Locks of resources that workers held when they had nothing in hand any more. */
  locksLeft = 0;
  readonly #url: string;
  /** Tasks that are there for all to see. */
  readonly #tasks: string[] = [];
  /** Of tasks that are there, or will be in a moment. */
  readonly #claims = new Map<string, readonly Claim[]>();
  readonly #clients: Client[] = [];
  /** What the one who gives up workers does, one after the other. */
  #watching: Promise<Client>;

  constructor(url: string) {
    this.#url = url;
    this.#watching = this.#connect();
  }

  /** One that enqueues and cancels. Its name tells the checker that it does one thing after the other. */
  async call(name: string, steps: readonly CallerStep[]): Promise<void> {
    const client = await this.#connect();
    await client.query(`select set_config('pulp.actor', $1, false)`, [`connection ${name}`]);
    for (const step of steps) {
      if (step.step === 'enqueue') {
        await this.#enqueue(client, step.contents, step.commit);
      } else if (step.step === 'retry') {
        const tasks = this.#tasks.slice(-step.tasks);
        await this.#repeat(() => client.query('select pulp.retry_tasks($1)', [tasks]));
        await this.#repeat(() => client.query('select pulp.set_tasks($1, $2)', [tasks, step.tasks]));
      } else if (step.step === 'act') {
        await this.#act(client, step.acts);
      } else {
        const task = this.#tasks.at(-1 - step.task);
        if (task !== undefined) await this.#repeat(() => client.query('select pulp.cancel($1)', [task]));
      }
    }
  }

  /** Does what may be refused. */
  async #act(client: Client, acts: readonly Act[]): Promise<void> {
    await this.#repeat(async () => {
      await client.query('begin');
      try {
        for (const act of acts) await client.query(act);
        await client.query('commit');
      } catch (error) {
        await client.query('rollback');
        const code = codeOf(error);
        if (code === undefined || !code.startsWith('PU') || FAULTS.includes(code)) throw error;
      }
    });
  }

  async #enqueue(client: Client, contents: readonly Content[], commit: boolean): Promise<void> {
    const earlier = this.#tasks.slice(-3);
    const items = contents.map(({ name, exclusive, shared, priority, retries, delay, group, on }) => ({
      name,
      unchecked: true, // the first may be enqueued before a worker is born
      queue: QUEUE,
      resources: exclusive,
      shared_resources: shared,
      priority,
      retries,
      delay: `${delay * 10}ms`,
      group,
      ...(group === null || earlier.length === 0 ? {} : { after: earlier, on }),
    }));
    await client.query('begin');
    const { rows } = await client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
      JSON.stringify(items),
    ]);
    if (!commit) {
      await client.query('rollback');
      return;
    }
    // The claims are known before anybody can start the tasks.
    for (const [index, { id }] of rows.entries()) {
      const content = contents[index];
      if (content !== undefined) this.#claims.set(id, claimsOf(content));
    }
    await client.query('commit');
    this.#tasks.push(...rows.map(({ id }) => id));
  }

  /** One that runs tasks. Whenever it finds that it was given up it is born anew. */
  async work(name: string, steps: readonly WorkerStep[]): Promise<void> {
    let session = await this.#bear(name);
    for (const step of steps) {
      try {
        await this.#workOn(name, session, step);
      } catch (error) {
        if (!wasGivenUp(error)) throw error;
        await session.client.end();
        session = await this.#bear(name);
      }
    }
    await this.#leave(name, session);
  }

  /** A worker finishes what it has in hand, and goes without leaving anything. */
  async #leave(name: string, session: WorkerSession): Promise<void> {
    try {
      while (session.runs.length > 0)
        await this.#workOn(name, session, { step: 'finish', outcome: 'completed', atMost: undefined });
      const { rows } = await session.client.query<{ left: number }>(
        `select count(*)::integer as left from pg_locks
         where locktype = 'advisory' and classid = pulp.lock_class('resource')::oid and pid = pg_backend_pid()`,
      );
      this.locksLeft += rows[0]?.left ?? 0;
      await this.#repeat(() => session.client.query('select pulp.mark_worker_offline($1, true)', [name]));
    } catch (error) {
      if (!wasGivenUp(error)) throw error;
    }
    await session.client.end();
  }

  async #giveUp(watcher: Client, worker: string): Promise<Client> {
    await this.witness.isGivenUp(worker, () =>
      this.#repeat(() => watcher.query('select pulp.mark_worker_offline($1, false)', [worker])),
    );
    return watcher;
  }

  async #bear(name: string): Promise<WorkerSession> {
    const types = [...ON_WORKER_LOSS].map(([type, onWorkerLoss]) => ({
      name: type,
      schema: {},
      isolation: 'horse',
      on_worker_loss: onWorkerLoss,
    }));
    for (;;) {
      const client = await this.#connect();
      this.witness.isBorn(name);
      try {
        const { rows } = await this.#repeat(() =>
          client.query<{ incarnation: string }>(
            'select pulp.worker_online($1, $2, 1, $3, 10, $4) as incarnation',
            [name, 'localhost', [QUEUE], JSON.stringify(types)],
          ),
        );
        return { client, incarnation: rows[0]?.incarnation ?? '', runs: [] };
      } catch (error) {
        // The session before this one is on its way out, and holds the name still; or this one was ended at once.
        if (codeOf(error) !== 'PU006' && !wasGivenUp(error)) throw error;
        await client.end();
      }
    }
  }

  async #workOn(name: string, session: WorkerSession, step: WorkerStep): Promise<void> {
    const { client, incarnation, runs } = session;
    switch (step.step) {
      case 'start': {
        const { rows } = await this.#repeat(() =>
          client.query<Run>('select id, attempt, fence from pulp.start($1, $2, $3, $4, $5)', [
            name,
            incarnation,
            [QUEUE],
            [...ON_WORKER_LOSS.keys()],
            step.atMost,
          ]),
        );
        this.#begin(name, runs, rows);
        break;
      }
      case 'progress': {
        const items = runs.map((run) => ({ ...run, progress: 1 }));
        await this.#repeat(() =>
          client.query('select pulp.progress($1, $2, $3)', [name, incarnation, JSON.stringify(items)]),
        );
        break;
      }
      case 'is given up': {
        this.#watching = this.#watching.then((watcher) => this.#giveUp(watcher, name));
        break;
      }
      case 'finish': {
        const done = runs.splice(0, Math.ceil(runs.length / 2));
        for (const { id } of done) this.witness.ends(id);
        const items = done.map((run) => ({ ...run, outcome: step.outcome, error: {}, by: 'host' }));
        if (step.atMost !== undefined) {
          const { rows } = await this.#repeat(() =>
            client.query<Run & { readonly verdict: string | null }>(
              'select verdict, id, attempt, fence from pulp.finish_and_start($1, $2, $3, $4, $5, $6)',
              [name, incarnation, JSON.stringify(items), [QUEUE], [...ON_WORKER_LOSS.keys()], step.atMost],
            ),
          );
          runs.push(...done.filter(({ id }) => rows.some((row) => row.id === id && row.verdict === 'held')));
          this.#begin(
            name,
            runs,
            rows.filter(({ verdict }) => verdict === null),
          );
          break;
        }
        const { rows } = await this.#repeat(() =>
          client.query<{ id: string }>('select id from pulp.finish($1, $2, $3)', [
            name,
            incarnation,
            JSON.stringify(items),
          ]),
        );
        // Those that somebody else is just changing are to be reported again.
        runs.push(...done.filter(({ id }) => !rows.some((recorded) => recorded.id === id)));
      }
    }
  }

  #begin(name: string, runs: Run[], started: readonly Run[]): void {
    for (const run of started) {
      this.witness.begins(name, run.id, this.#claims.get(run.id) ?? []);
      runs.push(run);
    }
  }

  /** One that grants, in passes of these sizes again and again, until the others are done. */
  async manage(batches: readonly number[], others: Promise<unknown>): Promise<void> {
    const client = await this.#connect();
    let done = false;
    const stop = () => (done = true);
    others.then(stop, stop);
    for (let pass = 0; !done; pass += 1) {
      await this.#repeat(() =>
        client.query('select pulp.grant_reservations($1)', [batches[pass % batches.length]]),
      );
    }
  }

  /** Lets all that is left come to its end, one thing after the other. Gives the tasks that did not. */
  async settle(): Promise<readonly string[]> {
    const client = await this.#watching;
    const session = await this.#bear('last');
    await client.query(`
      select pulp.release_hold(id) from pulp.hold;
      select pulp.set_capacity(resource, null) from pulp.resource_limit;
      select pulp.dispatch_group(id) from pulp.created_group`);
    const { rows: tasks } = await client.query('select from pulp.task');
    for (let rounds = tasks.length + 1; rounds > 0; rounds -= 1) {
      await client.query(`
        update pulp.deferred set due_at = now() where due_at < 'infinity';
        update pulp_boss.job set start_after = now() where start_after > now();
        update pulp.held_back set not_before = now()`);
      await client.query('select pulp.grant_reservations()');
      await client.query('select pulp.check_worker_processes()'); // what somebody held locked when its worker was given up
      await this.#workOn('last', session, { step: 'start', atMost: 1000 });
      while (session.runs.length > 0)
        await this.#workOn('last', session, { step: 'finish', outcome: 'completed', atMost: undefined });
    }
    await this.#leave('last', session);
    const { rows } = await client.query<{ id: string }>('select id from pulp.task where finished_at is null');
    return rows.map(({ id }) => id);
  }

  async #repeat<T>(step: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await step();
      } catch (error) {
        const code = codeOf(error);
        if (code === undefined || !CONTENTION.includes(code)) throw error;
      }
    }
  }

  async #connect(): Promise<Client> {
    const client = await connect(this.#url);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.end();
  }
}

interface WorkerSession {
  readonly client: Client;
  readonly incarnation: string;
  readonly runs: Run[];
}

/** Refused as no longer the one it was, or its session was ended for it. */
function wasGivenUp(error: unknown): boolean {
  return (
    codeOf(error) === 'PU001' ||
    codeOf(error) === '57P01' ||
    /Connection terminated|not queryable/.test(String(error))
  );
}

function codeOf(error: unknown): string | undefined {
  return (error as { readonly code?: string }).code;
}
