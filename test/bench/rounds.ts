import type { Contestant } from './contestant.ts';
import type { BenchServer } from './server.ts';
import { runs } from './workload.ts';

/** The part of a drain that warms a contestant up. */
const WARM_UP = 1 / 6;

/** One contestant in one round; rates are tasks per second. */
export interface Sample {
  readonly contestant: Contestant;
  /** Counted from 1. */
  readonly round: number;
  readonly tasks: number;
  readonly enqueueRate: number;
  readonly drainRate: number;
}

export interface RoundsOptions {
  readonly rounds: number;
  /** How many tasks a drain has, for a contestant whose share is 1. */
  readonly tasks: number;
  /** Aborting ends the benchmark before the next contestant's turn. */
  readonly signal: AbortSignal;
  /** Told of each sample as soon as it is there. */
  readonly onSample: (sample: Sample) => void;
}

/**
 * Runs every contestant once a round, one at a time, so that a slow spell of the machine hits them alike.
 * Every second round goes backwards, so that nobody always comes after the same one.
 */
export async function runRounds(
  server: BenchServer,
  contestants: readonly Contestant[],
  { rounds, tasks, signal, onSample }: RoundsOptions,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const order = round % 2 === 1 ? contestants : contestants.toReversed();
    for (const contestant of order) {
      signal.throwIfAborted();
      const sample = await takeTurn(server, contestant, round, Math.ceil(tasks * contestant.share));
      samples.push(sample);
      onSample(sample);
    }
  }
  return samples;
}

async function takeTurn(
  server: BenchServer,
  contestant: Contestant,
  round: number,
  tasks: number,
): Promise<Sample> {
  await using database = await server.createDatabase();
  const entry = contestant.enter(database.url);
  try {
    await entry.prepare();
    const enqueueRate = await rate(tasks, () => entry.enqueue(tasks));
    await database.settle();
    const drainRate = await rateWhenWarm(contestant, tasks, () => entry.drain(tasks));

    const unfinished = await entry.unfinished();
    if (unfinished !== 0) {
      throw new Error(
        `${contestant.name} said that it had drained ${tasks} tasks, but ${unfinished} of them are not finished; ` +
          'its rate would be a lie',
      );
    }
    return { contestant, round, tasks, enqueueRate, drainRate };
  } finally {
    await entry.close();
  }
}

async function rate(tasks: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return tasks / ((performance.now() - start) / 1_000);
}

async function rateWhenWarm(
  { isWarm }: Contestant,
  tasks: number,
  drain: () => Promise<void>,
): Promise<number> {
  if (isWarm) return await rate(tasks, drain);
  const first = Math.ceil(tasks * WARM_UP);
  runs.reset();
  const [start] = await Promise.all([runs.reached(first), drain()]);
  return (tasks - first) / ((performance.now() - start) / 1_000);
}
