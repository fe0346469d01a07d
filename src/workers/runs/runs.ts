import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { MANY_INTERRUPTIONS } from '../../constants.ts';
import type { CurrentWorker } from '../../tasks/current.ts';
import type { TaskRegistry } from '../../tasks/task-registry.ts';
import type { Code } from './code.ts';
import { Ends } from './ends.ts';
import type { HorsePool } from '../horses/horse-pool.ts';
import { startTimer } from '../../timer.ts';
import { failed, failedBecause, type Outcome } from './outcome.ts';
import { startInline } from './inline-run.ts';
import { RunLog } from './run-log.ts';
import type { AttachedRuns, ProgressReport, Refusals, StartedTask } from './run-records.ts';

/** How long progress reports are gathered, in milliseconds. */
const PROGRESS_MS = 200;

/** How long code inline may be seen not to run before the guardian is told, in milliseconds: it comes and goes often. */
const INLINE_IDLE_MS = 1000;

export interface RunsSettings {
  readonly registry: TaskRegistry;
  readonly horses: HorsePool;
  readonly worker: CurrentWorker;
  readonly log: Logger;
  readonly cancelGraceMs: number;
  /** Something ended or reported progress. */
  readonly onChange: () => void;
  /** Whether code of tasks runs in this process. */
  readonly onInline: (isInHand: boolean) => void;
  /** A run could not run, through no fault of its own. */
  readonly onHostFailure: (reason: string) => void;
}

interface Run {
  readonly task: StartedTask;
  readonly code: Code;
  readonly isInline: boolean;
  readonly startedAt: number;
  /** What ends the timer of its timeout. */
  endTimeout?: () => void;
  /** What ends the timer of its grace. */
  endGrace?: () => void;
  /** What to record instead of what the code says, because we ended it. */
  forced?: Outcome;
  /** But if the code comes to its end in time, that counts: else it would be done twice. */
  mayComplete?: boolean;
}

/** Who waits for what a run has reported to be recorded. */
interface Waiter {
  readonly id: string;
  readonly resolve: () => void;
}

/** The runs that a worker has in hand: those that go on, and those that ended and are to be recorded. */
export class Runs {
  readonly ends: Ends;
  readonly #lines: RunLog;
  readonly #settings: RunsSettings;
  readonly #going = new Map<string, Run>();
  readonly #progress = new Map<string, ProgressReport>();
  /** Who waits for what these runs have reported to be recorded. */
  #waiting: readonly Waiter[] = [];
  #gathering: NodeJS.Timeout | undefined;
  #progressDue = false;
  #abandoned = false;
  /** Why whatever was started from now on is not to run. */
  #stopReason: string | undefined;
  #wereEnded = false;
  #inline = 0;
  #isInlineTold = false;
  #inlineIdle: NodeJS.Timeout | undefined;

  constructor(settings: RunsSettings) {
    this.#settings = settings;
    this.ends = new Ends(settings.log, settings.onChange);
    this.#lines = new RunLog(settings.log);
  }

  /** How many tasks are in hand. */
  get size(): number {
    return this.#going.size + this.ends.size;
  }

  /** Whether some were ended because the worker stops. */
  get wereEnded(): boolean {
    return this.#wereEnded;
  }

  /** How many of them go on. */
  get going(): number {
    return this.#going.size;
  }

  /** Their tasks. */
  get ids(): readonly string[] {
    return [...this.#going.keys()];
  }

  /** Resolves when what goes on in horses has ended. */
  get horsesEnded(): Promise<void> {
    const inHorses = [...this.#going.values()].filter(({ isInline }) => !isInline);
    return Promise.all(inHorses.map(({ code }) => code.ended)).then(() => undefined);
  }

  /** Whether code of tasks runs in this process, be it of runs that were abandoned. */
  get isInlineInHand(): boolean {
    return this.#inline > 0;
  }

  isGoing(id: string): boolean {
    return this.#going.has(id);
  }

  get hasProgress(): boolean {
    return this.#progressDue && this.#progress.size > 0;
  }

  /** The fences of all that is in hand. */
  get fences(): readonly string[] {
    return [...[...this.#going.values()].map(({ task }) => task.fence), ...this.ends.fences];
  }

  /** Runs a task that was started; after `abandon` it is not ours, and after `stopAll` it ends as those that ran. */
  begin(task: StartedTask): void {
    if (this.#abandoned) return;
    if (this.#stopReason !== undefined) {
      this.#wereEnded = true;
      const { id, attempt, fence } = task;
      this.ends.add({ ...this.#afterStop({ task }, this.#stopReason, 'shutdown'), id, attempt, fence });
      return;
    }
    const { registry, horses, log } = this.#settings;
    if (task.interruptions >= MANY_INTERRUPTIONS) {
      log.warn(
        { task: task.id, name: task.name, interruptions: task.interruptions },
        'a task was interrupted again and again',
      );
    }
    const type = registry.get(task.name);
    const report = (told: string) => {
      this.#report(task, told);
    };
    const isInline = type?.isolation === 'inline';
    const code = isInline
      ? startInline(type, task, this.#settings, { report, recorded: () => this.recorded(task.id) })
      : horses.run(task, {
          onBegun: () => {
            this.#startTimeout(run);
          },
          onTakenBack: () => {
            run.endTimeout?.();
          },
          onProgress: report,
          limits: type?.limits,
          isAlone: type?.isolation === 'process',
        });
    const run: Run = { task, code, isInline, startedAt: performance.now() };
    this.#lines.started(task);
    this.#going.set(task.id, run);
    if (isInline) {
      this.#countInline(1);
      this.#startTimeout(run);
    }
    void code.ended.then((outcome) => {
      this.#onEnd(run, outcome);
    });
  }

  /** Its code begins to run: from then on its time counts. */
  #startTimeout(run: Run): void {
    const { timeout_seconds: seconds } = run.task;
    run.endTimeout?.();
    if (seconds === null || this.#going.get(run.task.id) !== run) return;
    run.endTimeout = startTimer(seconds * 1000, () => {
      const error = new Error(`the task took longer than its timeout of ${seconds} s`);
      this.#end(run, failed(error, { code: 'TIMEOUT' }), error.message);
    });
  }

  /** Ends a run because its task is canceled; the reason that was given for it is in the task's row. */
  cancel(id: string): void {
    const run = this.#going.get(id);
    if (run !== undefined) this.#end(run, { outcome: 'canceled' }, 'the task was canceled');
  }

  /** Ends a run that has failed, though its code may not know. Says whether there is such a run. */
  fail(id: string, thrown: unknown, code: string): boolean {
    const run = this.#going.get(id);
    if (run !== undefined) this.#end(run, failed(thrown, { code }), 'the task has failed');
    return run !== undefined;
  }

  /** Ends all runs, and whatever is started yet, because the worker stops: by its type a task is canceled, or goes back to the front of its line. */
  stopAll(reason: string): void {
    this.#stopReason ??= reason;
    this.#wereEnded ||= this.#going.size > 0;
    for (const run of this.#going.values()) {
      if (run.forced === undefined) run.mayComplete = true;
      this.#end(run, this.#afterStop(run, reason, 'shutdown'), reason);
    }
  }

  /** Records the reports gathered since, one a run. */
  async reportProgress(record: (reports: readonly ProgressReport[]) => Promise<Refusals>): Promise<void> {
    this.#progressDue = false;
    const reports = [...this.#progress.values()];
    const waiting = new Set(this.#waiting);
    const { held, fenced } = await record(reports);
    for (const report of reports) {
      // One that came meanwhile says more, and is kept.
      if (!held.has(report.id) && this.#progress.get(report.id) === report) this.#progress.delete(report.id);
    }
    this.#waitNoMore((waiter) => waiting.has(waiter) && !held.has(waiter.id));
    if (fenced.size > 0)
      this.#settings.log.info({ tasks: [...fenced] }, 'late progress reports were dropped');
    if (this.#progress.size > 0) this.#gather();
  }

  /** Resolves when what a run has reported so far is in the database, or the run is over: its end is recorded with it. */
  recorded(id: string): Promise<void> {
    if (!this.#progress.has(id)) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const waiter = {
      id,
      resolve: () => {
        resolve(undefined);
      },
    };
    this.#waiting = [...this.#waiting, waiter];
    this.#progressDue = true;
    this.#settings.onChange();
    return promise;
  }

  /** Goes by what was found of the runs at the attach of a new session: what is not ours any more ends, alone. */
  reconcile({ kept, toBegin, toEnd }: AttachedRuns): void {
    for (const run of this.#going.values()) {
      const { id, name } = run.task;
      if (!kept.has(id)) {
        this.#settings.log.warn({ task: id, name }, 'the run is not ours any more, and is ended');
        this.#forget(run, 'the run was handed on to another worker');
      } else if (toEnd.has(id)) {
        this.#settings.log.warn(
          { task: id, name },
          'somebody else has locked a resource of the run, which is ended',
        );
        this.#end(
          run,
          this.#afterStop(run, 'somebody else locked a resource of it', 'session'),
          'its resource was locked by another',
        );
        run.code.kill();
      }
    }
    for (const task of toBegin) this.begin(task);
  }

  /**
   * Ends everything without a word to the database: the lease is over, and with it our say in how these runs ended. Resolves
   * when the code in this process has ended, which cannot be killed.
   */
  async abandon(reason: string): Promise<void> {
    this.#abandoned = true;
    clearTimeout(this.#gathering);
    const going = [...this.#going.values()];
    for (const run of going) this.#forget(run, reason);
    this.ends.drop();
    await Promise.all(going.filter(({ isInline }) => isInline).map(({ code }) => code.ended));
  }

  #forget(run: Run, reason: string): void {
    this.#going.delete(run.task.id);
    this.#progress.delete(run.task.id);
    endTimers(run);
    run.code.abort(reason);
    run.code.kill();
    this.#waitNoMore(({ id }) => id === run.task.id);
    if (run.isInline)
      void run.code.ended.then(() => {
        this.#countInline(-1);
      });
  }

  /** Tells the code to end, and kills it if it has not within the grace. */
  #end(run: Run, forced: Outcome, reason: string): void {
    if (run.forced !== undefined) return;
    run.forced = forced;
    run.code.abort(reason);
    run.endGrace = startTimer(this.#settings.cancelGraceMs, () => {
      run.code.kill();
    });
  }

  #afterStop(
    { task, forced }: Pick<Run, 'task' | 'forced'>,
    reason: string,
    by: 'shutdown' | 'session',
  ): Outcome {
    if (forced !== undefined) return forced;
    const requeues = this.#settings.registry.get(task.name)?.onWorkerStop === 'requeue';
    return requeues ? { outcome: 'interrupted', reason, by } : { outcome: 'canceled', reason };
  }

  /** What another task did to this one costs it nothing, if it may be run again from its beginning. */
  #unlessBlameless({ task }: Run, outcome: Outcome): Outcome {
    if (outcome.outcome !== 'interrupted' || outcome.by !== 'leftover') return outcome;
    const requeues = this.#settings.registry.get(task.name)?.onWorkerStop === 'requeue';
    return requeues ? outcome : failedBecause('HORSE_DIED', outcome.reason);
  }

  #onEnd(run: Run, how: Outcome): void {
    const { task } = run;
    if (this.#abandoned || !this.#going.delete(task.id)) return;
    const outcome = this.#unlessBlameless(run, how);
    endTimers(run);
    if (run.isInline) this.#countInline(-1);
    const isComplete = run.mayComplete === true && outcome.outcome === 'completed';
    const told = isComplete ? outcome : (run.forced ?? outcome);
    this.#lines.ended(task, told, performance.now() - run.startedAt);
    const last = this.#progress.get(task.id);
    this.#progress.delete(task.id);
    if (run.forced === undefined && outcome.outcome === 'interrupted' && outcome.by === 'host')
      this.#settings.onHostFailure(outcome.reason);
    this.#waitNoMore(({ id }) => id === task.id);
    this.ends.add({
      ...told,
      ...{ id: task.id, attempt: task.attempt, fence: task.fence },
      ...(last !== undefined && { told: last.told }),
    });
  }

  #report(task: StartedTask, told: string): void {
    if (!this.#going.has(task.id)) return;
    this.#progress.set(task.id, { id: task.id, attempt: task.attempt, fence: task.fence, told });
    this.#gather();
  }

  /** Lets those go on who wait no more. */
  #waitNoMore(isServed: (waiter: Waiter) => boolean): void {
    if (this.#waiting.length === 0) return;
    const served = this.#waiting.filter(isServed);
    this.#waiting = this.#waiting.filter((waiter) => !served.includes(waiter));
    for (const { resolve } of served) resolve();
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#progressDue = true;
      this.#settings.onChange();
    }, PROGRESS_MS);
  }

  #countInline(change: 1 | -1): void {
    this.#inline += change;
    clearTimeout(this.#inlineIdle);
    if (this.#inline > 0 && !this.#isInlineTold) {
      this.#isInlineTold = true;
      this.#settings.onInline(true);
    } else if (this.#inline === 0) {
      this.#inlineIdle = setTimeout(() => {
        this.#isInlineTold = false;
        this.#settings.onInline(false);
      }, INLINE_IDLE_MS).unref();
    }
  }
}

function endTimers({ endTimeout, endGrace }: Run): void {
  endTimeout?.();
  endGrace?.();
}

/** Waits for code that is to end; says whether it has, within so many milliseconds. */
export async function endsWithin(ending: Promise<void>, ms: number): Promise<boolean> {
  const late = new AbortController();
  const ended = await Promise.race([
    ending.then(() => true),
    pause(Math.max(0, ms), false, { signal: late.signal }).catch(() => false),
  ]);
  late.abort();
  return ended;
}
