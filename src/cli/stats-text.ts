import type { Durations, Stats } from '../queries/stats.ts';
import { formatDuration } from '../duration.ts';
import { formatFacts, formatTable } from './table.ts';

/** How wide names may be, so that a line has 80 characters at most. */
const WIDTHS = { queue: 12, type: 15, worker: 50 };

/** Metrics for people: lines of 80 characters at most. */
export function statsText(stats: Stats): string {
  const facts = formatFacts({
    workers: countsText(stats.workers) || 'none',
    lost: countsText(stats.lost_workers, (cause) => `by ${cause}`) || undefined,
    leader: cut(stats.leader ?? 'none', WIDTHS.worker),
    failing: Object.keys(stats.failing).join(', ') || undefined,
    'held back': stats.held_back || undefined,
    subscriptions: subscriptionsText(stats.subscriptions) || undefined,
    log: `has leaves for ${formatDuration(stats.log.leaves_seconds * 1000)}; readers are ${formatDuration(stats.log.readers_held_seconds * 1000)} behind`,
    'oldest snapshot': formatDuration(stats.oldest_snapshot_seconds * 1000),
    connections: `${stats.connections.used} of ${stats.connections.limit}`,
  });
  const queues = formatTable(
    ['QUEUE', 'WORKERS', 'READY', 'OLDEST'],
    stats.queues.map(({ queue, workers, claimable, oldest_claimable_seconds: oldest }) => [
      cut(queue, WIDTHS.worker),
      String(workers),
      compact(claimable),
      claimable === 0 ? '-' : formatDuration(oldest * 1000),
    ]),
  );
  const types = formatTable(
    ['QUEUE', 'TYPE', 'LATER', 'LINE', 'READY', 'RUN', 'DONE', 'FAIL', 'TOOK'],
    stats.types.map(({ queue, type, tasks, finished, running }) => [
      cut(queue, WIDTHS.queue),
      cut(type, WIDTHS.type),
      ...['delayed', 'blocked', 'claimable'].map((phase) => compact(tasks[phase] ?? 0)),
      compact((tasks['running'] ?? 0) + (tasks['canceling'] ?? 0)),
      compact(finished['completed'] ?? 0),
      compact(finished['failed'] ?? 0),
      meanText(running),
    ]),
  );
  return [
    facts,
    ...(stats.queues.length > 0 ? [queues] : []),
    ...(stats.types.length > 0 ? [types] : []),
  ].join('\n\n');
}

/** Those that need somebody first, in one line. */
function subscriptionsText(subscriptions: Stats['subscriptions']): string {
  const counts: Record<string, number> = { stopped: 0, failing: 0 };
  for (const { state } of Object.values(subscriptions)) counts[state] = (counts[state] ?? 0) + 1;
  const lag = Math.max(0, ...Object.values(subscriptions).map(({ lag_seconds: seconds }) => seconds));
  const text = countsText(counts);
  return text === '' || lag === 0 ? text : `${text}; ${formatDuration(lag * 1000)} behind`;
}

function countsText(counts: Readonly<Record<string, number>>, word = (name: string) => name): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${word(name)}`)
    .join(', ');
}

/** A number in five characters at most. */
function compact(number: number): string {
  return number < 10_000
    ? String(number)
    : new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(number);
}

function meanText({ count, seconds }: Durations): string {
  return count === 0 ? '-' : formatDuration((seconds / count) * 1000);
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
