import type { Logger } from 'pino';
import type { z } from 'zod';
import { secretsIn, strayEnvelopes, type Arguments } from '../../secrets/arguments.ts';
import { redactLog } from '../../secrets/redact-log.ts';
import { currentRedactor, keepingSecret, keepSecretToo } from '../../secrets/redaction.ts';
import type { SecretPlace } from '../../secrets/secret-places.ts';
import { argumentProblem } from '../../tasks/check-argument.ts';
import { asCurrentTask, type CurrentWorker } from '../../tasks/current.ts';
import type { TaskContext, TaskType } from '../../tasks/define-task.ts';
import { runTraced } from '../../tasks/tracing.ts';
import { checkReport, MOST_CREATED, MOST_REPORTS, type Report } from '../../tasks/reports.ts';
import { resourceNames, type Resource } from '../../tasks/resource.ts';
import { writePayload } from '../../tasks/payload.ts';
import { PulpError } from '../../errors.ts';
import { isDiscard, isSnooze } from '../../tasks/run-endings.ts';
import { completed, failed, snoozed, type Outcome } from './outcome.ts';
import { currentTask, type StartedTask } from './run-records.ts';

/** What a run needs from where it runs. */
export interface RunEnvironment {
  readonly worker: CurrentWorker;
  /** Gives the arguments of the task with the secrets at these places decrypted. */
  readonly open: (places: readonly SecretPlace[]) => Arguments | Promise<Arguments>;
  readonly log: () => Logger;
  readonly signal: () => AbortSignal;
  readonly workingDirectory: () => string;
  /** Takes what a run reports: see `ProgressReport`. Each time it says all that the times before did. */
  readonly report: (told: string) => void;
  /** Resolves when what was reported is in the database. */
  readonly recorded: () => Promise<void>;
}

/**
 * Runs a task's code and says how it ended; never throws. Used in horses and inline alike. Secrets among the arguments are
 * decrypted here, and taken out of whatever the code reports, logs or throws. What the code asks for is made when it asks:
 * most tasks need neither a signal nor a directory.
 */
export async function runTask(
  type: TaskType,
  task: StartedTask,
  environment: RunEnvironment,
): Promise<Outcome> {
  return runTraced(task, environment.worker.name, () => attempt(type, task, environment));
}

async function attempt(type: TaskType, task: StartedTask, environment: RunEnvironment): Promise<Outcome> {
  try {
    const marked = type.secretPlaces();
    const places = [...marked, ...strayEnvelopes(task, marked)];
    if (places.length === 0) return await perform(type, task, task, environment);
    const given = await environment.open(places);
    return await keepingSecret(secretsIn(given, places), () => perform(type, task, given, environment));
  } catch (error) {
    return failed(error, { retry: false });
  }
}

async function perform(
  type: TaskType,
  task: StartedTask,
  given: Arguments,
  environment: RunEnvironment,
): Promise<Outcome> {
  const current = currentTask(task, environment.worker);
  try {
    const args = type.args.safeParse(given.args);
    if (!args.success) return invalid(args.error, 'args');
    const kwargs = type.kwargs.safeParse(given.kwargs);
    if (!kwargs.success) return invalid(kwargs.error, 'kwargs');
    const taken = { args: args.data, kwargs: kwargs.data };
    if (given !== task) keepSecretToo(secretsIn(taken, type.secretPlaces())); // the schema may have changed them
    return completed(await asCurrentTask(current, () => type.run(new Context(task, taken, environment))));
  } catch (error) {
    if (isSnooze(error)) return snoozed(error);
    if (isDiscard(error)) return failed(error, { code: 'DISCARDED', retry: false });
    return failed(error, { retry: isRetried(type, error) });
  }
}

/** Whether the type wants a run tried again that threw this. */
function isRetried(type: TaskType, error: unknown): boolean {
  try {
    return type.retryOn?.(error) ?? true;
  } catch {
    return true; // a question that cannot be answered costs no task its retries
  }
}

function invalid(error: z.ZodError, path: 'args' | 'kwargs'): Outcome {
  const thrown = new Error(argumentProblem(error, path), { cause: error });
  return failed(thrown, { code: 'INVALID_ARGUMENTS', retry: false });
}

function tooMany(problem: string): PulpError {
  return new PulpError('INVALID_INPUT', problem, {
    remedy: 'Tell of fewer, in parts that matter.',
    exitCode: 2,
  });
}

/** What a run has told so far. */
class Told {
  /** The members of what was told last. */
  readonly members = new Map<string, string>();
  readonly reports = new Map<string, Report>();
  readonly created = new Set<string>();
}

class Context implements TaskContext<unknown, unknown> {
  readonly id: string;
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly attempt: number;
  readonly #task: StartedTask;
  readonly #environment: RunEnvironment;
  /** Its code may log and report from where we would not know whose it is. */
  readonly #redactor = currentRedactor();
  #log: Logger | undefined;
  /** Made when there is something: most runs tell nothing. */
  #told: Told | undefined;

  constructor(task: StartedTask, { args, kwargs }: Arguments, environment: RunEnvironment) {
    this.id = task.id;
    this.args = args;
    this.kwargs = kwargs;
    this.attempt = task.attempt;
    this.#task = task;
    this.#environment = environment;
  }

  get signal(): AbortSignal {
    return this.#environment.signal();
  }

  get workingDirectory(): string {
    return this.#environment.workingDirectory();
  }

  get log(): Logger {
    if (this.#log === undefined) {
      this.#log = this.#environment.log().child({
        task: this.id,
        name: this.#task.name,
        correlation_id: this.#task.correlation_id,
      });
      if (this.#redactor !== undefined) redactLog(this.#log, this.#redactor);
    }
    return this.#log;
  }

  // Functions of the object, not of the class: task code takes them out of the context.
  readonly progress = (report: unknown): void => {
    this.#tell('progress', report);
  };

  readonly report = (given: Report): void => {
    const report = checkReport(given);
    const { reports } = (this.#told ??= new Told());
    if (!reports.has(report.code) && reports.size === MOST_REPORTS)
      throw tooMany(`reports: a run has at most ${MOST_REPORTS}`);
    reports.set(report.code, report);
    this.#tell('reports', [...reports.values()]);
  };

  readonly created = async (...resources: readonly Resource[]): Promise<void> => {
    const { created } = (this.#told ??= new Told());
    for (const name of resourceNames(resources, 'created')) created.add(name);
    if (created.size > MOST_CREATED) throw tooMany(`created: a run creates at most ${MOST_CREATED}`);
    if (created.size > 0) this.#tell('created', [...created]);
    await this.#environment.recorded();
  };

  /** All that was told before is told with it: of many reports in a short time only the last is passed on. */
  #tell(key: string, value: unknown): void {
    const written = writePayload(value, key);
    const { members } = (this.#told ??= new Told());
    members.set(key, `"${key}":${this.#redactor?.json(written) ?? written}`);
    this.#environment.report([...members.values()].join(','));
  }
}
