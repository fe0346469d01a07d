import type { Client } from 'pg';
import { isFinal } from '../../src/constants.ts';
import { byPlaceInLine, type EngineModel, type ModelHold, type ModelTask } from './engine-model.ts';

/** State that the model and the database must agree on, in comparable form. */
export interface Picture {
  readonly tasks: Readonly<Record<string, object>>;
  /** Who waits for each resource, in order: task and mode. */
  readonly lines: Readonly<Record<string, readonly string[]>>;
  /** Who holds each resource, sorted. */
  readonly holders: Readonly<Record<string, readonly string[]>>;
  /** Queue of each job. */
  readonly jobs: Readonly<Record<string, string>>;
  readonly deferred: readonly string[];
  /** What tasks wait for that come after others: theirs and the other's id. */
  readonly awaited: readonly string[];
  /** Worker of each task in hand. */
  readonly running: Readonly<Record<string, string>>;
  readonly workers: Readonly<Record<string, string>>;
  /** Locks of resources: session, mode, resource; as often as they are held, once for each mode of a session. */
  readonly locks: readonly string[];
}

export function pictureOfModel(model: EngineModel, foreignSession: number): Picture {
  const tasks = [...model.tasks.values()];
  const holds = [...model.holds.values()];
  const holding = [...tasks, ...holds].filter(({ place }) =>
    ['delivered', 'in hand', 'held'].includes(place.at),
  );
  const inLine = [...model.line(), ...model.holdsInLine()].sort(byPlaceInLine);
  const locks = [
    ...tasks.flatMap(({ place, claims }) =>
      place.at === 'in hand' ? claims.map((claim) => ({ session: place.session, claim })) : [],
    ),
    ...model.foreignLocks.map((claim) => ({ session: foreignSession, claim })),
  ];
  return {
    tasks: Object.fromEntries(tasks.map((task) => [task.id, portrait(task)])),
    lines: byResource(inLine),
    holders: sortedEach(byResource(holding)),
    jobs: Object.fromEntries(
      tasks.flatMap(({ id, place, queue }) => (place.at === 'delivered' ? [[id, queue]] : [])),
    ),
    deferred: tasks
      .flatMap(({ id, place }) => (['deferred', 'awaiting'].includes(place.at) ? [id] : []))
      .sort(),
    awaited: tasks
      .flatMap(({ id, place }) =>
        place.at === 'awaiting' ? [...place.after].map((parent) => `${id} ${parent}`) : [],
      )
      .sort(),
    running: Object.fromEntries(
      tasks.flatMap(({ id, place, worker }) => (place.at === 'in hand' ? [[id, worker ?? '']] : [])),
    ),
    workers: Object.fromEntries(model.workers.map(({ name, state }) => [name, state])),
    locks: [
      ...new Set(locks.map(({ session, claim }) => `${session} ${claim.mode} ${claim.resource}`)),
    ].sort(),
  };
}

function portrait(task: ModelTask): object {
  return {
    name: task.content.name,
    state: task.state,
    queue: task.queue,
    args: [],
    kwargs: task.content.kwargs,
    exclusive: task.claims.filter(({ mode }) => mode === 'exclusive').map(({ resource }) => resource),
    shared: task.claims.filter(({ mode }) => mode === 'shared').map(({ resource }) => resource),
    worker: task.worker,
    attempt: task.attempt,
    lost_workers: task.lostWorkers,
    interruptions: task.interruptions,
    fenced: task.place.at === 'in hand',
    priority: task.priority,
    retries: task.content.retries,
    result: task.result,
    error: task.error,
    cancel_reason: task.cancelReason,
    progress: task.progress,
    started: task.started,
    finished: isFinal(task.state),
  };
}

function byResource(claimants: readonly (ModelTask | ModelHold)[]): Record<string, string[]> {
  const claims = claimants.flatMap(({ id, claims }) => claims.map((claim) => ({ id, ...claim })));
  return Object.fromEntries(
    [...Map.groupBy(claims, ({ resource }) => resource)].map(([resource, theirs]) => [
      resource,
      theirs.map(({ id, mode }) => `${id} ${mode}`),
    ]),
  );
}

function sortedEach(lists: Record<string, string[]>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, list.sort()]));
}

export async function pictureOfDatabase(client: Client): Promise<Picture> {
  const { rows } = await client.query<{ picture: Picture }>(PICTURE);
  const picture = rows[0]?.picture;
  if (picture === undefined) throw new Error('the database gave no picture');
  return picture;
}

const PICTURE = `
  select jsonb_build_object(
    'tasks', (select coalesce(jsonb_object_agg(id, jsonb_build_object(
        'name', name, 'state', state, 'queue', queue, 'args', args, 'kwargs', kwargs,
        'exclusive', exclusive_resources, 'shared', shared_resources, 'worker', worker, 'attempt', attempt,
        'lost_workers', lost_workers, 'interruptions', interruptions,
        'fenced', fence is not null, 'priority', priority, 'retries', retries, 'result', result, 'error', error,
        'cancel_reason', case when state <> 'skipped' then cancel_reason end, 'progress', progress, 'started', started_at is not null,
        'finished', finished_at is not null)), '{}')
      from pulp.task),
    'lines', (select coalesce(jsonb_object_agg(resource, line), '{}') from (
        select resource, jsonb_agg(task_id || ' ' || mode order by position) as line
        from pulp.reservation where state = 'waiting' group by resource) x),
    'holders', (select coalesce(jsonb_object_agg(resource, holders), '{}') from (
        select resource, jsonb_agg(task_id || ' ' || mode order by task_id) as holders
        from pulp.reservation where state = 'granted' group by resource) x),
    'jobs', (select coalesce(jsonb_object_agg(id, name), '{}') from pulp_boss.job),
    'deferred', (select coalesce(jsonb_agg(task_id order by task_id), '[]') from pulp.deferred),
    'awaited', (select coalesce(jsonb_agg(x.both order by x.both), '[]') from (
        select task_id || ' ' || name as both from pulp.dependency) x),
    'running', (select coalesce(jsonb_object_agg(task_id, worker), '{}') from pulp.running),
    'workers', (select coalesce(jsonb_object_agg(name, state), '{}') from pulp.worker),
    'locks', (select coalesce(jsonb_agg(held order by held collate "C"), '[]') from (
        select l.pid || case l.mode when 'ExclusiveLock' then ' exclusive ' else ' shared ' end || r.name as held
        from pg_locks l left join pulp.resource r on r.id = l.objid::bigint
        where l.locktype = 'advisory' and l.classid = pulp.lock_class('resource')::oid and l.granted
          and l.database = (select oid from pg_database where datname = current_database())) x)
  ) as picture`;
