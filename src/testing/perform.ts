import { tmpdir } from 'node:os';
import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { pinoModule } from '../log.ts';
import { reportedColumn } from '../queries/reported.ts';
import type { TaskType } from '../tasks/define-task.ts';
import { newTaskId } from '../new-task-id.ts';
import { writePayload } from '../tasks/payload.ts';
import { WorkingDirectory } from '../workers/directories/working-directory.ts';
import { runTask } from '../workers/runs/run-task.ts';

/** What a run gave, and what it said on its way. */
export interface Performed {
  /** As a caller would read it: JSON. */
  readonly result: unknown;
  /** The latest that it said by `progress`; null: nothing. */
  readonly progress: unknown;
  readonly reports: NonNullable<z.infer<typeof reportedColumn>['reports']>;
  readonly created: readonly string[];
}

/** What `perform` gives a run. */
export interface PerformOptions<Args, Kwargs> {
  readonly args?: Args;
  readonly kwargs?: Kwargs;
  /** Default 1. */
  readonly attempt?: number;
  /** Cancels it. */
  readonly signal?: AbortSignal;
}

/**
 * Runs the code of a task once, in this process and without a database, as a worker would: arguments are checked, the context is a
 * real one, results and errors are what would be recorded.
 *
 * @throws PulpError TASK_FAILED with the error that would be recorded in its message and `cause`, or TASK_SNOOZED
 */
export async function perform<ArgsSchema extends z.ZodType, KwargsSchema extends z.ZodType>(
  task: TaskType<ArgsSchema, KwargsSchema>,
  { args, kwargs, attempt = 1, signal }: PerformOptions<z.input<ArgsSchema>, z.input<KwargsSchema>> = {},
): Promise<Performed> {
  const id = newTaskId();
  await using directory = WorkingDirectory.make(tmpdir(), id);
  let told = '{}';
  const outcome = await runTask(
    task,
    {
      id,
      name: task.name,
      args: JSON.parse(writePayload(args ?? [], 'args')) as unknown[],
      kwargs: JSON.parse(writePayload(kwargs ?? {}, 'kwargs')) as Record<string, unknown>,
      attempt,
      ...{ fence: '0', timeout_seconds: null, parent_id: null, correlation_id: id },
      ...{ interruptions: 0, trace_context: null },
    },
    {
      worker: { name: 'test', directory: tmpdir() },
      open: () => Promise.reject(new Error('there are no secrets to decrypt in a test')),
      log: () => pinoModule()({ level: 'silent' }),
      signal: () => signal ?? new AbortController().signal,
      workingDirectory: () => directory.path,
      report: (members) => {
        told = `{${members}}`;
      },
      recorded: () => Promise.resolve(),
    },
  );
  switch (outcome.outcome) {
    case 'completed': {
      const said = JSON.parse(told) as { readonly progress?: unknown };
      const { reports = [], created = [] } = reportedColumn.parse(said);
      return {
        result: JSON.parse(outcome.result) as unknown,
        progress: said.progress ?? null,
        reports,
        created,
      };
    }
    case 'failed': {
      const error = JSON.parse(outcome.error) as { readonly code: string; readonly message: string };
      throw new PulpError('TASK_FAILED', `${task.name} failed: ${error.message}`, {
        remedy: outcome.retry
          ? 'It would be tried again, if it has retries.'
          : 'It would not be tried again.',
        cause: error,
      });
    }
    case 'snoozed':
      throw new PulpError(
        'TASK_SNOOZED',
        `${task.name} was put off by ${outcome.seconds} s: ${outcome.reason}`,
        {
          remedy: 'It would run again after that.',
        },
      );
    default:
      throw new PulpError('TASK_FAILED', `${task.name} was ${outcome.outcome}`, {
        remedy: 'Look at its signal.',
      });
  }
}
