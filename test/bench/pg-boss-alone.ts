import { PgBoss } from 'pg-boss';
import type { Contestant, Entry } from './contestant.ts';
import { noop, payloadBatches } from './workload.ts';

const QUEUE = 'bench';
const LOOPS = 2;

/**
 * pg-boss without anything around it: two loops that fetch a batch, run it and complete it by its ids. Its own
 * `work()` comes close to this in bursts of full batches, so it is the most that an engine on pg-boss could hope for.
 * Supervision and schedules are off: in a drain of a second they would be noise.
 */
export function pgBossAlone(batchSize: number): Contestant {
  return {
    name: `pg-boss-${batchSize}`,
    settings: `${LOOPS} loops of fetch and complete, batch ${batchSize}`,
    share: 1,
    isWarm: false,
    enter: (databaseUrl) => new PgBossEntry(databaseUrl, batchSize),
  };
}

class PgBossEntry implements Entry {
  readonly #boss: PgBoss;
  readonly #batchSize: number;

  constructor(databaseUrl: string, batchSize: number) {
    this.#boss = new PgBoss({ connectionString: databaseUrl, supervise: false, schedule: false });
    this.#boss.on('error', (error) => {
      console.error('pg-boss:', error);
    });
    this.#batchSize = batchSize;
  }

  async prepare(): Promise<void> {
    await this.#boss.start();
    await this.#boss.createQueue(QUEUE);
  }

  async enqueue(count: number): Promise<void> {
    for (const payloads of payloadBatches(count)) {
      await this.#boss.insert(
        QUEUE,
        payloads.map((data) => ({ data })),
      );
    }
  }

  async drain(count: number): Promise<void> {
    const ran = await Promise.all(Array.from({ length: LOOPS }, () => this.#loop()));
    const total = ran.reduce((sum, part) => sum + part, 0);
    if (total !== count) throw new Error(`pg-boss ran ${total} jobs where ${count} were expected`);
  }

  /**
   * Runs jobs until there is nothing left to fetch (what the other loop holds is that loop's to finish), and
   * returns how many.
   */
  async #loop(): Promise<number> {
    for (let ran = 0; ;) {
      const jobs = await this.#boss.fetch(QUEUE, { batchSize: this.#batchSize });
      if (jobs.length === 0) return ran;
      for (const job of jobs) await noop(job.data);
      await this.#boss.complete(
        QUEUE,
        jobs.map((job) => job.id),
      );
      ran += jobs.length;
    }
  }

  async unfinished(): Promise<number> {
    const { rows } = await this.#boss
      .getDb()
      .executeSql(`select count(*) as count from pgboss.job where state <> 'completed'`);
    return Number((rows as { count: string }[])[0]?.count);
  }

  async close(): Promise<void> {
    await this.#boss.stop();
  }
}
