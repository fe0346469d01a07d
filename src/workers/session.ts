import type { Client } from 'pg';
import { z } from 'zod';
import { CHANNELS } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { NoticePace } from '../notice-pace.ts';
import { connectDedicated } from '../postgres/dedicated-client.ts';
import { refuseTransactionPooling } from '../postgres/session-pooling.ts';
import { sqlFailure, toPulpError } from '../postgres/sql-error.ts';
import type { Versions } from '../tasks/versions.ts';
import type { Patience } from './patience.ts';
import {
  writeFinishedRuns,
  writeReports,
  type AttachedRuns,
  type FinishedRun,
  type ProgressReport,
  type Refusals,
  type StartedTask,
  type WorkerCondition,
} from './runs/run-records.ts';

/** What a worker says of itself when it registers. */
export interface Registration {
  readonly name: string;
  readonly host: string;
  readonly queues: readonly string[];
  readonly concurrency: number;
  /** `takes` false: it is known, but not taken. */
  readonly taskTypes: readonly { readonly name: string; readonly takes: boolean }[];
  /** See `processIdentity`. */
  readonly process: string | undefined;
  /** Why it takes no tasks yet. */
  readonly unable: string;
  readonly versions: Versions;
  /** See `currentRelease`. */
  readonly release: string | null;
}

/** An earlier incarnation of a worker's name, which may still run tasks though its session is gone. */
export interface EarlierIncarnation {
  readonly incarnation: string;
  /** See `SilenceObserver`. */
  readonly mark: string;
  readonly process: string | null;
}

/** What is known of an earlier incarnation: that it is over, or a mark that was seen for the whole of a lease. */
export interface KnownEnd {
  readonly over?: string | undefined;
  readonly silentMark?: string | undefined;
}

/** What happens on a session without being asked for. */
export interface SessionEvents {
  /** A queue of ours may have jobs. */
  onReady(): void;
  /** A run of ours is to be canceled. */
  onCancel(): void;
  /** The worker was told to do something, which its next sign of life is answered with. */
  onOrders(): void;
  /** The connection is gone, and with it all locks. */
  onLost(error: Error): void;
}

const earlier = z.object({ incarnation: z.string(), mark: z.string(), process: z.string().nullable() });

/**
 * A worker's one dedicated connection. It holds the locks of the worker's name and of the resources of its runs, fetches
 * and starts tasks and records how they ended: one round trip each. It may be lost: the worker attaches another one then,
 * as long as its lease stands.
 */
export class Session {
  readonly incarnation: string;
  readonly #client: Client;
  readonly #worker: Registration;
  readonly #typeNames: readonly string[];
  readonly #ready: NoticePace;
  readonly #cancels: NoticePace;
  readonly #orders: NoticePace;
  #isClosed = false;

  private constructor(client: Client, worker: Registration, incarnation: string, events: SessionEvents) {
    this.#client = client;
    this.#worker = worker;
    this.incarnation = incarnation;
    this.#typeNames = worker.taskTypes.filter(({ takes }) => takes).map(({ name }) => name);
    const lost = (error?: Error) => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      events.onLost(error ?? new Error('the connection ended'));
    };
    client.on('error', lost).on('end', lost);
    this.#ready = new NoticePace(() => {
      events.onReady();
    });
    this.#cancels = new NoticePace(() => {
      events.onCancel();
    });
    this.#orders = new NoticePace(() => {
      events.onOrders();
    });
    client.on('notification', ({ channel, payload = '' }) => {
      if (channel === CHANNELS.ready && worker.queues.includes(payload)) this.#ready.hear();
      if (channel === CHANNELS.cancel && payload === worker.name) this.#cancels.hear();
      if (channel === CHANNELS.cancel && payload === `${worker.name} orders`) this.#orders.hear();
    });
  }

  /**
   * Connects and registers the worker: takes its name, clears what an earlier worker of that name left, publishes its task
   * types.
   *
   * @throws PulpError WORKER_NAME_TAKEN if a live worker has the name; WORKER_NAME_LEASED if one that lost its session may
   *   still run tasks, see `earlierIncarnation`; TRANSACTION_POOLING if this is no session
   */
  static async register(
    databaseUrl: string,
    worker: Registration,
    { over, silentMark }: KnownEnd,
    events: SessionEvents,
    patience: Patience,
  ): Promise<Session> {
    return connected(databaseUrl, worker, patience, async (client) => {
      const { rows } = await client.query<{ incarnation: string }>(
        'select pulp.worker_online($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) as incarnation',
        [
          ...[worker.name, worker.host, process.pid, worker.queues, worker.concurrency],
          ...[JSON.stringify(worker.taskTypes), worker.process, worker.unable, over, silentMark],
          ...[JSON.stringify(worker.versions), worker.release],
        ],
      );
      return new Session(client, worker, rows[0]?.incarnation ?? '', events);
    });
  }

  /**
   * Connects anew for an incarnation that lost its session, and takes the locks of its runs again.
   *
   * @param fences of the runs that the worker has in hand
   * @throws PulpError FENCED if the incarnation is over
   */
  static async attach(
    databaseUrl: string,
    worker: Registration,
    incarnation: string,
    fences: readonly string[],
    events: SessionEvents,
    patience: Patience,
  ): Promise<{ readonly session: Session; readonly runs: AttachedRuns }> {
    return connected(databaseUrl, worker, patience, async (client) => {
      const { rows } = await client.query<StartedTask & { readonly verdict: 'keep' | 'begin' | 'end' }>(
        'select * from pulp.attach_worker($1, $2, $3)',
        [worker.name, incarnation, fences],
      );
      const ids = (...verdicts: string[]) =>
        new Set(rows.filter(({ verdict }) => verdicts.includes(verdict)).map(({ id }) => id));
      const runs = {
        kept: ids('keep', 'end'),
        toBegin: rows.filter(({ verdict }) => verdict === 'begin'),
        toEnd: ids('end'),
      };
      return { session: new Session(client, worker, incarnation, events), runs };
    });
  }

  /** Which database this is: one beside it has another identity, whatever the two have in common. */
  async databaseIdentity(): Promise<string> {
    const { rows } = await this.#query<{ identity: string }>(
      'identity',
      'select pulp.database_identity() as identity',
      [],
    );
    return rows[0]?.identity ?? '';
  }

  /** Whether its connection is gone. */
  get isLost(): boolean {
    return this.#isClosed;
  }

  /** Fetches and starts at most so many tasks. */
  async start(atMost: number): Promise<readonly StartedTask[]> {
    const { rows } = await this.#query<StartedTask>('start', 'select * from pulp.start($1, $2, $3, $4, $5)', [
      ...[this.#worker.name, this.incarnation, this.#worker.queues, this.#typeNames, atMost],
    ]);
    if (rows.length > 0) this.#ready.found();
    return rows;
  }

  /** Records how runs ended; gives those that it did not record. */
  async finish(runs: readonly FinishedRun[]): Promise<Refusals> {
    const { rows } = await this.#query<{ id: string; state: string }>(
      'finish',
      'select id, state from pulp.finish($1, $2, $3)',
      [this.#worker.name, this.incarnation, writeFinishedRuns(runs)],
    );
    const told = new Set(rows.map(({ id }) => id));
    return {
      held: new Set(runs.map(({ id }) => id).filter((id) => !told.has(id))),
      fenced: new Set(rows.filter(({ state }) => state === 'fenced').map(({ id }) => id)),
    };
  }

  /** Records how runs ended and starts at most so many tasks, in one round trip; both or none. */
  async finishAndStart(
    runs: readonly FinishedRun[],
    atMost: number,
  ): Promise<{ readonly refusals: Refusals; readonly started: readonly StartedTask[] }> {
    const { rows } = await this.#query<StartedTask & { readonly verdict: 'held' | 'fenced' | null }>(
      'finish and start',
      'select * from pulp.finish_and_start($1, $2, $3, $4, $5, $6)',
      [
        ...[this.#worker.name, this.incarnation, writeFinishedRuns(runs)],
        ...[this.#worker.queues, this.#typeNames, atMost],
      ],
    );
    const started = rows.filter(({ verdict }) => verdict === null);
    if (started.length > 0) this.#ready.found();
    return { refusals: refusalsIn(rows), started };
  }

  /** Records progress reports of runs; gives those that it did not record. */
  async progress(reports: readonly ProgressReport[]): Promise<Refusals> {
    const { rows } = await this.#query<{ id: string; verdict: 'held' | 'late' }>(
      'progress',
      'select id, verdict from pulp.progress($1, $2, $3)',
      [this.#worker.name, this.incarnation, writeReports(reports)],
    );
    return refusalsIn(rows);
  }

  /** Those of this worker's runs that are to be canceled. */
  async canceling(): Promise<readonly string[]> {
    const { rows } = await this.#query<{ id: string }>(
      'canceling',
      `select t.id from pulp.running r join pulp.task t on t.id = r.task_id
       where r.worker = $1 and t.state = 'canceling'`,
      [this.#worker.name],
    );
    if (rows.length > 0) this.#cancels.found();
    return rows.map((row) => row.id);
  }

  /** Says whether the worker takes tasks, and which of its runs go on though their processes were killed. */
  async setCondition({ unable, stuck }: WorkerCondition): Promise<void> {
    await this.#query('condition', 'select pulp.set_worker_condition($1, $2, $3, $4)', [
      ...[this.#worker.name, this.incarnation, unable, JSON.stringify(stuck)],
    ]);
  }

  /** Says that the worker ends, clean if all that ran has finished, and closes the connection. */
  async close(clean: boolean): Promise<void> {
    if (this.#isClosed) return;
    await this.#query('offline', 'select pulp.worker_offline($1, $2, $3)', [
      ...[this.#worker.name, this.incarnation, clean],
    ]);
    this.drop();
  }

  /** Drops the connection as it is; the server ends the session and frees its locks. */
  drop(): void {
    this.#isClosed = true;
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

/** The incarnation because of which a registration was refused, if it was. */
export function earlierIncarnation(error: unknown): EarlierIncarnation | undefined {
  if (!(error instanceof PulpError) || error.code !== 'WORKER_NAME_LEASED') return undefined;
  return earlier.parse(JSON.parse(sqlFailure(error.cause)?.detail ?? ''));
}

async function connected<T>(
  databaseUrl: string,
  { name }: Registration,
  patience: Patience,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { signal } = patience;
  const client = await connectDedicated(databaseUrl, `pulp worker ${name}`, { signal });
  patience.asks();
  try {
    await refuseTransactionPooling(client, databaseUrl, signal);
    await client.query(`listen ${CHANNELS.ready}; listen ${CHANNELS.cancel}`);
    return await use(client);
  } catch (error) {
    await client.end();
    throw toPulpError(error);
  }
}

function refusalsIn(
  rows: readonly { readonly id: string; readonly verdict: 'held' | 'fenced' | 'late' | null }[],
): Refusals {
  const ids = (...verdicts: (string | null)[]) =>
    new Set(rows.filter(({ verdict }) => verdicts.includes(verdict)).map(({ id }) => id));
  return { held: ids('held'), fenced: ids('fenced', 'late') };
}
