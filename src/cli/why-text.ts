import { isFinal, MANY_INTERRUPTIONS } from '../constants.ts';
import type { ExplainedClaim, ExplainedQueue, Explanation, TimeSpan } from '../queries/why.ts';
import { formatDuration } from '../duration.ts';
import { pauseText } from './pause-text.ts';
import { errorSummary } from './task-text.ts';

/** Where the counts of an explanation end. */
const COUNTED = 1000;

/** An explanation in sentences, with where its time went. @param ttl for how many seconds workers may give no sign of life */
export function whyText(task: Explanation, ttl: number): string[] {
  return [...reasonTexts(task, ttl), ...timeText(task)];
}

/** The reasons of an explanation in sentences, the decisive one first, each with what can be done about it. @param ttl see `whyText` */
export function reasonTexts(task: Explanation, ttl: number): string[] {
  const { reasons, queue, run } = task;
  const workers =
    run === null ? queue?.workers.filter(({ knows_type }) => knows_type) : [{ ...run, name: run.worker }];
  return [
    ...reasons.flatMap((reason) => sentencesOf(reason, task)),
    ...interruptionText(task),
    ...silenceText(workers ?? [], ttl),
    ...(task.old_snapshot === null
      ? []
      : [`All work is slowed by ${task.old_snapshot}: what was done since cannot be cleaned up. End it.`]),
  ];
}

function sentencesOf(reason: string, task: Explanation): string[] {
  const { claims, queue } = task;
  switch (reason) {
    case 'deadlock':
      return [`It stands in a circle, and none of these can end: ${task.deadlock?.text}.`];
    case 'awaits_tasks':
    case 'awaits_group':
      return [awaitsText(reason, task)];
    case 'delayed':
      return [`It is delayed until ${dueText(task)}.`];
    case 'retry_pause':
      return [
        `It pauses until ${dueText(task)}: attempt ${task.attempt} failed: ${errorSummary(task.error)}.`,
      ];
    case 'due':
      return [`Its time came at ${dueText(task)}: the resource manager is about to take it up.`];
    case 'held_by_ancestor':
      return claims.flatMap(ancestorText);
    case 'resource_held':
      return claims.filter(({ holders, limit }) => holders > 0 && limit?.lacks !== 'units').map(heldText);
    case 'units_taken':
    case 'rate_reached':
    case 'beyond_capacity':
      return claims.flatMap((claim) => limitText(claim, reason));
    case 'behind_in_line':
      return claims
        .filter(({ holders, before, limit }) => holders === 0 && before > 0 && limit === null)
        .map(behindText);
    case 'no_resource_manager':
      return ['No resource manager leads, so nothing is granted. Start a worker: pulp worker'];
    case 'being_granted':
      return ['Nothing is in the way of its claims: the resource manager is about to grant them.'];
    case 'paused':
      return task.paused.map(pauseText);
    case 'held_back':
      return [heldBackText(task)];
    case 'manager_failing':
      return [failingText(task)];
    case 'no_worker':
      return [`No worker online takes from the queue ${queue?.queue}. Start one: ${workerCommand(queue)}`];
    case 'unknown_type':
      return [
        `No worker of the queue ${queue?.queue} knows the task type ${task.name} (online: ${workerNames(queue)}). Start one with a tasks file that defines it: ${workerCommand(queue)} --tasks FILE`,
      ];
    case 'versions_missing':
      return [versionsText(queue)];
    case 'worker_unable':
      return (queue?.workers ?? [])
        .filter(({ knows_type, unable }) => knows_type && unable !== null)
        .map(
          ({ name, unable }) => `Worker ${name} knows its type, but takes no tasks at present: ${unable}.`,
        );
    case 'put_back':
      return [
        `A session still has the lock of one of its resources, perhaps that of a lost worker; its job is put back until ${queue?.put_back_until?.toISOString()}.`,
      ];
    case 'no_free_hand':
      return [
        `Every worker of the queue ${queue?.queue} that knows its type has no free slot: ${busyWorkers(queue)}. Wait, or start another: ${workerCommand(queue)}`,
      ];
    case 'behind_in_queue':
      return [
        `${counted(queue?.jobs_before ?? 0, 'job is', 'jobs are')} before it in the queue ${queue?.queue}.`,
      ];
    case 'to_be_routed':
      return ['The resource manager is about to hand it to a reserved worker that knows its type.'];
    case 'about_to_start':
      return ['Nothing is in its way: a worker is about to start it.'];
    case 'not_delivered':
      return [notDeliveredText(queue)];
    case 'running':
      return [`It runs on ${runText(task)}.`];
    case 'canceling':
      return [`It is being canceled on ${runText(task)}${becauseOf(task)}.`, ...stuckText(task)];
    case 'failed':
      return [`It failed: ${errorSummary(task.error)}.`];
    case 'canceled':
      return [`It was canceled${becauseOf(task)}.`];
    case 'skipped':
      return [`It was skipped${becauseOf(task)}.`];
    case 'completed':
      return [];
    default:
      return [`It is ${reason}.`];
  }
}

/** What no worker of the queue has, with what each has of it. */
function versionsText(queue: Explanation['queue']): string {
  const required = Object.entries(queue?.requires ?? {}).map(([name, range]) => `${name} ${range}`);
  const workers = (queue?.workers ?? []).flatMap(({ name, lacks }) =>
    lacks === null
      ? []
      : [
          `${name} has ${Object.entries(lacks)
            .map(
              ([what, version]) =>
                `${version === null ? 'no ' : ''}${what}${version === null ? '' : ` ${version}`}`,
            )
            .join(', ')}`,
        ],
  );
  return `No worker of the queue ${queue?.queue} has what it requires, ${required.join(', ')}: ${workers.join('; ')}. Start one that has: ${workerCommand(queue)} --provides NAME=VERSION`;
}

/** What has to be over first. */
function awaitsText(reason: string, { awaits, state }: Explanation): string {
  const parts = awaits.flatMap((awaited) => {
    if (awaited.kind === 'task' && reason === 'awaits_tasks')
      return [`${awaited.id} (${awaited.name}, ${awaited.state})`];
    if (awaited.kind === 'task' || reason === 'awaits_tasks') return [];
    const { id, dispatched, unfinished } = awaited;
    return [
      dispatched
        ? `the group ${id}, of which ${counted(unfinished, 'other task is', 'other tasks are')} not over`
        : `the group ${id}, of which nobody has said that all tasks are there: pulp group dispatched ${id}`,
    ];
  });
  const before =
    state === 'running'
      ? 'Its code waits for'
      : reason === 'awaits_group'
        ? 'It comes last in'
        : 'It comes after';
  return `${before} ${parts.join(', ')}.`;
}

/** What became of it at each step of the resource manager. */
const STEPS = {
  due: 'take it up, though its time has come',
  grant: 'grant its claims',
  reroute: 'hand it to another worker',
} as const;

function heldBackText({ held_back }: Explanation): string {
  if (held_back === null) return '';
  const { step, since, not_before, tries, message } = held_back;
  return `The resource manager could not ${STEPS[step]}: ${message}. It failed ${counted(tries, 'time', 'times')} since ${since.toISOString()} and is tried again at ${not_before.toISOString()}; no other task waits for that.`;
}

function failingText({
  resource_manager: { worker, failing_since, last_pass_at, failures },
}: Explanation): string {
  const said = Object.entries(failures ?? {}).map(([duty, { message }]) => `${duty}: ${message}`);
  const last = last_pass_at == null ? '' : ` (it last worked at ${last_pass_at.toISOString()})`;
  return `The resource manager on worker ${worker} leads, but has been failing since ${failing_since?.toISOString()}${last}: ${said.join('; ')}. It tries again by itself.`;
}

function dueText({ due_at, asked_at }: Explanation): string {
  if (due_at === null) return '';
  const ms = due_at.getTime() - asked_at.getTime();
  return `${due_at.toISOString()} (${ms > 0 ? `in ${formatDuration(ms)}` : `${formatDuration(-ms)} ago`})`;
}

function heldText({ resource, mode, holders, held_by, before }: ExplainedClaim): string {
  const named = held_by.map(({ id, name, worker, state, started_at, granted_at, hold }) =>
    hold !== null
      ? `${holdText(hold)}, since ${granted_at.toISOString()}${hold.until === null ? '' : ` until ${hold.until.toISOString()}`} (hold ${id})`
      : started_at === null
        ? `task ${id} (${name}), which was granted it at ${granted_at.toISOString()} and waits for a worker: pulp task why ${id}`
        : `task ${id} (${name}), ${state} on worker ${worker} since ${started_at.toISOString()}`,
  );
  const more = holders > held_by.length ? ` and ${counted(holders - held_by.length, 'other', 'others')}` : '';
  const line = before > 0 ? `; ${counted(before, 'task stands', 'tasks stand')} before it in line` : '';
  return `It waits for ${resourceText(resource, mode)}, which is held by ${named.join('; ')}${more}${line}.`;
}

/** What a claim's resource lacks, if that is the reason. */
function limitText({ resource, mode, holders, held_by, limit }: ExplainedClaim, reason: string): string[] {
  if (limit === null) return [];
  const { lacks, capacity, units, units_free, rate, per_seconds, before, next_at } = limit;
  const line = before > 0 ? `; ${counted(before, 'task stands', 'tasks stand')} before it in line` : '';
  switch (`${lacks} ${reason}`) {
    case 'units units_taken': {
      const named = held_by
        .map(({ id, name, hold }) =>
          hold === null ? `task ${id} (${name})` : `${holdText(hold)} (hold ${id})`,
        )
        .join(', ');
      const more =
        holders > held_by.length ? ` and ${counted(holders - held_by.length, 'other', 'others')}` : '';
      const wanted = mode === 'exclusive' ? 'all' : units;
      return [
        `It waits for ${wanted} of the ${counted(capacity ?? 0, 'unit', 'units')} of ${resource}, of which ${units_free} are free${named === '' ? '' : `; held by ${named}${more}`}${line}.`,
      ];
    }
    case 'rate rate_reached': {
      const next = next_at === null ? '' : `; the next is due at ${next_at.toISOString()}`;
      return [
        `It waits for ${resource}, of which ${rate} are granted in ${formatDuration((per_seconds ?? 0) * 1000)}${next}${line}.`,
      ];
    }
    case 'capacity beyond_capacity':
      return [
        `It asks for ${units} units of ${resource}, which has ${capacity}: as long as that is so, neither it nor those behind it are granted any. Cancel it, or give more: pulp resource capacity ${resource} ${units}`,
      ];
    default:
      return [];
  }
}

/** Whose hold it is, and what for. */
function holdText({ actor, reason }: NonNullable<ExplainedClaim['held_by'][number]['hold']>): string {
  return `${actor ?? 'somebody'}${reason === null ? '' : ` for ${JSON.stringify(reason)}`}`;
}

function ancestorText({ resource, held_by }: ExplainedClaim): string[] {
  return held_by
    .filter(({ is_ancestor }) => is_ancestor)
    .map(
      ({ id, name }) =>
        `Task ${id} (${name}), which enqueued it, holds ${resource} until it ends: if that one waits for this one, it is a deadlock. Let a parent end without waiting, or let only one of the two claim ${resource}. The way out: pulp task cancel ${id}`,
    );
}

function behindText({ resource, mode, before, first_before }: ExplainedClaim): string {
  const named = first_before.map(
    ({ id, name, state, waits_for, hold }) =>
      `${hold === null ? '' : `${holdText(hold)} `}${id} (${name}, ${state}${waits_for.length === 0 ? '' : ` for ${waits_for.join(', ')}`})`,
  );
  const [first] = first_before;
  return `It waits for ${resourceText(resource, mode)}, where ${counted(before, 'task stands', 'tasks stand')} before it in line: ${named.join(', ')}${before > named.length ? ', …' : ''}. To see why the first waits: pulp task why ${first?.id}`;
}

function resourceText(resource: string, mode: string): string {
  return mode === 'shared' ? `${resource} (shared)` : resource;
}

function workerCommand(queue: ExplainedQueue | null): string {
  return queue === null || queue.queue === 'default' ? 'pulp worker' : `pulp worker --queue ${queue.queue}`;
}

function workerNames(queue: ExplainedQueue | null): string {
  return queue?.workers.map(({ name }) => name).join(', ') ?? '';
}

function busyWorkers(queue: ExplainedQueue | null): string {
  const workers = queue?.workers.filter(({ knows_type }) => knows_type) ?? [];
  return workers.map(({ name, running, concurrency }) => `${name} ${running}/${concurrency}`).join(', ');
}

function runText({ run, asked_at }: Explanation): string {
  if (run === null) return '';
  const attempt = run.attempt > 1 ? `, attempt ${run.attempt}` : '';
  const progress = run.progress === null ? '' : `; progress: ${JSON.stringify(run.progress)}`;
  const running = formatDuration(asked_at.getTime() - run.since.getTime());
  return `worker ${run.worker} (process ${run.pid} on ${run.host}) since ${run.since.toISOString()} (${running})${attempt}${progress}`;
}

/** What the kernel does not end, nobody can. */
function stuckText({ run }: Explanation): string[] {
  if (run?.stuck == null) return [];
  const processes = run.stuck.map(({ pid, state }) => `${pid} (state ${state})`).join(', ');
  return [
    `Its process was killed and does not die: ${processes} on ${run.host}. State D waits in the kernel, often for a disk or a network file system: see to that. The task keeps what it holds until then.`,
  ];
}

function silenceText(workers: readonly { name: string; heartbeat_age: number }[], ttl: number): string[] {
  return workers
    .filter(({ heartbeat_age }) => heartbeat_age > ttl)
    .map(
      ({ name, heartbeat_age }) =>
        `Worker ${name} has given no sign of life for ${formatDuration(heartbeat_age * 1000)}: it is declared missing when somebody leads. See: pulp worker list`,
    );
}

/** What ended its run before this one without its fault. */
function interruptionText({ interrupted }: Explanation): string[] {
  if (interrupted === null) return [];
  const { times, by, reason, worker, at } = interrupted;
  const last = `worker ${worker} at ${at.toISOString()} (${by}${reason === null ? '' : `: ${reason}`})`;
  const cost = 'It went back to the front of its line, which cost it no attempt.';
  if (times < MANY_INTERRUPTIONS) return [`Its run was interrupted by ${last}. ${cost}`];
  return [
    `Its run was interrupted ${times} times in a row, the last time by ${last}. ${cost} It may take longer than its workers are let run: give them a longer --shutdown-deadline.`,
  ];
}

/** What follows is the end of a sentence, which the reason may have had of its own. */
function becauseOf({ cancel_reason }: Explanation): string {
  return cancel_reason === null ? '' : `: ${cancel_reason.replace(/\.$/, '')}`;
}

/** Where the time went, span by span. */
function timeText({ time, state }: Explanation): string[] {
  if (time === null) {
    return ['Where its time went is not known any more: its first events are not in the log any more.'];
  }
  const whole = formatDuration(time.seconds * 1000);
  return [
    isFinal(state) ? `It took ${whole}:` : `So far it took ${whole}:`,
    ...time.spans.map((span) => `  ${formatDuration(span.seconds * 1000).padStart(8)}  ${spanText(span)}`),
  ];
}

/** What became of a task in a span of its time. */
export function spanText({ kind, attempt, worker, resource, behind }: TimeSpan): string {
  switch (kind) {
    case 'dependencies':
      return 'waiting for others to be over';
    case 'delayed':
      return 'delayed';
    case 'retry_pause':
      return `pause before attempt ${attempt}`;
    case 'resources':
      return behind === undefined
        ? 'waiting for its resources behind other tasks'
        : `waiting for ${resource} behind task ${behind}`;
    case 'resource_manager':
      return 'waiting for the resource manager';
    case 'worker':
      return 'waiting for a worker';
    case 'running':
      return `running, attempt ${attempt} on worker ${worker}`;
    case 'canceling':
      return `being canceled, attempt ${attempt} on worker ${worker}`;
    case 'failed':
    case 'canceled':
    case 'skipped':
      return `${kind}, until it was run again`;
  }
}

function counted(count: number, one: string, many: string): string {
  return `${count}${count >= COUNTED ? ' or more' : ''} ${count === 1 ? one : many}`;
}

function notDeliveredText(queue: ExplainedQueue | null): string {
  const taken =
    queue?.taken_as == null
      ? `It should have a job in the queue ${queue?.queue} and has none`
      : `Another client of pg-boss has taken its job from the queue ${queue.queue} (it is ${queue.taken_as})`;
  const clients = queue?.clients?.length ? `: ${queue.clients.join(', ')}` : '';
  return `${taken}${clients}. The resource manager delivers it anew; the queue is ours, so give others a schema of their own.`;
}
