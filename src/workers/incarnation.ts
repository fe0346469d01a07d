import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { PulpError } from '../errors.ts';
import { forcedEndMs, selfEndMs } from '../worker-ttl.ts';
import { IdleMemory } from '../processes/idle-memory.ts';
import { isConnectionFailure, isRetryable } from '../postgres/sql-error.ts';
import type { TaskRegistry } from '../tasks/task-registry.ts';
import { LONGEST_TIMER_MS } from '../timer.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { Wakeup } from '../wakeup.ts';
import type { Background } from './background/background.ts';
import type { WorkerDirectory } from './directories/worker-directory.ts';
import { HorsePool } from './horses/horse-pool.ts';
import { Probes } from './background/probes.ts';
import { AT_ONCE_MS, FAREWELL_MS, type Patience } from './patience.ts';
import { Readiness } from './readiness.ts';
import { RetryPause } from './retry-pause.ts';
import type { FinishedRun, Refusals, StartedTask, StuckRun, WorkerCondition } from './runs/run-records.ts';
import { endsWithin, Runs } from './runs/runs.ts';
import { answerTask } from './runs/task-requests.ts';
import { Session, type KnownEnd, type Registration, type SessionEvents } from './session.ts';

/** How long an idle worker waits for a notification before it looks for tasks all the same, in milliseconds; and then ever again. */
const POLL_MS = 10_000;
const IDLE_POLL_MS = 30_000;

/** The same where notifications come late, if at all: see `pulp.notify`. */
const UNTOLD_POLL_MS = 500;

/** Pauses between tries after failures, in milliseconds. */
const RETRY_PAUSES_MS = [50, 200, 500, 1000, 2000];

/** How long horses may take to be gone that are killed with their worker, in milliseconds: their runs end like others then. */
const KILLED_MS = 1000;

/** Why the runs end with the lease. */
const LEASE_OVER = 'the lease is over: no heartbeat got through in time';

/** Why tasks are ended that a killed worker had in hand. */
const STOPPED = 'the worker was stopped';

export interface IncarnationSettings {
  readonly databaseUrl: string;
  readonly registry: TaskRegistry;
  readonly tasksFiles: readonly string[];
  readonly registration: Registration;
  readonly directory: WorkerDirectory;
  readonly maxTasksPerHorse: number | undefined;
  readonly cancelGraceMs: number;
  readonly log: Logger;
  readonly background: Background;
  readonly patience: Patience;
  /** Resolves when whoever is told of the state has shown it. */
  readonly onState: (state: 'online' | 'unable' | 'reconnecting', why: string) => Promise<void>;
  /** The lease is over, and code of tasks goes on in this process: it alone can end it, by ending. */
  readonly onUnstoppable: () => void;
}

/** One incarnation of a worker, from its registration until it has stopped, or its lease is over. */
export class Incarnation {
  readonly #settings: IncarnationSettings;
  readonly #horses: HorsePool;
  readonly #runs: Runs;
  readonly #wakeup = new Wakeup();
  readonly #readiness: Readiness;
  readonly #retryPause = new RetryPause(RETRY_PAUSES_MS);
  readonly #memory = new IdleMemory();
  readonly #probes: Probes;
  #leaseWatch: NodeJS.Timeout | undefined;
  /** Tasks whose processes go on though they were killed. */
  readonly #stuck = new Map<string, StuckRun['processes']>();
  #session: Session;
  #end: Error | undefined;
  /** The code in this process that goes on although the lease is over. */
  #leftovers: Promise<void> | undefined;
  #ready = true;
  /** It has slept without being called. */
  #isIdle = false;
  #cancels = false;
  /** What the database was told of it last. */
  #told: WorkerCondition;
  /** How many tasks it has in hand at most. */
  #concurrency: number;
  #stopping = false;
  #killedAt: number | undefined;
  /** It is to end without waiting for a database that does not answer. */
  #isHurried = false;
  /** It was told to end, and there are runs that it ended or whose ends it could not record. */
  #leftRuns = false;
  /** What still runs ends with the process. */
  #isLeaving = false;

  private constructor(settings: IncarnationSettings, session: Session) {
    const { registration, directory, log, cancelGraceMs, registry, background } = settings;
    this.#settings = settings;
    this.#session = session;
    this.#horses = new HorsePool({
      tasksFiles: settings.tasksFiles,
      worker: registration.name,
      workerDirectory: directory.path,
      maxTasksPerHorse: settings.maxTasksPerHorse,
      answer: (question, task, signal) =>
        answerTask(question, task, { name: registration.name, directory: directory.path }, signal, (id) =>
          this.#runs.recorded(id),
        ),
      log,
      mark: `${background.mark}${session.incarnation}.`,
      guard: (message) => {
        background.guard(message);
      },
      onUnkillable: ({ task, processes }) => {
        if (task === undefined) return;
        this.#stuck.set(task.id, processes);
        this.#wakeup.call();
      },
    });
    const look = () => {
      this.#wakeup.call();
    };
    this.#runs = new Runs({
      registry,
      horses: this.#horses,
      worker: { name: registration.name, directory: directory.path },
      log,
      cancelGraceMs,
      onChange: look,
      onInline: (isInHand) => {
        background.guard({ type: 'inline', isInHand });
      },
      onHostFailure: (reason) => {
        this.#probes.horseFailed(reason);
      },
    });
    const { unable, concurrency } = registration;
    this.#concurrency = concurrency;
    this.#told = { unable, stuck: [] };
    const needs = this.#usesHorses
      ? (['heartbeat', 'directory', 'horse'] as const)
      : (['heartbeat', 'directory'] as const);
    this.#readiness = new Readiness(needs, unable, look);
    this.#probes = new Probes({ readiness: this.#readiness, directory, horses: this.#horses });
    settings.patience.signal.addEventListener('abort', look);
  }

  /** Registers the worker, and makes its directory. @throws as `Session.register`, or as its patience ends */
  static async register(settings: IncarnationSettings, known: KnownEnd): Promise<Incarnation> {
    const { databaseUrl, registration, background, patience } = settings;
    let incarnation: Incarnation | undefined;
    patience.connects();
    await unlessAborted(background.ready(), patience.signal);
    patience.signal.throwIfAborted();
    const sentAt = process.hrtime.bigint();
    const events = eventsOf(() => incarnation);
    const session = await Session.register(databaseUrl, registration, known, events, patience);
    background.lease.begin(sentAt);
    try {
      await settings.directory.create(await session.databaseIdentity());
    } catch (error) {
      await session.close(true);
      throw error;
    }
    patience.answered();
    return (incarnation = new Incarnation(settings, session));
  }

  /** Which registration of its name this is. */
  get id(): string {
    return this.#session.incarnation;
  }

  /** How many tasks it has in hand. */
  get running(): number {
    return this.#runs.size;
  }

  /** Whether runs were ended because it was to end, or ended in time but could not be recorded. */
  get leftRuns(): boolean {
    return this.#leftRuns || this.#runs.wereEnded;
  }

  /** There may be tasks to take, or runs to cancel. */
  look({ forCancels = false } = {}): void {
    if (forCancels) this.#cancels = true;
    else this.#ready = true;
    this.#wakeup.call();
  }

  /** The session is gone; the runs go on. */
  detached(why: Error): void {
    if (this.#settings.patience.isOver) return; // it was cut by us
    this.#settings.log.warn({ err: why, running: this.running }, 'the session is lost; what runs goes on');
    void this.#settings.onState('reconnecting', why.message);
    this.#wakeup.call();
  }

  /** It was told to do something: the answer to a sign of life says what. */
  askForOrders(): void {
    this.#settings.background.beat();
  }

  /** A sign of life got through. @param concurrency how many tasks it is to have in hand at most */
  confirmed(concurrency: number): void {
    this.#readiness.set('heartbeat', undefined);
    if (concurrency === this.#concurrency) return;
    this.#settings.log.info(
      { concurrency, before: this.#concurrency },
      'told to have another number of tasks in hand',
    );
    this.#concurrency = concurrency;
    this.look();
  }

  /** The background thread failed: no sign of life is given until it is there again. */
  unheard(): void {
    this.#readiness.set('heartbeat', 'its background thread failed');
  }

  /** The code of a run threw where nobody could catch it: it is to end, and has failed. Says whether there is such a run. */
  failRun(id: string, thrown: unknown, code: string): boolean {
    return this.#runs.fail(id, thrown, code);
  }

  /** Takes nothing new; the incarnation ends when what runs has finished. */
  stop(): void {
    this.#stopping = true;
    this.#limitPatience();
    this.#wakeup.call();
  }

  /** Ends what runs, and with it the incarnation: each task is canceled or goes back to its line, by its type. */
  endRuns(): void {
    this.#killedAt ??= performance.now();
    this.#runs.stopAll(STOPPED);
    this.stop();
  }

  /** The same; and if the database does not answer, it all ends without it. */
  kill(): void {
    this.#isHurried = true;
    this.#cancels = true; // something to ask: whether it answers shows by that
    this.endRuns();
  }

  /** The runs are not ours any more. They end at once, first of all: nothing may go on that another may do again. */
  lose(why: string): void {
    if (this.#end !== undefined) return;
    this.#settings.background.lease.revoke();
    this.#leftRuns ||= this.#stopping && this.#runs.size > 0;
    this.#horses.kill();
    this.#leftovers = this.#runs.abandon(why);
    this.#end = new PulpError('FENCED', why, { remedy: 'The worker registers anew by itself.' });
    this.#settings.patience.end(); // what is asked is asked in vain
  }

  /**
   * Fetches, runs and records tasks until it has stopped.
   *
   * @throws PulpError FENCED if the lease was over before that
   */
  async run(): Promise<void> {
    const { patience } = this.#settings;
    this.#watchLease();
    this.#probes.start(this.#usesHorses);
    try {
      while (this.#end === undefined && !this.#isOver) {
        this.#wakeup.arm();
        patience.asks();
        try {
          if (this.#session.isLost) await this.#attach();
          else await this.#turn();
          patience.answered();
          this.#limitPatience();
          this.#retryPause.reset();
          await this.#rest();
        } catch (error) {
          await this.#afterFailure(error);
        }
      }
      if (this.#end === undefined) await this.#farewell();
    } finally {
      await this.#cleanUp();
    }
    if (this.#end !== undefined) throw this.#end;
  }

  /** One turn: records what has ended, ends what is canceled, takes what is there. */
  async #turn(): Promise<void> {
    const runs = this.#runs;
    if (!this.#settings.background.lease.stands) {
      // What ended meanwhile may have been ended by the guardian.
      this.lose(LEASE_OVER);
      return;
    }
    if (runs.hasProgress) await runs.reportProgress((reports) => this.#session.progress(reports));
    if (runs.ends.areDue) {
      if (runs.going > 0) await runs.ends.gather();
      await this.#settle();
    }
    if (this.#cancels) {
      this.#cancels = false;
      for (const id of await this.#session.canceling()) runs.cancel(id);
    }
    await this.#sayCondition();
    if (this.#canTake && this.#ready) {
      this.#ready = false; // a notification that comes meanwhile may tell of what this fetch did not see
      const free = this.#free;
      this.#begin(await this.#session.start(free), free);
    }
  }

  /** Waits until there is something to do. */
  async #rest(): Promise<void> {
    const runs = this.#runs;
    if (runs.ends.areDue || (this.#canTake && this.#ready) || this.#isOver || this.#hasNews) return;
    if (runs.size === 0) this.#memory.idle();
    const { cancelGraceMs } = this.#settings;
    const told = this.#isIdle ? IDLE_POLL_MS : POLL_MS;
    const poll = this.#settings.background.isUntold ? UNTOLD_POLL_MS : told;
    const ms = this.#killedAt === undefined ? poll : Math.min(cancelGraceMs, poll);
    this.#isIdle = !(await this.#wakeup.sleep(ms));
    if (this.#isIdle) {
      this.#ready = true;
      this.#cancels = runs.size > 0;
    }
  }

  /** A failure ends no run: only the lease does. What can be the fault of one run is narrowed down to it. */
  async #afterFailure(error: unknown): Promise<void> {
    if (error instanceof PulpError && error.code === 'FENCED') {
      this.lose(error.message);
      return;
    }
    if (this.#settings.patience.isOver) return;
    this.#ready = true;
    this.#cancels = this.#runs.size > 0;
    if (isConnectionFailure(error)) {
      this.#detach(error as Error);
    } else {
      this.#settings.log.error(
        { err: error },
        'the database refused a step of the worker; it tries again, and what runs goes on',
      );
      // Another session may do: a plan that this one keeps may be of the time before a migration.
      if (!this.#runs.ends.suspect(error) && !isRetryable(error)) this.#detach(error as Error);
    }
    await this.#pauseUnlessOver(this.#retryPause.next());
  }

  #detach(why: Error): void {
    if (this.#session.isLost) return;
    this.#session.drop();
    this.detached(why);
  }

  /** A new session under the same incarnation. */
  async #attach(): Promise<void> {
    const { databaseUrl, registration, log, onState, patience } = this.#settings;
    const events = eventsOf(() => this);
    const { fences } = this.#runs;
    const { session, runs } = await Session.attach(
      databaseUrl,
      registration,
      this.id,
      fences,
      events,
      patience,
    );
    if (this.#end !== undefined) {
      session.drop();
      return;
    }
    this.#session = session;
    this.#runs.reconcile(runs);
    log.info({ running: this.running }, 'attached a new session');
    void onState(this.#readiness.unable === undefined ? 'online' : 'unable', this.#readiness.unable ?? '');
    this.look();
    this.look({ forCancels: true });
  }

  /** Records ends of runs, and takes tasks for the hands that this frees. */
  async #settle(): Promise<void> {
    const { ends } = this.#runs;
    const record = (ended: readonly FinishedRun[]) =>
      ends.areSuspect || !this.#mayTake ? this.#session.finish(ended) : this.#finishAndStart(ended);
    this.#settings.background.countFinished(await ends.record(record));
  }

  async #finishAndStart(ended: readonly FinishedRun[]): Promise<Refusals> {
    const free = this.#free + ended.length;
    this.#ready = false;
    const { refusals, started } = await this.#session.finishAndStart(ended, free);
    this.#begin(started, free);
    return refusals;
  }

  #begin(started: readonly StartedTask[], askedFor: number): void {
    // The answer may have been long on its way: what it tells of may be another's by now.
    if (!this.#settings.background.lease.stands) this.lose(LEASE_OVER);
    if (started.length === askedFor) this.#ready = true; // fewer: the queues were empty
    if (started.length > 0) this.#memory.busy();
    for (const task of started) this.#runs.begin(task);
  }

  /** Says what has changed: whether the worker takes tasks, and which runs cannot be killed. */
  async #sayCondition(): Promise<void> {
    if (!this.#hasNews) return;
    const { log, registration, onState } = this.#settings;
    const before = this.#told;
    const condition = this.#condition;
    await this.#session.setCondition(condition);
    this.#told = condition;
    if (condition.unable === before.unable) return;
    if (condition.unable === null) {
      await onState('online', ''); // whoever reads the log may ask for its state at once
      log.info({ queues: registration.queues, concurrency: registration.concurrency }, 'online');
      this.#ready = true;
    } else {
      await onState('unable', condition.unable);
      log.warn({ reason: condition.unable }, 'unable to take tasks');
    }
  }

  /** Ends the runs when the lease is over; before, takes nothing new while heartbeats do not get through. */
  #watchLease(): void {
    const { lease } = this.#settings.background;
    const half = selfEndMs() / 2;
    const left = lease.leftMs;
    if (left <= 0) {
      this.lose(LEASE_OVER);
      return;
    }
    if (left < half) this.#readiness.set('heartbeat', 'its heartbeats do not get through');
    const next = () => {
      if (this.#end === undefined) this.#watchLease();
    };
    this.#leaseWatch = setTimeout(next, left > half ? left - half + 1 : left).unref();
  }

  /** The worker says that it ends. What has not ended within the grace ends with its process. */
  async #farewell(): Promise<void> {
    const { log, background, patience } = this.#settings;
    const { ends } = this.#runs;
    const { signal } = patience;
    this.#horses.kill();
    await endsWithin(this.#runs.horsesEnded, KILLED_MS);
    while (background.lease.stands && !patience.isOver) {
      patience.asks();
      try {
        if (this.#session.isLost) await this.#attach();
        while (ends.areDue) await ends.record((ended) => this.#session.finish(ended));
        if (this.#runs.going > 0) break;
        this.#limitPatience();
        background.farewell();
        await this.#session.close(this.#killedAt === undefined);
        return;
      } catch (error) {
        if (patience.isOver) break;
        log.warn({ err: error }, 'the end of the worker is not recorded yet');
        await pause(this.#retryPause.next(), undefined, { signal }).catch(() => undefined);
      }
    }
    if (this.#end === undefined && !background.lease.stands) this.lose(LEASE_OVER);
    if (this.#end === undefined) this.#leave();
  }

  /** It ends without having said so, or with code that goes on in this process: its guardian sees to both. */
  #leave(): void {
    const { log, background, patience } = this.#settings;
    this.#isLeaving = true;
    this.#leftRuns ||= this.#runs.size > 0;
    if (patience.isOver) {
      log.warn(
        { unrecorded: this.#runs.size },
        'the database does not answer: the worker ends without a word, and its guardian reports that when it can',
      );
    }
    if (this.#runs.going > 0) {
      log.error(
        { tasks: this.#runs.ids },
        'code of tasks does not end: it ends with this process, which has to end now',
      );
    }
    background.leaving(this.#runs.isInlineInHand, this.#runs.fences);
  }

  async #cleanUp(): Promise<void> {
    const { directory, log, background, cancelGraceMs, onUnstoppable, patience } = this.#settings;
    patience.answered();
    clearTimeout(this.#leaseWatch);
    this.#memory.busy();
    this.#probes.stop();
    this.#session.drop();
    if (this.#leftovers !== undefined) {
      const ms = Math.min(cancelGraceMs, forcedEndMs() - selfEndMs(), LONGEST_TIMER_MS);
      if (!(await endsWithin(this.#leftovers, ms))) {
        log.fatal(
          {},
          'the lease is over, and code inline ignores its signal: this process ends, and the code with it',
        );
        onUnstoppable();
      }
    }
    if (!this.#isLeaving) background.registered(undefined);
    await directory.delete().catch((error: unknown) => {
      log.error({ err: error }, 'the directory of the worker stays');
    });
  }

  async #pauseUnlessOver(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (!this.#settings.patience.isOver && performance.now() < until) {
      this.#wakeup.arm();
      await this.#wakeup.sleep(until - performance.now());
      if (this.#stopping) return;
    }
  }

  /** When it is to end, it waits for the database only as long as runs go on, or are to be recorded: their lease limits that. */
  #limitPatience(): void {
    if (!this.#stopping) return;
    const { patience } = this.#settings;
    if (this.#isHurried) patience.limit(AT_ONCE_MS);
    else patience.limit(this.#runs.size === 0 ? FAREWELL_MS : undefined);
  }

  get #condition(): WorkerCondition {
    const stuck = [...this.#stuck].filter(([task]) => this.#runs.isGoing(task));
    return {
      unable: this.#readiness.unable ?? null,
      stuck: stuck.map(([task, processes]) => ({ task, processes })),
    };
  }

  /** Whether its condition is not what was told. */
  get #hasNews(): boolean {
    return !isDeepStrictEqual(this.#condition, this.#told);
  }

  get #usesHorses(): boolean {
    return [...this.#settings.registry.values()].some(({ isolation }) => isolation !== 'inline');
  }

  get #free(): number {
    return Math.max(0, this.#concurrency - this.#runs.size);
  }

  get #mayTake(): boolean {
    return !this.#stopping && this.#readiness.unable === undefined;
  }

  get #canTake(): boolean {
    return this.#mayTake && this.#free > 0;
  }

  /** Nothing runs any more; or only code in this process that does not heed its signal, and goes with the process; or nobody hears of it. */
  get #isOver(): boolean {
    if (!this.#stopping) return false;
    if (this.#settings.patience.isOver) return true;
    const graceIsOver =
      this.#killedAt !== undefined && performance.now() - this.#killedAt >= this.#settings.cancelGraceMs;
    return this.#runs.size === 0 || graceIsOver;
  }
}

function eventsOf(incarnation: () => Incarnation | undefined): SessionEvents {
  return {
    onReady: () => incarnation()?.look(),
    onCancel: () => incarnation()?.look({ forCancels: true }),
    onOrders: () => incarnation()?.askForOrders(),
    onLost: (error) => incarnation()?.detached(error),
  };
}
