import { instant, instantOrNull, secondsBetween } from './instant.ts';

/**
 * What the log says, told a second time. This fold shares nothing with `pulp.evolve_*`: it was written from the design
 * and from the comments on the tables, and is the oracle that the SQL folds and the projections are compared with.
 */

/** An event as `to_jsonb` writes its row. */
export interface LoggedEvent {
  readonly position: number;
  readonly stream_kind: string;
  readonly stream_id: string;
  readonly version: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly correlation_id: string | null;
  readonly recorded_at: string;
}

/** A row of a projection, by column; times are instants. */
export type Row = Readonly<Record<string, unknown>>;

/** All state that the log determines. */
export interface World {
  /** By id. */
  readonly tasks: Map<string, Row>;
  /** By name. */
  readonly workers: Map<string, Row>;
  /** By task and resource: see `claimKey`. */
  readonly claims: Map<string, Row>;
  readonly leaders: Map<string, Row>;
}

/** What became of the log itself changes no state. */
const LOG_EVENTS: ReadonlySet<string> = new Set([
  'EraBegun',
  'PolicyChanged',
  ...['QueuePaused', 'TypePaused', 'ResourcePaused', 'AllPaused'],
  ...['QueueResumed', 'TypeResumed', 'ResourceResumed', 'AllResumed'],
  'CapacityChanged',
  'RateChanged',
  ...['ScheduleCreated', 'SchedulePaused', 'ScheduleResumed', 'ScheduleDeleted'],
  ...['OccurrenceEnqueued', 'OccurrenceSkipped'],
  ...['GroupCreated', 'GroupDispatched'],
  ...['SubscriptionCreated', 'SubscriptionPaused', 'SubscriptionResumed', 'SubscriptionStopped'],
  ...['SubscriptionReplayed', 'SubscriptionDeleted', 'RetentionSet', 'RetentionCleared'],
  'QuotaChanged',
  'TaskTypePublished',
  'SecretUnmarked',
  'LeafArchived',
  'LeafDropped',
]);

/** Names a claim in a `World`. */
export function claimKey(claim: Row): string {
  return `${String(claim['task_id'])} ${String(claim['resource'])}`;
}

/**
 * Folds a whole log, in the order of its positions.
 *
 * @throws Error on a type that it does not know, a gap in a stream, or an event of something that does not exist
 */
export function foldLog(log: readonly LoggedEvent[]): World {
  const world: World = { tasks: new Map(), workers: new Map(), claims: new Map(), leaders: new Map() };
  const purged = new Set(log.filter(({ type }) => type === 'TaskPurged').map(({ stream_id }) => stream_id));
  for (const event of log) {
    switch (event.stream_kind) {
      case 'task':
        // Of a task that was purged nothing is left, and its first events may be in an archive.
        if (!purged.has(event.stream_id)) foldTaskEvent(world, event);
        break;
      case 'worker':
        foldWorkerEvent(world, event);
        break;
      case 'heartbeat':
        for (const name of Object.keys(event.data['workers'] as object)) beat(world, name, event);
        break;
      case 'system':
        if (event.type.startsWith('Hold')) foldHoldEvent(world, event);
        else if (!LOG_EVENTS.has(event.type)) foldLeaderEvent(world, event);
        break;
      default:
        throw new Error(`no fold for streams of kind ${event.stream_kind}`);
    }
  }
  return world;
}

/** What each event says about a task that is there: the columns that it changes. */
const TASK_CHANGES: Readonly<Record<string, (event: LoggedEvent, task: Row) => Row>> = {
  TaskDue: ({ position }) => ({ position }),
  ReservationGranted: (event) => ({ unblocked_at: instant(event.recorded_at), queue: event.data['queue'] }),
  ReservationReleased: () => ({}),
  TaskRerouted: ({ data }) => ({ queue: data['queue'] }),
  UniqueKeyReleased: () => ({ unique_key: null }),
  ProgressReported: ({ data }, task) => ({ reported: { ...reportedOf(task), reports: data['reports'] } }),
  ResourcesCreated: ({ data }, task) => ({
    reported: {
      ...reportedOf(task),
      created: [...(reportedOf(task).created ?? []), ...(data['resources'] as string[])],
    },
  }),
  TaskReprioritized: ({ data }) => ({ priority: data['priority'] }),
  TaskStarted: (event) => ({
    state: 'running',
    worker: event.data['worker'],
    attempt: event.data['attempt'],
    fence: event.position,
    started_at: instant(event.recorded_at),
    progress: null,
  }),
  TaskProgressed: ({ data }) => ({ progress: data['progress'] ?? null }),
  TaskCancelRequested: ({ data }) => ({ state: 'canceling', cancel_reason: data['reason'] ?? null }),
  TaskRetryScheduled: ({ data }, task) => ({
    state: 'waiting',
    worker: null,
    fence: null,
    error: data['error'] ?? null,
    interruptions: 0,
    run_after: instantOrNull(data['run_after']),
    unblocked_at: claims(task).length === 0 ? instantOrNull(data['run_after']) : null,
  }),
  // Ready at once if it claims nothing; else in line again, at its old place.
  TaskInterrupted: (event, task) => ({
    state: 'waiting',
    worker: null,
    fence: null,
    attempt: Number(task['attempt']) - 1,
    run_after: instant(event.recorded_at),
    unblocked_at: claims(task).length === 0 ? instant(event.recorded_at) : null,
    interruptions: Number(task['interruptions']) + 1,
  }),
  TaskSnoozed: ({ data }, task) => ({
    state: 'waiting',
    worker: null,
    fence: null,
    attempt: Number(task['attempt']) - 1,
    interruptions: 0,
    run_after: instantOrNull(data['run_after']),
    unblocked_at: claims(task).length === 0 ? instantOrNull(data['run_after']) : null,
  }),
  DependenciesMet: ({ data }, task) => ({
    run_after: instantOrNull(data['run_after']),
    unblocked_at: claims(task).length === 0 ? instantOrNull(data['run_after']) : null,
  }),
  // In line anew, at the end, if it claims anything.
  TaskRequeued: (event, task) => ({
    state: 'waiting',
    worker: null,
    lost_workers: 0,
    cancel_reason: null,
    finished_at: null,
    run_after: instant(event.recorded_at),
    unblocked_at: claims(task).length === 0 ? instant(event.recorded_at) : null,
    position: event.position,
  }),
  TaskCompleted: (event) => ({
    ...over('completed', event),
    result: event.data['result'] ?? null,
    error: null,
  }),
  TaskFailed: (event) => ({ ...over('failed', event), error: event.data['error'] ?? null }),
  TaskCanceled: (event, task) => ({
    ...over('canceled', event),
    cancel_reason: event.data['reason'] ?? task['cancel_reason'],
  }),
  TaskSkipped: (event) => ({ ...over('skipped', event), cancel_reason: event.data['reason'] ?? null }),
};

interface Reported {
  readonly reports?: readonly { readonly state: string }[];
  readonly created?: readonly string[];
}

function reportedOf(task: Row): Reported {
  return task['reported'] ?? {};
}

/** A new run has reported nothing, what is run again by hand has created nothing, and what was under way has ended with its task. */
function reportedAfter({ type }: LoggedEvent, task: Row): Reported | null {
  const { reports, created, ...rest } = reportedOf(task);
  const ended = /^Task(Completed|Failed|Canceled)$/.exec(type)?.[1]?.toLowerCase();
  const left = {
    ...rest,
    ...(reports !== undefined &&
      type !== 'TaskStarted' && {
        reports: reports.map((report) =>
          ended !== undefined && ['waiting', 'running'].includes(report.state)
            ? { ...report, state: ended }
            : report,
        ),
      }),
    ...(created !== undefined && type !== 'TaskRequeued' && { created }),
  };
  return Object.keys(left).length === 0 ? null : left;
}

function over(state: string, event: LoggedEvent): Row {
  return { state, fence: null, interruptions: 0, finished_at: instant(event.recorded_at) };
}

/** The unique key that a task holds after it started or ended: by its state, or by the clock. */
function heldKey({ type, recorded_at }: LoggedEvent, before: Row, after: Row): unknown {
  if (type !== 'TaskStarted' && after['finished_at'] === null) return before['unique_key'];
  const options = before['options'] as {
    readonly unique?: { readonly while?: string };
    readonly unique_until?: string;
  } | null;
  const byState = type === 'TaskStarted' && options?.unique?.while === 'unfinished';
  const until = options?.unique_until;
  const byClock = until !== undefined && instant(recorded_at) < instant(until);
  return byState || byClock ? before['unique_key'] : null;
}

function foldTaskEvent(world: World, event: LoggedEvent): void {
  const id = event.stream_id;
  const before = world.tasks.get(id);
  follow(event, before);
  if (event.type === 'TaskEnqueued') {
    world.tasks.set(id, enqueued(event));
  } else {
    const change = TASK_CHANGES[event.type];
    if (change === undefined) throw new Error(`unknown event type ${event.type} on task ${id}`);
    if (before === undefined) throw new Error(`${event.type} on task ${id}, which was never enqueued`);
    const lost_workers = Number(before['lost_workers']) + (event.data['worker_lost'] === true ? 1 : 0);
    const changed = { ...before, lost_workers, ...change(event, before), version: event.version };
    const derived = {
      unique_key: heldKey(event, before, changed),
      reported: reportedAfter(event, before),
      ...change(event, before),
    };
    const went_wrong = wentWrong(changed) ? true : null;
    world.tasks.set(id, {
      ...changed,
      unique_key: derived.unique_key,
      reported: derived.reported,
      went_wrong,
    });
  }
  foldClaims(world, event);
}

function wentWrong(task: Row): boolean {
  return task['error'] !== null || ['failed', 'canceled', 'skipped'].includes(String(task['state']));
}

function enqueued(event: LoggedEvent): Row {
  const { data } = event;
  const enqueuedAt = instant(event.recorded_at);
  const runAfter = instantOrNull(data['run_after']);
  const claimed = [...(data['exclusive_resources'] as string[]), ...(data['shared_resources'] as string[])];
  const ready = runAfter !== null && runAfter > enqueuedAt ? runAfter : enqueuedAt;
  const waitsForOthers = runAfter === 'infinity';
  return {
    id: event.stream_id,
    name: data['name'],
    state: 'waiting',
    queue: data['queue'],
    args: data['args'],
    kwargs: data['kwargs'],
    exclusive_resources: data['exclusive_resources'],
    shared_resources: data['shared_resources'],
    worker: null,
    attempt: 0,
    lost_workers: 0,
    fence: null,
    priority: data['priority'],
    retries: data['retries'],
    timeout_seconds: data['timeout_seconds'] ?? null,
    run_after: runAfter,
    parent_id: data['parent_id'] ?? null,
    group_id: data['group_id'] ?? null,
    correlation_id: event.correlation_id,
    result: null,
    error: null,
    cancel_reason: null,
    progress: null,
    enqueued_at: enqueuedAt,
    unblocked_at: claimed.length === 0 && !waitsForOthers ? ready : null,
    started_at: null,
    finished_at: null,
    position: event.position,
    version: 1,
    interruptions: 0,
    owner: data['owner'] ?? null,
    trace_context: data['trace_context'] ?? null,
    options: data['options'] ?? null,
    unique_key: data['unique_key'] ?? null,
    reported: null,
    went_wrong: null,
  };
}

/** Claims come into line with their task, are granted together, and go together. */
function foldClaims(world: World, event: LoggedEvent): void {
  const task = world.tasks.get(event.stream_id);
  if (task === undefined) return;
  const inLine =
    ['TaskDue', 'TaskRequeued'].includes(event.type) ||
    (event.type === 'TaskEnqueued' && task['run_after'] === null);
  const gone = event.type === 'ReservationReleased' || task['finished_at'] !== null;
  for (const claim of claims(task)) {
    const key = claimKey(claim);
    const before = world.claims.get(key);
    if (inLine || event.type === 'TaskInterrupted') {
      const requested_at = instant(event.recorded_at);
      world.claims.set(key, {
        ...claim,
        state: 'waiting',
        position: inLine ? event.position : task['position'],
        requested_at,
        granted_at: null,
      });
    } else if (gone) {
      world.claims.delete(key);
    } else if (event.type === 'ReservationGranted') {
      if (before === undefined) throw new Error(`${key} was granted, but was not in line`);
      world.claims.set(key, { ...before, state: 'granted', granted_at: instant(event.recorded_at) });
    }
  }
}

/** The claims of a task, by its row. */
function claims(task: Row): Row[] {
  const options = task['options'] as { readonly units?: Readonly<Record<string, number>> } | null;
  const of = (mode: string, resources: unknown) =>
    (resources as string[]).map((resource) => ({
      task_id: task['id'],
      resource,
      mode,
      units: mode === 'shared' ? (options?.units?.[resource] ?? null) : null,
    }));
  return [...of('exclusive', task['exclusive_resources']), ...of('shared', task['shared_resources'])];
}

/** A hold has its claims as a task has, without anything else. */
function foldHoldEvent(world: World, event: LoggedEvent): void {
  const task_id = event.stream_id.replace('hold/', '');
  const at = instant(event.recorded_at);
  if (event.type === 'HoldRequested') {
    const { options, exclusive_resources, shared_resources } = event.data;
    for (const claim of claims({ id: task_id, options, exclusive_resources, shared_resources })) {
      const place = { position: event.position, requested_at: at, granted_at: null };
      world.claims.set(claimKey(claim), { ...claim, state: 'waiting', ...place });
    }
    return;
  }
  for (const [key, claim] of world.claims) {
    if (claim['task_id'] !== task_id) continue;
    if (event.type === 'HoldReleased') world.claims.delete(key);
    else world.claims.set(key, { ...claim, state: 'granted', granted_at: at });
  }
}

function foldWorkerEvent(world: World, event: LoggedEvent): void {
  const before = world.workers.get(event.stream_id);
  follow(event, before);
  world.workers.set(event.stream_id, { ...before, ...workerChange(event), version: event.version });
}

function workerChange(event: LoggedEvent): Row {
  const { data } = event;
  switch (event.type) {
    case 'WorkerOnline':
      return {
        name: event.stream_id,
        state: 'online',
        host: data['host'],
        pid: data['pid'],
        queues: data['queues'],
        concurrency: data['concurrency'],
        task_types: data['task_types'],
        incarnation: event.position,
        backend_pid: data['backend_pid'] ?? null,
        process: data['process'] ?? null,
        login: data['login'] ?? null,
        unable: data['unable'] ?? null,
        versions: data['versions'] ?? null,
        release: data['release'] ?? null,
        stuck: null,
        draining: null,
        online_at: instant(event.recorded_at),
        last_heartbeat: instant(event.recorded_at),
        missing: false,
        gracefully_stopped: false,
        finish_rate: null,
      };
    case 'WorkerAttached':
      return { backend_pid: data['backend_pid'] };
    case 'WorkerUnable':
      return { unable: data['reason'] };
    case 'WorkerAble':
      return { unable: null };
    case 'WorkerStuck':
      return { stuck: (data['runs'] as unknown[]).length === 0 ? null : data['runs'] };
    case 'WorkerDraining':
      return { draining: data['reason'] };
    case 'WorkerResized':
      return { concurrency: data['concurrency'] };
    case 'WorkerOffline':
      return { state: 'offline', gracefully_stopped: data['normal_shutdown'], finish_rate: null };
    case 'WorkerMissing':
      return { state: 'missing', missing: true, finish_rate: null };
    default:
      throw new Error(`unknown event type ${event.type} on worker ${event.stream_id}`);
  }
}

/**
 * A sign of life, and how many tasks a second were finished since the one before, if it says how many and the clock was not
 * put back between the two.
 */
function beat(world: World, name: string, event: LoggedEvent): void {
  const worker = world.workers.get(name);
  if (worker === undefined) throw new Error(`a heartbeat of worker ${name}, which was never born`);
  const at = instant(event.recorded_at);
  const before = worker['last_heartbeat'] as string;
  const finished = (event.data['workers'] as Record<string, number | null>)[name] ?? null;
  const finish_rate = finished === null || at <= before ? null : finished / secondsBetween(before, at);
  world.workers.set(name, { ...worker, last_heartbeat: at, finish_rate });
}

function foldLeaderEvent(world: World, event: LoggedEvent): void {
  const role = event.stream_id;
  const before = world.leaders.get(role);
  follow(event, before);
  world.leaders.set(role, { ...before, ...leaderChange(event, before), version: event.version });
}

function leaderChange(event: LoggedEvent, before: Row | undefined): Row {
  const { data } = event;
  const at = instant(event.recorded_at);
  const wellAgain = { failing_since: null, last_pass_at: null, failures: {} };
  const failures = (before?.['failures'] ?? {}) as Record<string, unknown>;
  const duty = String(data['duty']);
  switch (event.type) {
    case 'LeaderElected':
      return {
        role: event.stream_id,
        worker: data['worker'],
        backend_pid: data['backend_pid'],
        elected_at: at,
        ...wellAgain,
      };
    case 'LeaderFailing':
      return {
        failing_since: before?.['failing_since'] ?? at,
        last_pass_at: instantOrNull(data['last_pass_at']),
        failures: { ...failures, [duty]: data['error'] },
      };
    case 'LeaderRecovered': {
      const left = Object.fromEntries(Object.entries(failures).filter(([name]) => name !== duty));
      return Object.keys(left).length === 0 ? wellAgain : { failures: left };
    }
    default:
      throw new Error(`unknown event type ${event.type} on ${event.stream_id}`);
  }
}

/** Streams are counted from 1 without gaps. */
function follow(event: LoggedEvent, before: Row | undefined): void {
  const version = (before?.['version'] as number | undefined) ?? 0;
  if (event.version !== version + 1) {
    throw new Error(
      `event ${event.version} of ${event.stream_kind} ${event.stream_id} follows version ${version}`,
    );
  }
}
