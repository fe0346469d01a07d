import { setTimeout as pause } from 'node:timers/promises';
import { pino, type Logger } from 'pino';
import { sql } from 'slonik';
import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { ResourceManager } from '../manager/resource-manager.ts';
import { heartbeatIntervalMs } from '../manager/worker-watcher.ts';
import { getConnection } from '../postgres/connection.ts';
import { getDatabaseUrl } from '../postgres/database-url.ts';
import { isConnectionFailure } from '../postgres/sql-error.ts';
import { publication, type TaskRegistry } from '../tasks/task-registry.ts';
import { Wakeup } from '../wakeup.ts';
import { HorsePool } from './horse-pool.ts';
import { Runs } from './runs.ts';
import { Session, type Birth } from './session.ts';
import { WorkerDirectory } from './worker-directory.ts';
import { fullyQualifiedHostname, isResourceManager, queuesOf, workerName } from './worker-name.ts';

export interface PulpWorkerOptions {
  readonly registry: TaskRegistry;
  /** Where the horses find the task types. Needed if any of them runs in a horse. */
  readonly tasksFile?: string;
  /** `%h` becomes the host's name. Default: made of process and host. */
  readonly name?: string;
  /** Default `default`; a resource manager and a reserved worker have the queue of their name. */
  readonly queues?: readonly string[];
  /** How many tasks it has in hand at most, in horses and inline together. Default 4. */
  readonly concurrency?: number;
  /** After how many tasks a horse is replaced. Default 100. */
  readonly maxTasksPerHorse?: number;
  /** How long the code of a cancelled task may take to end before it is killed, in milliseconds. Default 5000. */
  readonly cancelGraceMs?: number;
  readonly log?: Logger;
}

/** How long an idle worker waits for a notification before it looks for tasks all the same, in milliseconds. */
const POLL_MS = 10_000;

/** Under load, ends of runs are gathered for so long, in milliseconds, while others go on: round trips cost more than waiting. */
const GATHER_MS = 1;

/** Under load: the last ends were recorded less than so long ago, in milliseconds. */
const BUSY_MS = 10;

/** Pauses between attempts to be born again, in milliseconds: the last one repeats. */
const REBIRTH_PAUSES_MS = [100, 500, 2000, 5000];

/**
 * A worker: fetches tasks of its queues, runs them in horses or inline, and records how they ended (the seed's
 * `PulpWorker`). It survives the loss of its connection: every run is ended first, then it is born anew.
 */
export class PulpWorker {
  readonly name: string;
  readonly queues: readonly string[];
  readonly #options: PulpWorkerOptions;
  readonly #databaseUrl: string;
  readonly #host: string;
  readonly #log: Logger;
  readonly #concurrency: number;
  readonly #directory: WorkerDirectory;
  readonly #stopping = new AbortController();
  readonly #wakeup = new Wakeup();
  #runs: Runs | undefined;

  private constructor(options: PulpWorkerOptions, databaseUrl: string, name: string, host: string) {
    this.#options = options;
    this.#databaseUrl = databaseUrl;
    this.#host = host;
    this.name = name;
    this.queues = queuesOf(name, options.queues);
    this.#log = (options.log ?? pino({ level: 'silent' })).child({ worker: name });
    this.#concurrency = options.concurrency ?? 4;
    this.#directory = new WorkerDirectory(name);
  }

  /** Makes a worker for the database of this process, see `getConnection`. */
  static async create(options: PulpWorkerOptions): Promise<PulpWorker> {
    return new PulpWorker(
      options,
      await getDatabaseUrl(),
      await workerName(options.name),
      await fullyQualifiedHostname(),
    );
  }

  /**
   * Lives until `stop`. `onOnline` is called at each birth.
   *
   * @throws PulpError WORKER_NAME_TAKEN if a live worker has the name at the first birth
   */
  async run({ onOnline }: { onOnline?: () => void } = {}): Promise<void> {
    await using manager = new ResourceManager({
      databaseUrl: this.#databaseUrl,
      worker: this.name,
      standIn: !isResourceManager(this.name),
      log: this.#log,
    });
    for (let births = 0, failures = 0; !this.#stopping.signal.aborted;) {
      try {
        await this.#live(() => {
          births += 1;
          failures = 0;
          manager.start();
          onOnline?.();
        });
      } catch (error) {
        const bornBefore = births > 0 && error instanceof PulpError && error.code === 'WORKER_NAME_TAKEN';
        if (
          !bornBefore &&
          !isConnectionFailure(error) &&
          !(error instanceof PulpError && ['FENCED', 'DATABASE_UNREACHABLE'].includes(error.code))
        ) {
          throw error;
        }
        this.#log.warn(
          { err: error },
          'the worker lost its session; its runs were ended, and it will be born anew',
        );
        const ms = REBIRTH_PAUSES_MS[Math.min(failures++, REBIRTH_PAUSES_MS.length - 1)] ?? 0;
        await pause(ms * (0.5 + Math.random()), undefined, { signal: this.#stopping.signal }).catch(
          () => undefined,
        );
      }
    }
  }

  /** How many tasks it has in hand. */
  get running(): number {
    return this.#runs?.size ?? 0;
  }

  /** Warm shutdown: finishes what runs and takes nothing new. `run` returns when that is done. */
  stop(): void {
    this.#stopping.abort();
    this.#wakeup.call();
  }

  /** Ends what runs at once: its tasks are recorded as cancelled. For the second signal. */
  kill(): void {
    this.stop();
    this.#runs?.cancelAll('the worker was stopped');
  }

  /** One life: from birth until the session is lost, or the worker has stopped. */
  async #live(onOnline: () => void): Promise<void> {
    await this.#directory.create();
    const birth: Birth = {
      name: this.name,
      host: this.#host,
      queues: this.queues,
      concurrency: this.#concurrency,
      taskTypes: [...this.#options.registry.values()].map(publication),
    };
    const horses = new HorsePool({
      tasksFile: this.#options.tasksFile ?? '',
      worker: this.name,
      workerDirectory: this.#directory.path,
      maxTasksPerHorse: this.#options.maxTasksPerHorse ?? 100,
      databaseUrl: this.#databaseUrl,
    });
    let cancels = false;
    let ready = true;
    let failure: Error | undefined;
    let settledAt = -Infinity;
    const session = await Session.open(this.#databaseUrl, birth, {
      onReady: () => {
        ready = true;
        this.#wakeup.call();
      },
      onCancel: () => {
        cancels = true;
        this.#wakeup.call();
      },
      onLost: (error) => {
        horses.kill(); // first of all: the locks are gone, nothing may go on under them
        failure = error;
        this.#wakeup.call();
      },
    });
    const runs = new Runs({
      registry: this.#options.registry,
      horses,
      worker: { name: this.name, directory: this.#directory.path },
      log: this.#log,
      cancelGraceMs: this.#options.cancelGraceMs ?? 5000,
      onChange: () => {
        this.#wakeup.call();
      },
    });
    this.#runs = runs;
    const heartbeat = this.#beat(session.incarnation, (error) => {
      failure = error;
      this.#wakeup.call();
    });
    this.#log.info({ queues: this.queues, concurrency: this.#concurrency }, 'online');
    onOnline();
    try {
      while (failure === undefined) {
        this.#wakeup.arm();
        if (runs.hasEnded) {
          if (runs.going > 0 && performance.now() - settledAt < BUSY_MS) await pause(GATHER_MS);
          await runs.settle((ended) => session.finish(ended));
          settledAt = performance.now();
        }
        if (runs.hasProgress) await session.progress(runs.takeProgress());
        if (cancels) {
          cancels = false;
          for (const id of await session.canceling()) runs.cancel(id, 'cancelled');
        }
        const stopping = this.#stopping.signal.aborted;
        if (stopping && runs.size === 0) break;
        const free = this.#concurrency - runs.size;
        if (!stopping && ready && free > 0) {
          ready = false; // a notification that comes meanwhile may tell of what this fetch did not see
          const started = await session.start(free);
          if (started.length === free) ready = true; // fewer: the queues were empty
          for (const task of started) runs.begin(task);
        }
        if (runs.hasEnded || (ready && !stopping && this.#concurrency > runs.size)) continue;
        if (!(await this.#wakeup.sleep(POLL_MS))) {
          ready = true;
          cancels = runs.size > 0;
        }
      }
    } catch (error) {
      failure ??= error instanceof Error ? error : new Error(String(error));
    } finally {
      clearInterval(heartbeat);
      horses.kill();
      runs.abandon();
      this.#runs = undefined;
    }
    if (failure !== undefined) {
      session.abandon();
      await this.#directory.delete();
      throw failure;
    }
    await session[Symbol.asyncDispose]();
    await this.#directory.delete();
    this.#log.info('stopped');
  }

  /** Gives a sign of life often enough; by a connection of its own, so that a busy session delays none. */
  #beat(incarnation: string, onGivenUp: (error: Error) => void): NodeJS.Timeout {
    return setInterval(() => {
      void getConnection()
        .then((pool) =>
          pool.anyFirst(
            sql.type(z.object({ worker: z.string() }))`
                select heartbeat as worker
                from pulp.heartbeat(array[${this.name}], array[${incarnation}::bigint])`,
          ),
        )
        .then((givenUp) => {
          if (givenUp.length > 0) {
            onGivenUp(
              new PulpError('FENCED', `worker ${this.name} was given up as missing`, {
                remedy: 'It is born anew by itself.',
              }),
            );
          }
        })
        .catch((error: unknown) => {
          this.#log.warn({ err: error }, 'a heartbeat failed');
        });
    }, heartbeatIntervalMs());
  }
}
