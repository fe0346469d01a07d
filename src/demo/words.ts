import type { ClaimNow, EventNow, Snapshot, TaskNow } from './observer.ts';

/** A task as the demonstration calls it: `#5 publish zoo`. */
export function called(task: TaskNow): string {
  return `#${task.number} ${work(task)} ${task.subject}`;
}

/** What kind of work a task is: its type without the prefix that all of the demonstration's types have. */
export function work(task: TaskNow): string {
  return task.name.replace(/^demo\./, '');
}

/** What a waiting task waits for; undefined if it does not wait. */
export function wait(task: TaskNow, snapshot: Snapshot): string | undefined {
  if (task.state !== 'waiting') return undefined;
  if ((task.due_seconds ?? 0) > 0) {
    const why = task.attempt > 0 ? 'to be tried again' : 'until it is due';
    return `waits ${why}, in ${seconds(task.due_seconds ?? 0)}`;
  }
  const claims = snapshot.claims.filter((claim) => claim.task_id === task.id);
  const obstacles = claims.flatMap((claim) => inTheWayOf(claim, snapshot.claims));
  const [nearest] = obstacles.toSorted((a, b) => b.position - a.position);
  if (nearest === undefined) {
    return claims.length > 0 && !task.unblocked ? 'waits to be granted' : 'waits for a free worker';
  }
  const tasks = new Map(snapshot.tasks.map((other) => [other.id, other]));
  const other = tasks.get(nearest.task_id);
  const others = new Set(obstacles.map((claim) => claim.task_id)).size - 1;
  const more = others === 0 ? '' : `, and ${others} more`;
  const how = nearest.state === 'granted' ? holding(other) : 'stands before it';
  return `waits for ${other === undefined ? nearest.task_id : called(other)}, which ${how}${more}`;
}

function holding(holder: TaskNow | undefined): string {
  return holder?.worker == null ? 'has the reservation' : `runs on ${holder.worker}`;
}

/** The claims on the same resource that a waiting one has to let pass: held, or older in line, and in conflict with it. */
export function inTheWayOf(claim: ClaimNow, claims: readonly ClaimNow[]): ClaimNow[] {
  if (claim.state === 'granted') return [];
  return claims.filter(
    (other) =>
      other.resource === claim.resource &&
      other.task_id !== claim.task_id &&
      (other.state === 'granted' || other.position < claim.position) &&
      (other.mode === 'exclusive' || claim.mode === 'exclusive'),
  );
}

/** What an event of a task says, as the end of a sentence that begins with the task; undefined: too much to tell. */
export function told(event: EventNow): string | undefined {
  const { data } = event;
  switch (event.type) {
    case 'TaskStarted':
      return `runs on ${String(data['worker'])}${data['attempt'] === 1 ? '' : `, attempt ${String(data['attempt'])}`}`;
    case 'TaskCompleted':
      return 'completed';
    case 'TaskFailed':
      return `failed: ${errorMessage(data['error'])}`;
    case 'TaskRetryScheduled':
      return `failed and will be tried again: ${errorMessage(data['error'])}`;
    case 'TaskInterrupted':
      return `was interrupted by ${String(data['worker'])} and goes back to the front of its line`;
    case 'TaskRequeued':
      return 'is to be run again';
    case 'TaskCancelRequested':
      return `is to be canceled: ${String(data['reason'])}`;
    case 'TaskCanceled':
      return 'canceled';
    default:
      return undefined;
  }
}

function errorMessage(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : 'unknown';
}

/** A length of time: `1.3 s`. */
export function seconds(length: number): string {
  return `${length.toFixed(1)} s`;
}
