import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isFinal, type TaskState } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { databaseFacts } from '../cli/database-address.ts';
import { namingVariable } from '../postgres/address/resolve.ts';
import { getDatabaseUrl, namedDatabaseUrl, pulpHome } from '../postgres/database-url.ts';
import { cancel } from '../tasks/cancel.ts';
import { enqueueMany } from '../tasks/enqueue.ts';
import { cancelGroup } from '../tasks/grouping.ts';
import { span } from './line.ts';
import { LiveView } from './live-view.ts';
import { Observer, type Snapshot } from './observer.ts';
import type { Output } from './output.ts';
import { CONFLICTS, overlaps, questions } from './questions.ts';
import { report } from './report.ts';
import { EXPECTED_ENDS, PATIENCE_SECONDS, scenario, type DemoRun } from './scenario.ts';
import { columnOf } from './table.ts';
import { TickerView } from './ticker-view.ts';
import { DemoWorkers } from './workers.ts';

/** How often the tables are looked at, in milliseconds: progress and time pass without an event to wait for. */
const LOOK_MS = 100;

/** After how many milliseconds the demonstration gives up: several times what it takes. */
const LIMIT_MS = 60_000;

/** What a demonstration came to. */
export interface DemoOutcome {
  /** The group that its tasks are in. */
  readonly group: string;
  /** How many tasks ended in each state. */
  readonly states: Readonly<Partial<Record<TaskState, number>>>;
  /** From the enqueueing until all tasks had ended. */
  readonly seconds: number;
}

/**
 * Enqueues tasks that contend for resources, starts two workers, shows what the tables say until all tasks have ended,
 * and asks what happened. However it ends, it ends its workers and leaves no task behind.
 *
 * @throws PulpError DEMO_FAILED if something did not happen as it should
 * @throws the signal's reason when it is aborted
 */
export async function runDemo(output: Output, signal: AbortSignal): Promise<DemoOutcome> {
  output.write([span('Pulp tasking on Postgres', 'bold')]);
  output.write([`Database: ${describeDatabase()}`]);
  const databaseUrl = await getDatabaseUrl();
  signal.throwIfAborted();

  const group = `demo-${randomBytes(2).toString('hex')}`;
  const run = { group, workers: [`${group}-w1`, `${group}-w2`] };
  const began = performance.now();
  const tasks = await enqueueMany(scenario(run));
  const ids = tasks.map((task) => task.id);
  const ms = Math.round(performance.now() - began);
  output.write([`Enqueued ${ids.length} tasks in ${ms} ms, as group ${group}, in one transaction.`]);

  const last = await withWorkers(run, databaseUrl, signal, (lost) =>
    watch(run, ids, output, AbortSignal.any([signal, lost, AbortSignal.timeout(LIMIT_MS)])),
  );
  const states = countStates(last);
  const counts = Object.entries(states).map(([state, count]) => `${count} ${state}`);
  output.write([`All ended after ${last.seconds.toFixed(1)} s: ${counts.join(', ')}.`]);

  const answers = await report(databaseUrl, [...questions(run), overlaps(run)], output);
  if (columnOf(answers.at(-1), CONFLICTS).some((count) => count !== '0')) {
    throw failure('two tasks had a resource at once');
  }
  for (const [state, count] of Object.entries(EXPECTED_ENDS)) {
    if (states[state as TaskState] !== count)
      throw failure(
        `of its tasks ${count} should have ended as ${state}; the counts are ${counts.join(', ')}`,
      );
  }
  output.write();
  for (const line of furtherSteps()) output.write([line]);
  return { group, states, seconds: last.seconds };
}

function describeDatabase(): string {
  const named = namedDatabaseUrl();
  if (named === undefined) return `the embedded Postgres in ${pulpHome()}, made at first use`;
  const { database, host } = databaseFacts(named);
  return `${database} at ${host}, as ${namingVariable(process.env) ?? ''} says`;
}

function furtherSteps(): string[] {
  // `npm start` alone has the commands of a clone on its path; the shell that it was typed in does not.
  const path =
    process.env['npm_lifecycle_event'] === 'start'
      ? ['In this shell, once: export PATH="$PWD/node_modules/.bin:$PATH"']
      : [];
  if (namedDatabaseUrl() !== undefined) return [...path, 'Look for yourself: pulp task list'];
  return [
    ...path,
    'Look for yourself: pulp task list, or pulp db psql',
    'The embedded Postgres stays up for the next command; pulp db stop ends it.',
  ];
}

/** Does something while the workers run. If it fails, what is left of the tasks is canceled before they end. */
async function withWorkers<Result>(
  run: DemoRun,
  databaseUrl: string,
  interruption: AbortSignal,
  work: (lost: AbortSignal) => Promise<Result>,
): Promise<Result> {
  await using workers = DemoWorkers.start(run, databaseUrl);
  try {
    return await work(workers.lost);
  } catch (error) {
    await cancelGroup(run.group, 'the demonstration was stopped').catch((failed: unknown) => {
      if (interruption.aborted) throw failed; // what failed first says more, but an interruption says nothing
    });
    throw error;
  }
}

/** Shows what happens until every task has ended; cancels the one that hangs. */
async function watch(
  run: DemoRun,
  ids: readonly string[],
  output: Output,
  signal: AbortSignal,
): Promise<Snapshot> {
  using view = output.isLive ? new LiveView(output, run) : new TickerView(output);
  const observer = new Observer(run, ids);
  const aborted = abortionOf(signal);
  for (let patience = true; ;) {
    const snapshot = await Promise.race([observer.look(), aborted]);
    view.show(snapshot);
    if (snapshot.tasks.every((task) => isFinal(task.state))) return snapshot;
    const hanging = snapshot.tasks.find((task) => task.name === 'demo.hang' && task.state === 'running');
    if (patience && hanging !== undefined && (hanging.running_seconds ?? 0) > PATIENCE_SECONDS) {
      patience = false;
      await cancel(hanging.id, `hung for ${PATIENCE_SECONDS} s`);
    }
    await Promise.race([pause(LOOK_MS), aborted]);
  }
}

/** Rejects when the signal aborts. */
function abortionOf(signal: AbortSignal): Promise<never> {
  const abortion = Promise.withResolvers<never>();
  abortion.promise.catch(() => undefined); // nobody may be waiting at that moment
  const abort = () => {
    abortion.reject(reasonOf(signal));
  };
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return abortion.promise;
}

function reasonOf(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  return reason instanceof DOMException && reason.name === 'TimeoutError'
    ? failure(`the tasks had not ended after ${LIMIT_MS / 1000} s`)
    : reason;
}

function countStates(snapshot: Snapshot): Partial<Record<TaskState, number>> {
  const counts: Partial<Record<TaskState, number>> = {};
  for (const { state } of snapshot.tasks) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function failure(problem: string): PulpError {
  return new PulpError('DEMO_FAILED', `the demonstration failed: ${problem}`, {
    remedy: 'Look at its tasks: pulp task list.',
  });
}
