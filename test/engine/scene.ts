import type { Client } from 'pg';

interface Run {
  readonly id: string;
  readonly attempt: number;
  readonly fence: string;
}

/**
 * Things that happened some minutes ago: each is done now by the functions of the engine, and its events are dated back.
 * When all is done, `retell` makes the tables say what the log says.
 */
export class Scene {
  readonly #client: Client;
  readonly #incarnation: string;
  readonly #runs = new Map<string, Run>();
  readonly #opened: Date;

  private constructor(client: Client, incarnation: string, opened: Date) {
    this.#client = client;
    this.#incarnation = incarnation;
    this.#opened = opened;
  }

  /** The client is a superuser's; it also becomes the session of the one worker, `w`. */
  static async open(client: Client): Promise<Scene> {
    const { rows } = await client.query<{ incarnation: string; now: Date }>(
      `select pulp.worker_online('w', 'localhost', 1, '{default}', 1000,
         '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "cancel"}]') as incarnation, now()`,
    );
    return new Scene(client, rows[0]?.incarnation ?? '', rows[0]?.now ?? new Date());
  }

  /** Enqueues a task of type `t`, or many; gives the id of the first. */
  async enqueue(minutesAgo: number, item: object, count = 1): Promise<string> {
    const rows = await this.#happened<{ id: string }>(
      minutesAgo,
      'select id from pulp.enqueue_batch($1) as id',
      [JSON.stringify(Array.from({ length: count }, () => ({ name: 't', ...item })))],
    );
    return rows[0]?.id ?? '';
  }

  async grant(minutesAgo: number): Promise<void> {
    await this.#happened(minutesAgo, 'select pulp.grant_reservations()');
  }

  /** Starts all that can be started. */
  async start(minutesAgo: number): Promise<void> {
    const runs = await this.#happened<Run>(
      minutesAgo,
      `select id, attempt, fence from pulp.start('w', $1, '{default}', '{t}', 1000)`,
      [this.#incarnation],
    );
    for (const run of runs) this.#runs.set(run.id, run);
  }

  async finish(minutesAgo: number, id: string, outcome = 'completed'): Promise<void> {
    await this.#happened(minutesAgo, `select pulp.finish('w', $1, $2)`, [
      this.#incarnation,
      JSON.stringify([{ ...this.#runs.get(id), outcome, error: {} }]),
    ]);
    // What is tried again comes due when the scene says so, however long this takes.
    await this.#client.query(`update pulp.deferred set due_at = 'infinity' where task_id = $1`, [id]);
  }

  async cancel(minutesAgo: number, id: string): Promise<void> {
    await this.#happened(minutesAgo, 'select pulp.cancel($1)', [id]);
  }

  /** A task that is held back comes into line. */
  async becomeDue(minutesAgo: number, id: string): Promise<void> {
    await this.#client.query('update pulp.deferred set due_at = now() where task_id = $1', [id]);
    await this.grant(minutesAgo);
  }

  /** So many tasks with a resource of their own, and one that all share, go their whole way. */
  async goThrough(minutesAgo: number, count: number): Promise<void> {
    await this.#happened(
      minutesAgo,
      `select pulp.enqueue_batch((
         select jsonb_agg(jsonb_build_object('name', 't', 'resources', jsonb_build_array('/passed/' || n),
           'shared_resources', '["/passed/"]'::jsonb))
         from generate_series(1, $1) as n))`,
      [count],
    );
    await this.#client.query('select pulp.grant_reservations($1)', [count]);
    await this.#happened(
      minutesAgo,
      `select pulp.finish('w', $1, (
         select jsonb_agg(jsonb_build_object('id', id, 'attempt', attempt, 'fence', fence, 'outcome', 'completed'))
         from pulp.start('w', $1, '{default}', '{t}', 10000)))`,
      [this.#incarnation],
    );
  }

  /** Folds the times of the log into the tables. */
  async retell(): Promise<void> {
    await this.#client.query(`
      update pulp.task t set
        enqueued_at = told.enqueued_at, unblocked_at = told.unblocked_at, started_at = told.started_at,
        finished_at = told.finished_at
      from pulp.task_at(now()) told where told.id = t.id;
      update pulp.reservation r set requested_at = told.requested_at, granted_at = told.granted_at
      from pulp.reservation_at(now()) told where told.task_id = r.task_id and told.resource = r.resource`);
  }

  async #happened<R extends object>(minutesAgo: number, statement: string, values: unknown[] = []) {
    const { rows } = await this.#client.query<R>(statement, values);
    // Only what was recorded since the scene was opened has not been dated yet.
    await this.#client.query('begin');
    await this.#client.query('set local session_replication_role = replica'); // the log's guards look away
    for (const table of ['event_single', 'event_batch']) {
      await this.#client.query(
        `update pulp.${table} set recorded_at = $1::timestamptz - $2 * interval '1 minute'
         where recorded_at >= $1`,
        [this.#opened, minutesAgo],
      );
    }
    await this.#client.query('commit');
    return rows;
  }
}
