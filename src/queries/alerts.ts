import { LEAVES_AHEAD_MS } from '../constants.ts';
import type { Stats } from './stats.ts';

/** Something that needs somebody: `message` says what is wrong, `remedy` what to do about it; `code` is stable. */
export interface Alert {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** From when things count as too old, in seconds. */
export interface AlertLimits {
  /** Of a task that a worker could start. */
  readonly claimableSeconds: number;
  /** Of an event that a subscription has not looked at. */
  readonly lagSeconds: number;
  /** Without a sign of life of a worker. */
  readonly quietSeconds: number;
  /** Of a transaction. */
  readonly snapshotSeconds: number;
}

/** Which part of numbers, or of connections, may be used. */
const USED_AT_MOST = { numbers: 0.8, connections: 0.9 };

/** What needs somebody, the gravest first. */
export function alertsIn(stats: Stats, limits: AlertLimits): readonly Alert[] {
  return [
    ...ofLog(stats),
    ...ofWorkers(stats, limits),
    ...ofTasks(stats, limits),
    ...ofTypes(stats),
    ...ofSubscriptions(stats, limits),
    ...ofServer(stats, limits),
  ];
}

function* ofLog({ log, numbers_used: used }: Stats): Generator<Alert> {
  if (log.leaves_seconds * 1000 < LEAVES_AHEAD_MS) {
    yield {
      code: 'LOG_ENDS',
      message: `the log has leaves for ${seconds(log.leaves_seconds)} only: then nothing can be written`,
      remedy: 'Have a resource manager lead, whose daily upkeep makes them; its log says what failed.',
    };
  }
  for (const [name, part] of Object.entries(used)) {
    if (part <= USED_AT_MOST.numbers) continue;
    yield {
      code: 'NUMBERS_END',
      message: `${Math.round(part * 100)} % of the numbers of ${name} are used`,
      remedy:
        'Look at `pulp db verify`, rule numbers_left; resources that are not used any more are forgotten by the upkeep.',
    };
  }
}

function* ofWorkers(
  { leader, failing, quiet_seconds: quiet, workers }: Stats,
  { quietSeconds }: AlertLimits,
): Generator<Alert> {
  if (leader === null) {
    yield {
      code: 'NO_LEADER',
      message: 'nobody leads as resource manager: claims are not granted, and lost workers not noticed',
      remedy: 'Start a worker: any of them leads where there is none made for it.',
    };
  }
  for (const [duty, code] of Object.entries(failing)) {
    yield {
      code: 'LEADER_FAILING',
      message: `the duty ${duty} of the leader fails: ${code}`,
      remedy: '`pulp db status` says since when and why.',
    };
  }
  for (const [worker, age] of Object.entries(quiet)) {
    if (age <= quietSeconds) continue;
    yield {
      code: 'SILENT_WORKER',
      message: `worker ${worker} has given no sign of life for ${seconds(age)}`,
      remedy: 'Look at its host and log. The leader takes its runs from it when its lease is over.',
    };
  }
  if ((workers['unable'] ?? 0) > 0) {
    yield {
      code: 'WORKER_UNABLE',
      message: `${workers['unable']} of the workers that are online take no tasks`,
      remedy: '`pulp worker list` says why.',
    };
  }
}

function* ofTasks({ queues }: Stats, { claimableSeconds }: AlertLimits): Generator<Alert> {
  for (const { queue, claimable, workers, oldest_claimable_seconds: age } of queues) {
    if (claimable > 0 && workers === 0) {
      yield {
        code: 'NO_WORKER',
        message: `${claimable === 1 ? 'a task waits' : `${claimable} tasks wait`} in queue ${queue}, which no worker serves that is able to`,
        remedy: `Start one: pulp worker --queue ${queue}.`,
      };
    }
    if (claimable > 0 && age > claimableSeconds) {
      yield {
        code: 'OLD_TASK',
        message: `a task in queue ${queue} has been waiting for a worker for ${seconds(age)}`,
        remedy: 'Start more workers, or find out by `pulp task why` why those that there are do not take it.',
      };
    }
  }
}

/** Where a queue is not served at all, that is what is wrong. */
function* ofTypes({ queues, types }: Stats): Generator<Alert> {
  const served = new Set(queues.filter(({ workers }) => workers > 0).map(({ queue }) => queue));
  for (const { queue, type, workers, tasks } of types) {
    const { claimable = 0 } = tasks;
    if (claimable === 0 || workers > 0 || !served.has(queue)) continue;
    yield {
      code: 'UNKNOWN_TYPE',
      message: `${claimable === 1 ? 'a task' : `${claimable} tasks`} of type ${type} wait${claimable === 1 ? 's' : ''} in queue ${queue}, of whose able workers none knows it`,
      remedy: `Start a worker with this type, or cancel what no code is left for: pulp task cancel --name ${type} --state waiting.`,
    };
  }
}

function* ofSubscriptions({ subscriptions }: Stats, { lagSeconds }: AlertLimits): Generator<Alert> {
  for (const [name, { state, lag_seconds: lag }] of Object.entries(subscriptions)) {
    if (state === 'stopped') {
      yield {
        code: 'SUBSCRIPTION_STOPPED',
        message: `subscription ${name} has stopped, and its events wait`,
        remedy: `\`pulp subscription show ${name}\` says why; \`pulp subscription resume ${name}\` lets it go on.`,
      };
    } else if (state !== 'paused' && lag > lagSeconds) {
      yield {
        code: 'SUBSCRIPTION_LAGS',
        message: `subscription ${name} has not looked at what happened ${seconds(lag)} ago`,
        remedy: `\`pulp subscription show ${name}\` says how it fares; the log cannot be archived beyond it.`,
      };
    }
  }
}

function* ofServer(
  { connections, oldest_snapshot_seconds: snapshot }: Stats,
  { snapshotSeconds }: AlertLimits,
): Generator<Alert> {
  if (snapshot > snapshotSeconds) {
    yield {
      code: 'OLD_SNAPSHOT',
      message: `a transaction has been open for ${seconds(snapshot)}: nothing that is deleted meanwhile can be cleaned up`,
      remedy: 'Find it in pg_stat_activity or pg_prepared_xacts, and end it.',
    };
  }
  if (connections.used > USED_AT_MOST.connections * connections.limit) {
    yield {
      code: 'CONNECTIONS_END',
      message: `${connections.used} of ${connections.limit} connections of the server are used`,
      remedy: 'Put a pooler before callers, or raise max_connections.',
    };
  }
}

function seconds(length: number): string {
  return `${Math.max(0, Math.round(length))} s`;
}
