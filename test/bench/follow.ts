import { Client } from 'pg';
import { followEvents } from '../../src/events/follow.ts';
import { currentCursor } from '../../src/events/read.ts';
import { getDatabaseUrl } from '../../src/postgres/database-url.ts';
import { until } from '../support/until.ts';
import type { Scenario } from './scenario.ts';
import { percentile } from './statistics.ts';

const WRITERS = 16;
const SECONDS = 10;
/** What all writers together append, well below what the machine can do: a lag is not to be a queue for the processor. */
const EVENTS_PER_SECOND = 400;

/** How long after the answer to its commit an event reaches a follower, while many write. */
export const follow: Scenario = {
  name: 'follow',
  measure: async () => {
    const arrivals = new Map<string, number>();
    const end = new AbortController();
    const following = recordArrivals(await currentCursor(), arrivals, end.signal);
    const commits = new Map<string, number>();
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer, commits)));
    await until(() => arrivals.size === commits.size);
    end.abort();
    await following;
    const lags = [...commits].map(([id, committed]) =>
      Math.max(0, (arrivals.get(id) ?? Infinity) - committed),
    );
    const figure = (name: string, fraction: number) => ({
      name: `commit to follower, ${WRITERS} writers, ${name}`,
      value: percentile(lags, fraction),
      unit: 'ms',
      target: { atMost: 100 },
    });
    return [figure('median', 0.5), figure('p99', 0.99)];
  },
};

async function recordArrivals(
  after: string,
  arrivals: Map<string, number>,
  signal: AbortSignal,
): Promise<void> {
  for await (const { stream_id } of followEvents({ after, types: ['TaskEnqueued'], signal })) {
    arrivals.set(stream_id, performance.now());
  }
}

/** Enqueues at an even pace, each task in a transaction of its own; notes when each was answered. */
async function write(writer: number, commits: Map<string, number>): Promise<void> {
  const client = new Client({ connectionString: await getDatabaseUrl() });
  await client.connect();
  const pauseMs = (1000 * WRITERS) / EVENTS_PER_SECOND;
  let due = performance.now() + (pauseMs * writer) / WRITERS;
  for (const ending = due + SECONDS * 1000; due < ending; due += pauseMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const { rows } = await client.query<{ id: string }>(`select pulp.enqueue('bench') as id`);
    commits.set(rows[0]?.id ?? '', performance.now());
  }
  await client.end();
}
