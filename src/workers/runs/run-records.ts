import type { CurrentTask, CurrentWorker } from '../../tasks/current.ts';
import type { TraceContext } from '../../tasks/tracing.ts';
import type { Outcome } from './outcome.ts';

/** A task that was started for this worker: its run is ours as long as the lease stands, until its end is recorded. */
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
  /** How often in a row its run was interrupted before, through no fault of its own. */
  readonly interruptions: number;
  readonly trace_context: TraceContext | null;
}

/** What its code is told of it. */
export function currentTask(task: StartedTask, worker: CurrentWorker): CurrentTask {
  const {
    id,
    name,
    attempt,
    correlation_id: correlationId,
    parent_id: parentId,
    trace_context: traceContext,
  } = task;
  return { id, name, attempt, correlationId, parentId, traceContext, worker };
}

/** How a run ended, for the log, with its last report if that is not recorded yet: see `ProgressReport`. */
export type FinishedRun = Outcome & {
  readonly id: string;
  readonly attempt: number;
  readonly fence: string;
  readonly told?: string;
};

/**
 * What a run reports. `told` is JSON already, the members of an object: progress, reports and created, as `pulp.progress` takes them.
 */
export interface ProgressReport {
  readonly id: string;
  readonly attempt: number;
  readonly fence: string;
  readonly told: string;
}

/** What became of reports: whatever is in neither list was recorded. */
export interface Refusals {
  /** Somebody else holds these tasks locked just now: report again later. */
  readonly held: ReadonlySet<string>;
  /** The runs of these tasks are not ours any more: nothing of them will be accepted. */
  readonly fenced: ReadonlySet<string>;
}

/** What a worker that attached a new session finds of its runs. */
export interface AttachedRuns {
  /** Those that it still has. */
  readonly kept: ReadonlySet<string>;
  /** Those that were started, but whose answer was lost with the session. */
  readonly toBegin: readonly StartedTask[];
  /** Those whose resources somebody else has locked meanwhile. */
  readonly toEnd: ReadonlySet<string>;
}

/** A run that goes on though its processes were killed. */
export interface StuckRun {
  readonly task: string;
  readonly processes: readonly { readonly pid: number; readonly state: string }[];
}

/** What a worker says of how it fares. */
export interface WorkerCondition {
  /** Why it takes no tasks; null: it does. */
  readonly unable: string | null;
  readonly stuck: readonly StuckRun[];
}

/** Written for `pulp.finish`. Outcomes carry JSON that is written already: it goes in as it is. */
export function writeFinishedRuns(runs: readonly FinishedRun[]): string {
  return `[${runs.map(writeFinishedRun).join(',')}]`;
}

/** Written for `pulp.progress`. */
export function writeReports(reports: readonly ProgressReport[]): string {
  return `[${reports.map((report) => `${head(report)},${report.told}}`).join(',')}]`;
}

function writeFinishedRun(run: FinishedRun): string {
  const start = `${head(run)},"outcome":"${run.outcome}"${run.told === undefined ? '' : `,${run.told}`}`;
  switch (run.outcome) {
    case 'completed':
      return `${start},"result":${run.result}}`;
    case 'failed':
      return `${start},"error":${run.error},"retry":${run.retry}}`;
    case 'snoozed':
      return `${start},"seconds":${run.seconds},"reason":${JSON.stringify(run.reason)}}`;
    case 'interrupted':
      return `${start},"by":"${run.by}","reason":${JSON.stringify(run.reason)}}`;
    case 'canceled':
      return `${start},"reason":${JSON.stringify(run.reason ?? null)}}`;
  }
}

function head({
  id,
  attempt,
  fence,
}: {
  readonly id: string;
  readonly attempt: number;
  readonly fence: string;
}) {
  return `{"id":"${id}","attempt":${attempt},"fence":"${fence}"`;
}
