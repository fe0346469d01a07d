import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { MOST } from '../counts.ts';
import { PulpError } from '../errors.ts';
import { pinoModule } from '../log.ts';
import { currentDatabase, inDatabase } from '../postgres/current-database.ts';
import { getDatabaseUrl } from '../postgres/database-url.ts';
import type { CurrentTask } from '../tasks/current.ts';
import { SilenceObserver } from '../leader/silence-observer.ts';
import { leaseMs, workerTtl } from '../worker-ttl.ts';
import { isConnectionFailure } from '../postgres/sql-error.ts';
import { isKnownDead, processIdentity } from '../processes/process-identity.ts';
import { keysProblem } from '../secrets/key-ring.ts';
import { currentRelease } from '../tasks/release.ts';
import { publication, type TaskRegistry } from '../tasks/task-registry.ts';
import { tasksFilesAt } from '../tasks/tasks-files.ts';
import type { Versions } from '../tasks/versions.ts';
import { startTimer } from '../timer.ts';
import { Background } from './background/background.ts';
import type { Incarnation } from './incarnation.ts';
import { AT_ONCE_MS, FAREWELL_MS, Patience } from './patience.ts';
import { RetryPause } from './retry-pause.ts';
import { earlierIncarnation, type EarlierIncarnation, type KnownEnd } from './session.ts';
import { WorkerDirectory } from './directories/worker-directory.ts';
import { fullyQualifiedHostname, isResourceManager, queuesOf, workerName } from './worker-name.ts';

/** What a worker is made with. */
export interface PulpWorkerOptions {
  readonly registry: TaskRegistry;
  /** Where the horses find the task types: files, and folders of them. Needed if any of them runs in a horse. */
  readonly tasksFile?: string | readonly string[];
  /** `%h` becomes the host's name. Default: made of process and host. */
  readonly name?: string;
  /** Default `default`; a resource manager and a reserved worker have the queue of their name. */
  readonly queues?: readonly string[];
  /** What it has in which version, for tasks that require some, such as `{ rpm: '2.1.0' }`. */
  readonly versions?: Versions;
  /** How many tasks it has in hand at most, in horses and inline together. Default 4. */
  readonly concurrency?: number;
  /** After how many tasks a horse is replaced. Default: 100, or more where they are short and leave no memory behind. */
  readonly maxTasksPerHorse?: number | undefined;
  /** How long the code of a canceled task may take to end before it is killed, in milliseconds. Default 5000. */
  readonly cancelGraceMs?: number;
  readonly log?: Logger;
}

/** Who wants to know how a worker fares. */
export interface PulpWorkerEvents {
  /** It takes tasks, or takes them again. The worker logs it when this has resolved. */
  readonly onOnline?: () => void | Promise<void>;
  /** It is registered, but takes no tasks for now. The worker logs it when this has resolved. */
  readonly onUnable?: (why: string) => void | Promise<void>;
  /** Somebody told it by the database to finish what it runs and end; it does as by `stop`. */
  readonly onDraining?: (why: string) => void;
  /** It has no session for now. What it runs goes on, as long as its lease stands. */
  readonly onLost?: (why: Error) => void;
}

/** Pauses between tries to register, in milliseconds: the last one repeats. */
const REGISTER_PAUSES_MS = [100, 500, 2000, 5000];

/** @throws PulpError INVALID_INPUT if a worker cannot have such numbers */
function checkNumbers({ concurrency, maxTasksPerHorse, cancelGraceMs = 0 }: PulpWorkerOptions): void {
  for (const [option, value] of Object.entries({ concurrency, maxTasksPerHorse })) {
    if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= MOST)) continue;
    throw new PulpError('INVALID_INPUT', `${option}: ${String(value)} is no number of tasks`, {
      remedy: 'Give a whole number from 1 on.',
      exitCode: 2,
    });
  }
  if (cancelGraceMs >= 0) return;
  throw new PulpError('INVALID_INPUT', `cancelGraceMs: ${String(cancelGraceMs)} is no length of time`, {
    remedy: 'Give milliseconds.',
    exitCode: 2,
  });
}

/** Why a worker that has just registered takes no tasks. */
const STARTING = 'it is starting';

/** How often to ask whether an earlier worker of the name is over, in milliseconds at most. */
const NAME_POLL_MS = 500;

/**
 * A worker: fetches tasks of its queues, runs them in horses or inline, and records how they ended (pulpcore's
 * `PulpWorker`). It outlives the database: what it runs goes on as long as its lease stands; when that is over every run is
 * ended first, then the worker registers anew. See docs/leases.md.
 */
export class PulpWorker {
  readonly name: string;
  readonly queues: readonly string[];
  readonly #options: PulpWorkerOptions;
  readonly #tasksFiles: readonly string[];
  readonly #databaseUrl: string;
  readonly #database = currentDatabase();
  readonly #host: string;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  readonly #silence = new SilenceObserver();
  #isWaitingForName = false;
  /** It was told to end at once. */
  #isHurried = false;
  #leftRuns = false;
  #endDeadline: (() => void) | undefined;
  #background: Background | undefined;
  #patience: Patience | undefined;
  #incarnation: Incarnation | undefined;

  private constructor(
    options: PulpWorkerOptions,
    tasksFiles: readonly string[],
    databaseUrl: string,
    name: string,
    host: string,
  ) {
    this.#options = options;
    this.#tasksFiles = tasksFiles;
    this.#databaseUrl = databaseUrl;
    this.#host = host;
    this.name = name;
    this.queues = queuesOf(name, options.queues);
    this.#log = (options.log ?? pinoModule()({ level: 'silent' })).child({ worker: name });
  }

  /**
   * Makes a worker for the database of this process, see `getConnection`.
   *
   * @throws PulpError INVALID_INPUT if the name, a number or `PULP_WORKER_TTL` cannot be used, NO_TASKS_FILE if a tasks file is not there
   */
  static async create(options: PulpWorkerOptions): Promise<PulpWorker> {
    workerTtl(); // if it cannot be read, it is better said now than by its threads
    checkNumbers(options);
    const { tasksFile = [] } = options;
    return new PulpWorker(
      options,
      await tasksFilesAt([tasksFile].flat()), // absolute: tasks may change the current directory
      await getDatabaseUrl(),
      await workerName(options.name),
      await fullyQualifiedHostname(),
    );
  }

  /**
   * Works until `stop`, whatever happens to the database meanwhile; before it is registered it waits for a server that is not
   * there yet, and for an earlier worker of its name whose lease still stands. `clean`: all that it had in hand has finished.
   *
   * @throws PulpError WORKER_NAME_TAKEN if a live worker has the name at first, or what else stands against it
   */
  run(events: PulpWorkerEvents = {}): Promise<{ readonly clean: boolean }> {
    return inDatabase(this.#database, () => this.#work(events));
  }

  async #work(events: PulpWorkerEvents): Promise<{ readonly clean: boolean }> {
    await using background = new Background({
      databaseUrl: this.#databaseUrl,
      worker: this.name,
      standIn: !isResourceManager(this.name),
      log: this.#log,
      onConfirmed: (incarnation, { concurrency, draining }) => {
        if (this.#incarnation?.id !== incarnation) return;
        this.#incarnation.confirmed(concurrency);
        if (draining !== null && !this.#stopping.signal.aborted) this.#drain(draining, events);
      },
      onOver: (incarnation) => {
        if (this.#incarnation?.id === incarnation)
          this.#incarnation.lose('the worker was declared missing, or no heartbeat got through in time');
      },
      onUntold: () => {
        this.#incarnation?.look();
      },
      onFailed: () => {
        this.#incarnation?.unheard();
      },
    });
    this.#background = background;
    const retryPause = new RetryPause(REGISTER_PAUSES_MS);
    let known: KnownEnd = {};
    let wasRegistered = false;
    let isHeard = false;
    while (!this.#stopping.signal.aborted) {
      const patience = (this.#patience = new Patience());
      try {
        this.#incarnation = await this.#begin(known, background, patience, events);
        known = { over: this.#incarnation.id };
        wasRegistered = true;
        this.#isWaitingForName = false;
        retryPause.reset();
        background.registered(this.#incarnation.id);
        if (this.#isHurried) this.#incarnation.kill();
        else if (this.#stopping.signal.aborted) this.#incarnation.stop();
        await this.#incarnation.run();
        isHeard = !patience.isOver;
      } catch (error) {
        const other = earlierIncarnation(error);
        if (other !== undefined) {
          known = await this.#waitFor(other);
          continue;
        }
        // After a first registration nothing stands against it but the state of the database.
        if (!wasRegistered && !isConnectionFailure(error)) throw error;
        if (this.#stopping.signal.aborted) {
          this.#log.warn(
            { err: error },
            this.#incarnation === undefined
              ? 'ends without being registered'
              : 'the lease was over before the end of the worker could be recorded',
          );
          continue;
        }
        this.#log.warn(
          { err: error },
          wasRegistered
            ? 'the worker is not registered any more: what it ran was ended, and it registers anew'
            : 'the database cannot be reached; the worker waits for it',
        );
        events.onLost?.(error instanceof Error ? error : new Error(String(error)));
        await this.#pause(retryPause.next());
      } finally {
        patience.answered();
        this.#leftRuns ||= this.#incarnation?.leftRuns === true;
        this.#incarnation = undefined;
      }
    }
    this.#endDeadline?.();
    if (!isHeard) background.endAtOnce();
    this.#log.info({ clean: !this.#leftRuns }, 'stopped');
    return { clean: !this.#leftRuns };
  }

  /** How many tasks it has in hand. */
  get running(): number {
    return this.#incarnation?.running ?? 0;
  }

  /**
   * Warm shutdown (pulpcore's `handle_warm_shutdown_request`): finishes what runs and takes nothing new. `run` returns
   * when that is done and recorded. While there are runs or ends to record, a database that does not answer is waited for as long as
   * the lease stands; else for 5 s.
   *
   * @param options.deadlineMs after so many milliseconds, what still runs is ended: it gets its signal and its grace, and goes back
   *   to the front of its line or is canceled, by `onWorkerStop` of its type
   */
  stop({ deadlineMs }: { readonly deadlineMs?: number } = {}): void {
    this.#stopping.abort();
    if (this.#incarnation === undefined) this.#patience?.limit(this.#isHurried ? AT_ONCE_MS : FAREWELL_MS);
    else this.#incarnation.stop();
    this.#background?.stopping();
    if (deadlineMs !== undefined) {
      this.#endDeadline ??= startTimer(deadlineMs, () => {
        this.#incarnation?.endRuns();
      });
    }
  }

  /**
   * Ends what runs, as at the deadline of `stop`; the end of the worker is recorded as not clean. If the database does not answer
   * within a second, everything ends at once, and its guardian reports that. For the second signal.
   */
  kill(): void {
    this.#isHurried = true;
    this.stop();
    this.#incarnation?.kill();
  }

  /** Code inline of this task threw where nobody could catch it: its run fails, if it goes on. See `catchStrayErrors`. */
  strayError({ id, name }: Pick<CurrentTask, 'id' | 'name'>, thrown: unknown, code: string): void {
    const isGoing = this.#incarnation?.failRun(id, thrown, code) === true;
    this.#log.error(
      { err: thrown, task: id, name },
      isGoing ? 'code of a task threw where nobody caught it' : 'code that an ended task left behind threw',
    );
  }

  #drain(reason: string, { onDraining }: PulpWorkerEvents): void {
    this.#log.info({ reason, running: this.running }, 'told to finish what runs, and end');
    onDraining?.(reason);
    this.stop();
  }

  get #concurrency(): number {
    return this.#options.concurrency ?? 4;
  }

  /** An earlier worker of this name has lost its session, but may still run tasks. Gives what is known of its end by now. */
  async #waitFor({ incarnation, mark, process: identity }: EarlierIncarnation): Promise<KnownEnd> {
    if (identity !== null && isKnownDead(identity)) return { over: incarnation };
    if (!this.#isWaitingForName) {
      this.#isWaitingForName = true;
      this.#log.warn(
        { incarnation },
        'an earlier worker of this name may still run tasks: the worker waits until its lease is over',
      );
    }
    this.#silence.observe({ [this.name]: mark }, performance.now());
    await this.#pause(Math.min(NAME_POLL_MS, leaseMs() / 10));
    return { silentMark: this.#silence.silentAt(performance.now())[this.name] };
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  /** Its task types. Those with secrets are not taken where there are no keys for them: that is no fault of the tasks. */
  #taskTypes() {
    const types = [...this.#options.registry.values()];
    const problem = keysProblem();
    const closed = problem === undefined ? [] : types.filter((type) => type.secretPlaces().length > 0);
    if (closed.length > 0) {
      const names = closed.map(({ name }) => name);
      this.#log.warn(
        { types: names, reason: problem },
        'task types with secrets are not taken: there are no keys for them',
      );
    }
    return types.map((type) => ({ ...publication(type), takes: !closed.includes(type) }));
  }

  async #begin(
    known: KnownEnd,
    background: Background,
    patience: Patience,
    events: PulpWorkerEvents,
  ): Promise<Incarnation> {
    const { registry, maxTasksPerHorse, cancelGraceMs = 5000 } = this.#options;
    const { Incarnation } = await import('./incarnation.ts'); // most that know this class begin none
    return Incarnation.register(
      {
        databaseUrl: this.#databaseUrl,
        registry,
        tasksFiles: this.#tasksFiles,
        maxTasksPerHorse,
        cancelGraceMs,
        directory: new WorkerDirectory(this.name),
        log: this.#log,
        background,
        patience,
        registration: {
          name: this.name,
          host: this.#host,
          queues: this.queues,
          concurrency: this.#concurrency,
          taskTypes: this.#taskTypes(),
          process: processIdentity(),
          unable: STARTING,
          versions: this.#options.versions ?? {},
          release: currentRelease(),
        },
        onState: async (state, why) => {
          if (state === 'online') await events.onOnline?.();
          else if (state === 'unable') await events.onUnable?.(why);
          else events.onLost?.(new Error(why));
        },
        onUnstoppable: () => process.exit(1),
      },
      known,
    );
  }
}
