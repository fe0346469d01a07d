import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isExhaustion } from '../postgres/sql-error.ts';
import type { TaskRegistry } from '../tasks/task-registry.ts';
import { Wakeup } from '../wakeup.ts';
import { HorsePool } from './horses/horse-pool.ts';
import { Runs } from './runs.ts';
import { Session, type Birth, type FinishedRun, type RecordedRun, type StartedTask } from './session.ts';
import type { WorkerDirectory } from './directories/worker-directory.ts';

/** How long an idle worker waits for a notification before it looks for tasks all the same, in milliseconds. */
const POLL_MS = 10_000;

/** Under load, ends of runs are gathered for so long, in milliseconds, while others go on: round trips cost more than waiting. */
const GATHER_MS = 1;

/** Under load: the last ends were recorded less than so long ago, in milliseconds. */
const BUSY_MS = 10;

/** How long to wait when the database lacks something (disk, memory, locks), in milliseconds. */
const EXHAUSTION_PAUSE_MS = 1000;

/** Why tasks are cancelled that a killed worker had in hand. */
const STOPPED = 'the worker was stopped';

export interface LifeSettings {
  readonly databaseUrl: string;
  readonly registry: TaskRegistry;
  readonly tasksFile: string;
  readonly birth: Birth;
  readonly directory: WorkerDirectory;
  readonly maxTasksPerHorse: number;
  readonly cancelGraceMs: number;
  readonly log: Logger;
  /** So many tasks have been finished. */
  readonly onFinished: (tasks: number) => void;
  /** It says that it ends: from now on, signs of life would be out of place. */
  readonly onFarewell: () => void;
}

/** One life of a worker: from its birth until its session is lost, or it has stopped. */
export class Life {
  readonly #settings: LifeSettings;
  readonly #horses: HorsePool;
  readonly #runs: Runs;
  readonly #wakeup = new Wakeup();
  readonly #session: Session;
  #loss: Error | undefined;
  /** The tasks whose code goes on in this process in spite of the loss. */
  #deaf: Promise<readonly string[]> | undefined;
  #ready = true;
  #cancels = false;
  /** The database lacks something: what has ended is recorded by itself, so that nothing new stands in its way. */
  #isShort = false;
  #stopping = false;
  #killedAt: number | undefined;
  #settledAt = -Infinity;

  private constructor(settings: LifeSettings, session: Session) {
    const { birth, directory, log, cancelGraceMs, registry } = settings;
    this.#settings = settings;
    this.#session = session;
    this.#horses = new HorsePool({
      tasksFile: settings.tasksFile,
      worker: birth.name,
      workerDirectory: directory.path,
      maxTasksPerHorse: settings.maxTasksPerHorse,
      databaseUrl: settings.databaseUrl,
      log,
    });
    this.#runs = new Runs({
      registry,
      horses: this.#horses,
      worker: { name: birth.name, directory: directory.path },
      log,
      cancelGraceMs,
      onChange: () => {
        this.#wakeup.call();
      },
    });
  }

  /** A birth: takes the name, and makes the worker's directory. */
  static async begin(settings: LifeSettings): Promise<Life> {
    let life: Life | undefined;
    const session = await Session.open(settings.databaseUrl, settings.birth, {
      onReady: () => {
        life?.look();
      },
      onCancel: () => {
        life?.look({ forCancels: true });
      },
      onLost: (error) => {
        life?.lose(error);
      },
    });
    try {
      await settings.directory.create(); // the name is ours: nobody else is in there
    } catch (error) {
      await session.close(true);
      throw error;
    }
    return (life = new Life(settings, session));
  }

  /** Which birth of its name this is. */
  get incarnation(): string {
    return this.#session.incarnation;
  }

  /** How many tasks it has in hand. */
  get running(): number {
    return this.#runs.size;
  }

  /** There may be tasks to take, or runs to cancel. */
  look({ forCancels = false } = {}): void {
    if (forCancels) this.#cancels = true;
    else this.#ready = true;
    this.#wakeup.call();
  }

  /** Takes nothing new; the life ends when what runs has finished. */
  stop(): void {
    this.#stopping = true;
    this.#wakeup.call();
  }

  /** Ends what runs, and with it the life: its tasks are recorded as cancelled. */
  kill(): void {
    this.#killedAt ??= performance.now();
    this.#runs.cancelAll(STOPPED);
    this.stop();
  }

  /** The runs are not ours any more. They end at once, first of all: nothing may go on that another may do again. */
  lose(why: Error): void {
    if (this.#loss !== undefined) return;
    this.#horses.kill();
    this.#deaf = this.#runs.abandon();
    this.#loss = why;
    this.#wakeup.call();
  }

  /**
   * Fetches, runs and records tasks until it has stopped.
   *
   * @throws what ended the life before that
   */
  async live(): Promise<void> {
    try {
      while (this.#loss === undefined && !this.#isOver) {
        this.#wakeup.arm();
        try {
          await this.#work();
        } catch (error) {
          if (!isExhaustion(error)) throw error;
          this.#settings.log.error({ err: error }, 'the database lacks something; what runs goes on');
          this.#ready = true;
          this.#isShort = true;
          await pause(EXHAUSTION_PAUSE_MS);
        }
      }
      if (this.#loss === undefined) {
        await this.#giveUp();
        this.#horses.kill();
        this.#settings.onFarewell();
        await this.#session.close(this.#killedAt === undefined);
      }
    } catch (error) {
      this.lose(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#session.abandon();
      this.#tellOfDeaf((await this.#deaf) ?? []);
      await this.#settings.directory.delete().catch((error: unknown) => {
        this.#settings.log.error({ err: error }, 'the directory of the worker stays');
      });
    }
    if (this.#loss !== undefined) throw this.#loss;
  }

  /** One turn: records what has ended, ends what is cancelled, takes what is there; else waits for something to do. */
  async #work(): Promise<void> {
    const runs = this.#runs;
    if (runs.hasProgress) await this.#session.progress(runs.takeProgress());
    if (runs.hasEnded) {
      if (runs.going > 0 && performance.now() - this.#settledAt < BUSY_MS) await pause(GATHER_MS);
      await runs.settle((ended) => this.#turn(ended));
      this.#settledAt = performance.now();
    }
    if (this.#cancels) {
      this.#cancels = false;
      for (const id of await this.#session.canceling()) runs.cancel(id);
    }
    if (this.#canTake && this.#ready) {
      this.#ready = false; // a notification that comes meanwhile may tell of what this fetch did not see
      const free = this.#free;
      this.#begin(await this.#session.start(free), free);
      this.#isShort = false;
    }
    if (runs.hasEnded || (this.#canTake && this.#ready) || this.#isOver) return;
    const { cancelGraceMs } = this.#settings;
    if (
      !(await this.#wakeup.sleep(this.#killedAt === undefined ? POLL_MS : Math.min(cancelGraceMs, POLL_MS)))
    ) {
      this.#ready = true;
      this.#cancels = runs.size > 0;
    }
  }

  /** Records as cancelled what has not ended within the grace. */
  async #giveUp(): Promise<void> {
    this.#tellOfDeaf(this.#runs.giveUp(STOPPED));
    if (this.#runs.hasEnded) await this.#runs.settle((ended) => this.#session.finish(ended));
  }

  #tellOfDeaf(tasks: readonly string[]): void {
    if (tasks.length === 0) return;
    this.#settings.log.error(
      { tasks },
      'code that is to end goes on in this process, which had better end too: it ignores its signal',
    );
  }

  /** Records ends of runs, and takes tasks for the hands that this frees. */
  async #turn(ended: readonly FinishedRun[]): Promise<readonly RecordedRun[]> {
    const free = this.#free + ended.length;
    if (this.#stopping || !this.#ready || this.#isShort) {
      const recorded = await this.#session.finish(ended);
      this.#settings.onFinished(recorded.length);
      return recorded;
    }
    this.#ready = false;
    try {
      const { recorded, started } = await this.#session.finishAndStart(ended, free);
      this.#settings.onFinished(recorded.length);
      this.#begin(started, free);
      return recorded;
    } catch (error) {
      this.#ready = true;
      throw error;
    }
  }

  #begin(started: readonly StartedTask[], askedFor: number): void {
    if (started.length === askedFor) this.#ready = true; // fewer: the queues were empty
    for (const task of started) this.#runs.begin(task);
  }

  get #free(): number {
    return this.#settings.birth.concurrency - this.#runs.size;
  }

  get #canTake(): boolean {
    return !this.#stopping && this.#free > 0;
  }

  /** Nothing runs any more; or only code in this process that does not heed its signal, and goes with the process. */
  get #isOver(): boolean {
    if (!this.#stopping) return false;
    const graceIsOver =
      this.#killedAt !== undefined && performance.now() - this.#killedAt >= this.#settings.cancelGraceMs;
    return this.#runs.size === 0 || graceIsOver;
  }
}
