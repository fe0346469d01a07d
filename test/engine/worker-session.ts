import type { Client } from 'pg';
import { connect } from '../support/database.ts';

/** A run as its worker must name it in its reports. */
export interface Run {
  readonly id: string;
  readonly attempt: number;
  readonly fence: string;
}

/** What pulp.finish gives of an item. */
export interface Settled {
  readonly id: string;
  readonly state: string;
}

/** What pulp.finish_and_start gives: a task that was started (`verdict` null), or an item that was not recorded. */
export interface TurnRow extends Run {
  readonly verdict: string | null;
  readonly interruptions: number | null;
}

/** A worker's session, on which it calls the functions of the engine as a worker does. It knows the task type `t`. */
export class WorkerSession implements AsyncDisposable {
  readonly client: Client;
  readonly url: string;
  readonly name: string;
  readonly incarnation: string;
  readonly #queue: string;

  private constructor(client: Client, url: string, name: string, incarnation: string, queue: string) {
    this.client = client;
    this.url = url;
    this.name = name;
    this.incarnation = incarnation;
    this.#queue = queue;
  }

  static async open(url: string, { name = 'w', type = {}, queue = 'default' } = {}): Promise<WorkerSession> {
    const client = await connect(url);
    const { rows } = await client.query<{ incarnation: string }>(
      `select pulp.worker_online($1, 'localhost', 1, $2, 100, $3) as incarnation`,
      [
        name,
        [queue],
        JSON.stringify([{ name: 't', schema: {}, isolation: 'horse', on_worker_loss: 'cancel', ...type }]),
      ],
    );
    return new WorkerSession(client, url, name, rows[0]?.incarnation ?? '', queue);
  }

  /** Enqueues a task of type `t`; gives its id. */
  async enqueue(item: object = {}): Promise<string> {
    const { rows } = await this.client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
      JSON.stringify([{ name: 't', ...item }]),
    ]);
    return rows[0]?.id ?? '';
  }

  async grant(): Promise<void> {
    await this.client.query('select pulp.grant_reservations()');
  }

  async start(atMost: number): Promise<readonly (Run & { readonly interruptions: number })[]> {
    const { rows } = await this.client.query<Run & { readonly interruptions: number }>(
      'select id, attempt, fence, interruptions from pulp.start($1, $2, $3, $4, $5)',
      [this.name, this.incarnation, [this.#queue], ['t'], atMost],
    );
    return rows;
  }

  /** Starts a task that must be there. */
  async startOne(): Promise<Run & { readonly interruptions: number }> {
    const [run] = await this.start(1);
    if (run === undefined) throw new Error('there is nothing to start');
    return run;
  }

  async finish(items: readonly object[], incarnation = this.incarnation): Promise<readonly Settled[]> {
    const { rows } = await this.client.query<Settled>('select * from pulp.finish($1, $2, $3)', [
      this.name,
      incarnation,
      JSON.stringify(items),
    ]);
    return rows;
  }

  async finishAndStart(items: readonly object[], atMost: number): Promise<readonly TurnRow[]> {
    const { rows } = await this.client.query<TurnRow>(
      'select * from pulp.finish_and_start($1, $2, $3, $4, $5, $6)',
      [this.name, this.incarnation, JSON.stringify(items), [this.#queue], ['t'], atMost],
    );
    return rows;
  }

  async progress(
    items: readonly object[],
    incarnation = this.incarnation,
  ): Promise<readonly { readonly id: string; readonly verdict: string }[]> {
    const { rows } = await this.client.query<{ id: string; verdict: string }>(
      'select * from pulp.progress($1, $2, $3)',
      [this.name, incarnation, JSON.stringify(items)],
    );
    return rows;
  }

  /** A run ends because its worker stops. */
  async interrupt(run: Run, more: object = {}): Promise<readonly Settled[]> {
    return this.finish([
      { ...run, outcome: 'interrupted', by: 'shutdown', reason: 'the worker was stopped', ...more },
    ]);
  }

  /** The types of a task's events, in their order. */
  async events(id: string): Promise<readonly string[]> {
    const { rows } = await this.client.query<{ type: string }>(
      'select type from pulp.event where stream_id = $1 order by version',
      [id],
    );
    return rows.map(({ type }) => type);
  }

  /** Some columns of a task's row. */
  async task(id: string): Promise<Record<string, unknown>> {
    const { rows } = await this.client.query<Record<string, unknown>>(
      `select state, attempt, worker, fence, interruptions, progress, cancel_reason, error from pulp.task where id = $1`,
      [id],
    );
    return rows[0] ?? {};
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client.end();
  }
}
