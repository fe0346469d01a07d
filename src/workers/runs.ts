import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { PulpError } from '../errors.ts';
import type { CurrentWorker } from '../tasks/current.ts';
import type { TaskRegistry } from '../tasks/task-registry.ts';
import { sqlFailure } from '../postgres/sql-error.ts';
import type { HorsePool } from './horses/horse-pool.ts';
import { LONGEST_TIMER_MS, startTimer } from '../timer.ts';
import { failed, type Outcome } from './outcome.ts';
import { startInline } from './inline-run.ts';
import type { FinishedRun, ProgressReport, RecordedRun, StartedTask } from './session.ts';

/** How long progress reports are gathered, in milliseconds. */
const PROGRESS_MS = 200;

/** After how many milliseconds the end of a run is reported again whose task was locked. */
const HELD_UP_MS = 100;

/** How many ends of runs are recorded at once. */
const SETTLE_BATCH = 1000;

export interface RunsSettings {
  readonly registry: TaskRegistry;
  readonly horses: HorsePool;
  readonly worker: CurrentWorker;
  readonly log: Logger;
  readonly cancelGraceMs: number;
  /** Something ended or reported progress. */
  readonly onChange: () => void;
}

/** Code that runs, in a horse or inline. */
export interface Code {
  readonly ended: Promise<Outcome>;
  abort(reason: string): void;
  /** Ends it for good, where that can be done. */
  kill(): void;
}

interface Run {
  readonly task: StartedTask;
  readonly code: Code;
  /** What ends its timers. */
  readonly endTimers: (() => void)[];
  /** What to record instead of what the code says, because we ended it. */
  verdict?: Outcome;
}

/** The runs that a worker has in hand: those that go on, and those that ended and are to be recorded. */
export class Runs {
  readonly #settings: RunsSettings;
  readonly #going = new Map<string, Run>();
  readonly #progress = new Map<string, ProgressReport>();
  #ended: FinishedRun[] = [];
  /** How many ended, but cannot be recorded at the moment. */
  #heldUp = 0;
  #gathering: NodeJS.Timeout | undefined;
  #progressDue = false;
  #abandoned = false;

  constructor(settings: RunsSettings) {
    this.#settings = settings;
  }

  /** How many tasks are in hand. */
  get size(): number {
    return this.#going.size + this.#ended.length + this.#heldUp;
  }

  /** How many of them go on. */
  get going(): number {
    return this.#going.size;
  }

  get hasEnded(): boolean {
    return this.#ended.length > 0;
  }

  get hasProgress(): boolean {
    return this.#progressDue && this.#progress.size > 0;
  }

  /** Runs a task that was started. */
  begin(task: StartedTask): void {
    const type = this.#settings.registry.get(task.name);
    const report = (progress: string) => {
      this.#report(task, progress);
    };
    const code =
      type?.isolation === 'inline'
        ? startInline(type, task, this.#settings, report)
        : this.#settings.horses.run(task, { onProgress: report, limits: type?.limits });
    const run: Run = { task, code, endTimers: [] };
    this.#going.set(task.id, run);
    if (task.timeout_seconds !== null) {
      const seconds = task.timeout_seconds;
      const end = startTimer(seconds * 1000, () => {
        const error = new Error(`the task took longer than its timeout of ${seconds} s`);
        this.#end(run, failed(error, { code: 'TIMEOUT' }), error.message);
      });
      run.endTimers.push(end);
    }
    void code.ended.then((outcome) => {
      this.#onEnd(run, outcome);
    });
  }

  /** Ends a run because its task is cancelled; the reason that was given for it is in the task's row. */
  cancel(id: string): void {
    const run = this.#going.get(id);
    if (run !== undefined) this.#end(run, { outcome: 'canceled' }, 'the task was cancelled');
  }

  cancelAll(reason: string): void {
    for (const run of this.#going.values()) {
      this.#end(run, { outcome: 'canceled', reason }, reason);
      run.code.kill();
    }
  }

  /**
   * Takes runs that were told to end for ended, whatever their code does. Gives their tasks: only code in this process can
   * be like that.
   */
  giveUp(reason: string): readonly string[] {
    const left = [...this.#going.values()];
    for (const run of left) this.#onEnd(run, { outcome: 'canceled', reason });
    return left.map(({ task }) => task.id);
  }

  /**
   * Records how runs ended; `finish` gives those that it recorded. Runs that are no longer ours are dropped; those whose
   * tasks somebody holds locked just now are reported again after a pause.
   */
  async settle(finish: (runs: readonly FinishedRun[]) => Promise<readonly RecordedRun[]>): Promise<void> {
    let batch = this.#ended.slice(0, SETTLE_BATCH);
    let recorded: readonly RecordedRun[] = [];
    try {
      recorded = await finish(batch);
    } catch (error) {
      const fenced = fencedIds(error);
      if (fenced.size === 0) throw error;
      this.#settings.log.warn({ tasks: [...fenced] }, 'runs that are no longer ours were dropped');
      this.#ended = this.#ended.filter((run) => !fenced.has(run.id));
      batch = batch.filter((run) => !fenced.has(run.id));
      if (batch.length > 0) recorded = await finish(batch);
    }
    this.#ended = this.#ended.slice(batch.length);
    if (recorded.length < batch.length) this.#putBack(batch, new Set(recorded.map(({ id }) => id)));
  }

  #putBack(batch: readonly FinishedRun[], recorded: ReadonlySet<string>): void {
    const heldUp = batch.filter(({ id }) => !recorded.has(id));
    this.#heldUp += heldUp.length;
    setTimeout(() => {
      if (this.#abandoned) return;
      this.#heldUp -= heldUp.length;
      this.#ended.push(...heldUp);
      this.#settings.onChange();
    }, HELD_UP_MS);
  }

  /** The reports gathered since, one a run. */
  takeProgress(): readonly ProgressReport[] {
    this.#progressDue = false;
    const reports = [...this.#progress.values()];
    this.#progress.clear();
    return reports;
  }

  /**
   * Forgets everything: the session is gone, and with it our say in how these runs ended. Gives the tasks whose code has
   * not ended within the grace: only code in this process can be like that.
   */
  async abandon(): Promise<readonly string[]> {
    this.#abandoned = true;
    clearTimeout(this.#gathering);
    const left = new Set<string>();
    const endings = [...this.#going.values()].map(({ task, code, endTimers }) => {
      endAll(endTimers);
      code.abort('the worker lost its session');
      left.add(task.id);
      return code.ended.then(() => left.delete(task.id));
    });
    this.#going.clear();
    this.#ended = [];
    const grace = new AbortController();
    await Promise.race([
      Promise.all(endings),
      pause(Math.min(this.#settings.cancelGraceMs, LONGEST_TIMER_MS), undefined, {
        signal: grace.signal,
      }).catch(() => undefined),
    ]);
    grace.abort();
    return [...left];
  }

  /** Tells the code to end, and kills it if it has not within the grace. */
  #end(run: Run, verdict: Outcome, reason: string): void {
    if (run.verdict !== undefined) return;
    run.verdict = verdict;
    run.code.abort(reason);
    run.endTimers.push(
      startTimer(this.#settings.cancelGraceMs, () => {
        run.code.kill();
      }),
    );
  }

  #onEnd(run: Run, outcome: Outcome): void {
    const { task } = run;
    if (this.#abandoned || !this.#going.delete(task.id)) return;
    endAll(run.endTimers);
    this.#progressDue ||= this.#progress.has(task.id); // the last one counts: it is recorded before the end
    this.#ended.push({ ...(run.verdict ?? outcome), id: task.id, attempt: task.attempt, fence: task.fence });
    this.#settings.onChange();
  }

  #report(task: StartedTask, progress: string): void {
    if (!this.#going.has(task.id)) return;
    this.#progress.set(task.id, { id: task.id, attempt: task.attempt, fence: task.fence, progress });
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#progressDue = true;
      this.#settings.onChange();
    }, PROGRESS_MS);
  }
}

function endAll(timers: Run['endTimers']): void {
  for (const end of timers) end();
}

/** The tasks whose runs the database says are not ours, from the refusal's detail. */
function fencedIds(error: unknown): ReadonlySet<string> {
  if (!(error instanceof PulpError) || error.code !== 'FENCED') return new Set();
  const detail = sqlFailure(error.cause)?.detail;
  return new Set(detail === undefined ? [] : (JSON.parse(detail) as string[]));
}
