import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pino, type Logger } from 'pino';
import { PulpError } from '../errors.ts';
import { getDatabaseUrl } from '../postgres/database-url.ts';
import { workerTtl } from '../manager/worker-ttl.ts';
import { isConnectionFailure } from '../postgres/sql-error.ts';
import { publication, type TaskRegistry } from '../tasks/task-registry.ts';
import { startTimer } from '../timer.ts';
import { Life } from './life.ts';
import { Upkeep } from './upkeep.ts';
import { WorkerDirectory } from './directories/worker-directory.ts';
import { fullyQualifiedHostname, isResourceManager, queuesOf, workerName } from './worker-name.ts';

/** What a worker is made with. */
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

/** Who wants to know how a worker fares. */
export interface PulpWorkerEvents {
  /** It was born, or born anew: it takes tasks. */
  readonly onOnline?: () => void;
  /** It lost its session, and its runs with it; it will be born anew. */
  readonly onLost?: (why: Error) => void;
}

/** Pauses between attempts to be born again, in milliseconds: the last one repeats. */
const REBIRTH_PAUSES_MS = [100, 500, 2000, 5000];

/**
 * A worker: fetches tasks of its queues, runs them in horses or inline, and records how they ended (the seed's
 * `PulpWorker`). It survives the loss of the database: every run is ended first, then it is born anew.
 */
export class PulpWorker {
  readonly name: string;
  readonly queues: readonly string[];
  readonly #options: PulpWorkerOptions;
  readonly #tasksFile: string;
  readonly #databaseUrl: string;
  readonly #host: string;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #isKilled = false;
  #endDeadline: (() => void) | undefined;
  #life: Life | undefined;

  private constructor(options: PulpWorkerOptions, databaseUrl: string, name: string, host: string) {
    this.#options = options;
    // Absolute: tasks may change the current directory.
    this.#tasksFile = options.tasksFile === undefined ? '' : resolve(options.tasksFile);
    this.#databaseUrl = databaseUrl;
    this.#host = host;
    this.name = name;
    this.queues = queuesOf(name, options.queues);
    this.#log = (options.log ?? pino({ level: 'silent' })).child({ worker: name });
  }

  /**
   * Makes a worker for the database of this process, see `getConnection`.
   *
   * @throws PulpError INVALID_INPUT if the name or `PULP_WORKER_TTL` cannot be used
   */
  static async create(options: PulpWorkerOptions): Promise<PulpWorker> {
    workerTtl(); // if it cannot be read, it is better said now than by the upkeep
    return new PulpWorker(
      options,
      await getDatabaseUrl(),
      await workerName(options.name),
      await fullyQualifiedHostname(),
    );
  }

  /**
   * Lives until `stop`, whatever happens to the database meanwhile; before the first birth it waits for a server that
   * is not there yet. `clean`: all that it had in hand has finished.
   *
   * @throws PulpError WORKER_NAME_TAKEN if a live worker has the name at the first birth, or what else stands against it
   */
  async run({ onOnline, onLost }: PulpWorkerEvents = {}): Promise<{ readonly clean: boolean }> {
    await using upkeep = new Upkeep({
      databaseUrl: this.#databaseUrl,
      worker: this.name,
      standIn: !isResourceManager(this.name),
      log: this.#log,
      onGivenUp: (why) => {
        this.#life?.lose(new PulpError('FENCED', why, { remedy: 'It is born anew by itself.' }));
      },
    });
    let previous: string | undefined;
    for (let failures = 0; !this.#stopping.signal.aborted;) {
      try {
        this.#life = await this.#begin(previous, upkeep);
        previous = this.#life.incarnation;
        failures = 0;
        upkeep.beatFor(previous);
        if (this.#stopping.signal.aborted) this.#life.stop();
        this.#log.info({ queues: this.queues, concurrency: this.#concurrency }, 'online');
        onOnline?.();
        await this.#life.live();
      } catch (error) {
        // Whoever was up once knows that nothing stands against it but the state of the database.
        if (previous === undefined && !isConnectionFailure(error)) throw error;
        this.#log.warn(
          { err: error },
          previous === undefined
            ? 'the database cannot be reached; the worker waits for it'
            : 'the worker has no session; what it ran was ended, and it will be born anew',
        );
        onLost?.(error instanceof Error ? error : new Error(String(error)));
        const ms = REBIRTH_PAUSES_MS[Math.min(failures++, REBIRTH_PAUSES_MS.length - 1)] ?? 0;
        await pause(ms * (0.5 + Math.random()), undefined, { signal: this.#stopping.signal }).catch(
          () => undefined,
        );
      } finally {
        upkeep.beatFor(undefined);
        this.#life = undefined;
      }
    }
    this.#endDeadline?.();
    this.#log.info({ clean: !this.#isKilled }, 'stopped');
    return { clean: !this.#isKilled };
  }

  /** How many tasks it has in hand. */
  get running(): number {
    return this.#life?.running ?? 0;
  }

  /**
   * Warm shutdown (the seed's `handle_warm_shutdown_request`): finishes what runs and takes nothing new. `run` returns
   * when that is done.
   *
   * @param options.deadlineMs after so many milliseconds, what still runs is ended as by `kill`
   */
  stop({ deadlineMs }: { readonly deadlineMs?: number } = {}): void {
    this.#stopping.abort();
    this.#life?.stop();
    if (deadlineMs !== undefined) {
      this.#endDeadline ??= startTimer(deadlineMs, () => {
        this.kill();
      });
    }
  }

  /** Ends what runs at once: its tasks are recorded as cancelled, and the end as not clean. For the second signal. */
  kill(): void {
    this.stop();
    if (this.running > 0) this.#isKilled = true;
    this.#life?.kill();
  }

  get #concurrency(): number {
    return this.#options.concurrency ?? 4;
  }

  #begin(previous: string | undefined, upkeep: Upkeep): Promise<Life> {
    const { registry, maxTasksPerHorse = 100, cancelGraceMs = 5000 } = this.#options;
    return Life.begin({
      databaseUrl: this.#databaseUrl,
      registry,
      tasksFile: this.#tasksFile,
      maxTasksPerHorse,
      cancelGraceMs,
      directory: new WorkerDirectory(this.name),
      log: this.#log,
      birth: {
        name: this.name,
        host: this.#host,
        queues: this.queues,
        concurrency: this.#concurrency,
        taskTypes: [...registry.values()].map(publication),
        previous,
      },
      onFinished: (tasks) => {
        upkeep.countFinished(tasks);
      },
      onFarewell: () => {
        upkeep.beatFor(undefined);
      },
    });
  }
}
