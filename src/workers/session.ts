import type { Client } from 'pg';
import { CHANNELS } from '../constants.ts';
import { connectDedicated } from '../postgres/dedicated-client.ts';
import { refuseTransactionPooling } from '../postgres/session-pooling.ts';
import { toPulpError } from '../postgres/sql-error.ts';
import type { Outcome } from './outcome.ts';

/** A task that was started for this worker: its run is ours until we finish it, or lose the session. */
export interface StartedTask {
  readonly id: string;
  readonly name: string;
  readonly args: unknown[];
  readonly kwargs: Record<string, unknown>;
  readonly attempt: number;
  /** The token that reports of this run must bear. Text: it is handed back as it came. */
  readonly fence: string;
  readonly timeout_seconds: number | null;
  readonly parent_id: string | null;
  readonly correlation_id: string | null;
}

/** How a run ended, for the log. */
export type FinishedRun = Outcome & { readonly id: string; readonly attempt: number; readonly fence: string };

/** A run whose end is in the log. */
export interface RecordedRun {
  readonly id: string;
}

/** A progress report of a run. `progress` is JSON already. */
export interface ProgressReport {
  readonly id: string;
  readonly attempt: number;
  readonly fence: string;
  readonly progress: string;
}

/** What a worker says of itself at its birth. */
export interface Birth {
  readonly name: string;
  readonly host: string;
  readonly queues: readonly string[];
  readonly concurrency: number;
  readonly taskTypes: readonly { readonly name: string }[];
  /** The incarnation that this process was before, if it lost its session. */
  readonly previous: string | undefined;
}

/** What happens on a session without being asked for. */
export interface SessionEvents {
  /** A queue of ours may have jobs. */
  onReady(queue: string): void;
  /** A run of ours is to be cancelled. */
  onCancel(): void;
  /** The connection is gone, and with it all locks: every run must end at once. */
  onLost(error: Error): void;
}

/**
 * A worker's one dedicated connection. It holds the locks of the worker's name and of the resources of its runs, fetches
 * and starts tasks and records how they ended: one round trip each. It is never replaced: a worker that loses it ends its
 * runs and is born anew.
 */
export class Session {
  readonly #client: Client;
  readonly #birth: Birth;
  readonly #incarnation: string;
  readonly #typeNames: readonly string[];
  #closing = false;

  private constructor(client: Client, birth: Birth, incarnation: string, events: SessionEvents) {
    this.#client = client;
    this.#birth = birth;
    this.#incarnation = incarnation;
    this.#typeNames = birth.taskTypes.map((type) => type.name);
    const lost = (error?: Error) => {
      if (this.#closing) return;
      this.#closing = true;
      events.onLost(error ?? new Error('the connection ended'));
    };
    client.on('error', lost).on('end', lost);
    client.on('notification', ({ channel, payload = '' }) => {
      if (channel === CHANNELS.ready && birth.queues.includes(payload)) events.onReady(payload);
      if (channel === CHANNELS.cancel && payload === birth.name) events.onCancel();
    });
  }

  /**
   * Connects and brings the worker into the world: takes its name, clears what an earlier worker of that name left,
   * publishes its task types.
   *
   * @throws PulpError WORKER_NAME_TAKEN if a live worker has the name; TRANSACTION_POOLING if this is no session
   */
  static async open(databaseUrl: string, birth: Birth, events: SessionEvents): Promise<Session> {
    const client = await connectDedicated(databaseUrl, `pulp worker ${birth.name}`);
    try {
      await refuseTransactionPooling(client, databaseUrl);
      await client.query(`listen ${CHANNELS.ready}; listen ${CHANNELS.cancel}`);
      const { rows } = await client.query<{ incarnation: string }>(
        'select pulp.worker_online($1, $2, $3, $4, $5, $6, $7) as incarnation',
        [
          birth.name,
          birth.host,
          process.pid,
          birth.queues,
          birth.concurrency,
          JSON.stringify(birth.taskTypes),
          birth.previous,
        ],
      );
      return new Session(client, birth, rows[0]?.incarnation ?? '', events);
    } catch (error) {
      await client.end();
      throw toPulpError(error);
    }
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  /** Fetches and starts at most so many tasks. */
  async start(atMost: number): Promise<readonly StartedTask[]> {
    const { rows } = await this.#query<StartedTask>('start', 'select * from pulp.start($1, $2, $3, $4, $5)', [
      this.#birth.name,
      this.#incarnation,
      this.#birth.queues,
      this.#typeNames,
      atMost,
    ]);
    return rows;
  }

  /** Records how runs ended; gives those that it recorded, without those whose tasks somebody else holds locked. */
  async finish(runs: readonly FinishedRun[]): Promise<readonly RecordedRun[]> {
    const { rows } = await this.#query<RecordedRun>('finish', 'select id from pulp.finish($1, $2, $3)', [
      this.#birth.name,
      this.#incarnation,
      writeFinishedRuns(runs),
    ]);
    return rows;
  }

  /** Records how runs ended and starts at most so many tasks, in one round trip; both or none. */
  async finishAndStart(
    runs: readonly FinishedRun[],
    atMost: number,
  ): Promise<{ readonly recorded: readonly RecordedRun[]; readonly started: readonly StartedTask[] }> {
    const { rows } = await this.#query<StartedTask & { readonly left_out: boolean }>(
      'finish and start',
      'select * from pulp.finish_and_start($1, $2, $3, $4, $5, $6)',
      [
        this.#birth.name,
        this.#incarnation,
        writeFinishedRuns(runs),
        this.#birth.queues,
        this.#typeNames,
        atMost,
      ],
    );
    const leftOut = new Set(rows.filter((row) => row.left_out).map(({ id }) => id));
    return {
      recorded: runs.filter(({ id }) => !leftOut.has(id)),
      started: rows.filter((row) => !row.left_out),
    };
  }

  /** Records progress reports of runs. */
  async progress(reports: readonly ProgressReport[]): Promise<void> {
    const items = reports.map(
      ({ id, attempt, fence, progress }) =>
        `{"id":"${id}","attempt":${attempt},"fence":"${fence}","progress":${progress}}`,
    );
    await this.#query('progress', 'select pulp.progress($1, $2, $3)', [
      this.#birth.name,
      this.#incarnation,
      `[${items.join(',')}]`,
    ]);
  }

  /** Those of this worker's runs that are to be cancelled. */
  async canceling(): Promise<readonly string[]> {
    const { rows } = await this.#query<{ id: string }>(
      'canceling',
      `select t.id from pulp.running r join pulp.task t on t.id = r.task_id
       where r.worker = $1 and t.state = 'canceling'`,
      [this.#birth.name],
    );
    return rows.map((row) => row.id);
  }

  /** Says that the worker ends, clean if all that ran has finished, and closes the connection. */
  async close(clean: boolean): Promise<void> {
    if (this.#closing) return;
    await this.#query('offline', 'select pulp.worker_offline($1, $2, $3)', [
      this.#birth.name,
      this.#incarnation,
      clean,
    ]);
    this.abandon();
  }

  /** Drops the connection as it is; the server ends the session and frees its locks. */
  abandon(): void {
    this.#closing = true;
    void this.#client.end();
  }

  async #query<Row extends object>(name: string, text: string, values: unknown[]) {
    try {
      return await this.#client.query<Row>({ name, text, values });
    } catch (error) {
      throw toPulpError(error);
    }
  }
}

function writeFinishedRuns(runs: readonly FinishedRun[]): string {
  return `[${runs.map(writeFinishedRun).join(',')}]`;
}

/** Outcomes carry JSON that is written already: it goes in as it is. */
function writeFinishedRun(run: FinishedRun): string {
  const head = `{"id":"${run.id}","attempt":${run.attempt},"fence":"${run.fence}","outcome":"${run.outcome}"`;
  switch (run.outcome) {
    case 'completed':
      return `${head},"result":${run.result}}`;
    case 'failed':
      return `${head},"error":${run.error},"retry":${run.retry}}`;
    case 'canceled':
      return `${head},"reason":${JSON.stringify(run.reason ?? null)}}`;
  }
}
