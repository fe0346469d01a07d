import { makeWorkerUtils } from 'graphile-worker';
import { getDatabaseUrl } from '../../src/postgres/database-url.ts';
import { enqueueMany, enqueueWithReservation } from '../../src/tasks/enqueue.ts';
import type { Scenario } from './scenario.ts';
import { medianRatio } from './statistics.ts';
import { inlineNoop } from './tasks.ts';
import { payloadBatches, type Payload } from './workload.ts';

const ROUNDS = 5;

/** How many tasks each enqueues in a round. */
const IN_BULK = 20_000;
const SINGLY = 1_000;

/** One way of enqueueing that many tasks. */
type Way = (count: number) => Promise<void>;

/**
 * Enqueueing beside graphile-worker, in the same database and by the same number of callers in this process: in bulk, by a
 * task type at hand and by a name that workers would have published, and one by one. They take turns within each round.
 */
export const enqueueingBeside: Scenario = {
  name: 'enqueue-beside',
  measure: async () => {
    const utils = await makeWorkerUtils({ connectionString: await getDatabaseUrl() });
    try {
      await utils.migrate();
      const addJobs: Way = inBulk((payloads) =>
        utils.addJobs(payloads.map((payload) => ({ identifier: 'noop', payload }))),
      );
      const addJob = (callers: number) => singly(callers, (payload) => utils.addJob('noop', payload));
      const enqueue = (callers: number) =>
        singly(callers, (kwargs) => enqueueWithReservation(inlineNoop, [], { kwargs }));
      const compared: readonly (readonly [
        what: string,
        count: number,
        ours: Way,
        theirs: Way,
        atLeast: number,
      ])[] = [
        [
          'enqueue in bulk by type / addJobs',
          IN_BULK,
          inBulk((payloads) => enqueueMany(payloads.map((kwargs) => ({ task: inlineNoop, kwargs })))),
          addJobs,
          1.3,
        ],
        [
          'enqueue in bulk by name / addJobs',
          IN_BULK,
          inBulk((payloads) =>
            enqueueMany(payloads.map((kwargs) => ({ task: inlineNoop.name, kwargs, unchecked: true }))),
          ),
          addJobs,
          1.3,
        ],
        ['enqueue one by one, one caller / addJob', SINGLY, enqueue(1), addJob(1), 1],
        ['enqueue one by one, 16 callers / addJob', SINGLY, enqueue(16), addJob(16), 1],
      ];
      const figures = [];
      for (const [name, count, ours, theirs, atLeast] of compared) {
        const rates: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
        for (let round = 0; round < ROUNDS; round += 1) {
          rates.ours.push(await rate(count, ours));
          rates.theirs.push(await rate(count, theirs));
        }
        figures.push({ name, value: medianRatio(rates.ours, rates.theirs), unit: '×', target: { atLeast } });
      }
      return figures;
    } finally {
      await utils.release();
    }
  },
};

function inBulk(enqueue: (payloads: Payload[]) => Promise<unknown>): Way {
  return async (count) => {
    for (const payloads of payloadBatches(count)) await enqueue(payloads);
  };
}

function singly(callers: number, enqueue: (payload: Payload) => Promise<unknown>): Way {
  return async (count) => {
    let number = 0;
    const caller = async () => {
      while (number < count) await enqueue({ number: number++ });
    };
    await Promise.all(Array.from({ length: callers }, caller));
  };
}

async function rate(count: number, way: Way): Promise<number> {
  const started = performance.now();
  await way(count);
  return count / (performance.now() - started);
}
