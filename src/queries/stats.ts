import { readMetrics, type Sample } from './metrics.ts';

/** How many there were of something that takes time, and how long all of them took, in seconds. */
export interface Durations {
  readonly count: number;
  readonly seconds: number;
}

/** What there is of one task type in one queue. */
export interface TypeStats {
  readonly queue: string;
  readonly type: string;
  /** Able workers that serve the queue and know the type. */
  readonly workers: number;
  /** By phase: see `pulp.task_flow`. */
  readonly tasks: Readonly<Record<string, number>>;
  readonly enqueued: number;
  /** By outcome. */
  readonly finished: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly interruptions: number;
  readonly lost: number;
  /** Until each run. */
  readonly waiting: Durations;
  readonly running: Durations;
}

/** What there is of one queue. */
export interface QueueStats {
  readonly queue: string;
  readonly workers: number;
  readonly claimable: number;
  readonly oldest_claimable_seconds: number;
}

/** What `pulp.metrics` tells, for people. Counters began when counting did. */
export interface Stats {
  readonly types: readonly TypeStats[];
  readonly queues: readonly QueueStats[];
  /** By state. */
  readonly workers: Readonly<Record<string, number>>;
  /** For how many seconds each worker that is online has given no sign of life. */
  readonly quiet_seconds: Readonly<Record<string, number>>;
  /** Workers that were lost, by cause. */
  readonly lost_workers: Readonly<Record<string, number>>;
  readonly leader: string | null;
  /** Duties of the leader that fail, with the codes of their errors. */
  readonly failing: Readonly<Record<string, string>>;
  readonly held_back: number;
  /** What each subscription is, and for how long the oldest event that it has not looked at has been there. */
  readonly subscriptions: Readonly<Record<string, { readonly state: string; readonly lag_seconds: number }>>;
  readonly log: { readonly leaves_seconds: number; readonly readers_held_seconds: number };
  readonly oldest_snapshot_seconds: number;
  readonly connections: { readonly used: number; readonly limit: number };
  /** Which part of each kind of numbers is used up. */
  readonly numbers_used: Readonly<Record<string, number>>;
}

/** Reads the metrics (see `readMetrics`) and orders them by what they are of; of one queue, or of all. */
export async function readStats(ttl: number, queue?: string): Promise<Stats> {
  const all = await readMetrics(ttl);
  const wanted = all.filter(({ labels }) => queue === undefined || (labels['queue'] ?? queue) === queue);
  const bySample = Map.groupBy(wanted, ({ sample }) => sample);
  const of = (sample: string): readonly Sample[] => bySample.get(sample) ?? [];
  const by = (samples: readonly Sample[], label: string): Record<string, number> =>
    Object.fromEntries(samples.map(({ labels, value }) => [labels[label] ?? '', value]));
  const one = (sample: string): number => of(sample)[0]?.value ?? 0;

  const types = [
    ...Map.groupBy(
      wanted.filter(({ labels }) => labels['type'] !== undefined),
      ({ labels }) => JSON.stringify([labels['queue'], labels['type']]),
    ).values(),
  ]
    .map(typeStats)
    .sort((a, b) => (a.queue < b.queue || (a.queue === b.queue && a.type < b.type) ? -1 : 1));
  const workers = by(of('pulp_queue_workers'), 'queue');
  const lags = by(of('pulp_subscription_lag_seconds'), 'subscription');
  const oldest = by(of('pulp_queue_oldest_claimable_seconds'), 'queue');
  return {
    types,
    queues: Object.keys(oldest).map((name) => ({
      queue: name,
      workers: workers[name] ?? 0,
      claimable: types
        .filter((type) => type.queue === name)
        .reduce((sum, { tasks }) => sum + (tasks['claimable'] ?? 0), 0),
      oldest_claimable_seconds: oldest[name] ?? 0,
    })),
    workers: by(of('pulp_workers'), 'state'),
    quiet_seconds: by(of('pulp_worker_quiet_seconds'), 'worker'),
    lost_workers: by(of('pulp_workers_lost_total'), 'cause'),
    leader: of('pulp_leader_info')[0]?.labels['worker'] ?? null,
    failing: Object.fromEntries(
      of('pulp_leader_failing').map(({ labels }) => [labels['duty'] ?? '', labels['code'] ?? '']),
    ),
    held_back: one('pulp_tasks_held_back'),
    subscriptions: Object.fromEntries(
      of('pulp_subscription_state').map(({ labels: { subscription = '', state = '' } }) => [
        subscription,
        { state, lag_seconds: lags[subscription] ?? 0 },
      ]),
    ),
    log: {
      leaves_seconds: one('pulp_log_leaves_seconds'),
      readers_held_seconds: one('pulp_log_readers_held_seconds'),
    },
    oldest_snapshot_seconds: one('pulp_oldest_snapshot_seconds'),
    connections: { used: one('pulp_connections'), limit: one('pulp_connections_limit') },
    numbers_used: by(of('pulp_numbers_used_ratio'), 'of'),
  };
}

function typeStats(samples: readonly Sample[]): TypeStats {
  const { queue = '', type = '' } = samples[0]?.labels ?? {};
  const of = (name: string) => samples.filter(({ sample }) => sample === name);
  const one = (name: string) => of(name)[0]?.value ?? 0;
  const by = (name: string, label: string) =>
    Object.fromEntries(of(name).map(({ labels, value }) => [labels[label] ?? '', value]));
  const durations = (name: string): Durations => ({
    count: one(`${name}_count`),
    seconds: one(`${name}_sum`),
  });
  return {
    queue,
    type,
    workers: one('pulp_type_workers'),
    tasks: by('pulp_tasks', 'phase'),
    enqueued: one('pulp_tasks_enqueued_total'),
    finished: by('pulp_tasks_finished_total', 'outcome'),
    retries: one('pulp_task_retries_total'),
    interruptions: one('pulp_task_interruptions_total'),
    lost: one('pulp_task_runs_lost_total'),
    waiting: durations('pulp_task_waiting_seconds'),
    running: durations('pulp_task_running_seconds'),
  };
}
