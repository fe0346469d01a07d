import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import type { Load } from './load.ts';
import { horseCanceled, horseRetried, inlineCanceled, inlineRetried } from './task-types.ts';

/** Runs that are in hand all through a scenario, of each kind: whatever is lost meanwhile, they must not be. */
export class LongRuns {
  readonly ids: readonly string[];

  private constructor(ids: readonly string[]) {
    this.ids = ids;
  }

  /** @param ms how long each takes: longer than what is done to them */
  static async start(
    load: Load,
    ms: number,
    { queue = 'default' }: { readonly queue?: string } = {},
  ): Promise<LongRuns> {
    const requests = [horseCanceled, horseRetried, inlineCanceled, inlineRetried].map((task) => {
      const id = randomUUID();
      const resources = [`/faults/long/${id}/`];
      return { id, task, queue, resources, kwargs: { ms, exclusive: resources }, priority: 1 };
    });
    await load.enqueue(requests);
    return new LongRuns(requests.map(({ id }) => id));
  }

  /** Whether all of them go on. */
  async areRunning(client: Client): Promise<boolean> {
    const { rows } = await client.query<{ all: boolean }>(
      `select count(*) filter (where state = 'running') = cardinality($1::uuid[]) as all from pulp.task where id = any ($1)`,
      [this.ids],
    );
    return rows[0]?.all === true;
  }

  /** Whether all of them have ended. */
  async areOver(client: Client): Promise<boolean> {
    const { rows } = await client.query<{ all: boolean }>(
      `select bool_and(finished_at is not null) as all from pulp.task where id = any ($1)`,
      [this.ids],
    );
    return rows[0]?.all === true;
  }

  /** Those that did not complete in their first run, in words. */
  async harmed(client: Client): Promise<readonly string[]> {
    const { rows } = await client.query<{ harm: string }>(
      `select format('%s %s: %s, started %s times', t.name, t.id, t.state, starts.count) as harm
       from pulp.task t
       cross join lateral (
         select count(*) from pulp.event e
         where e.stream_kind = 'task' and e.stream_id = t.id::text and e.type = 'TaskStarted') starts
       where t.id = any ($1) and (t.state <> 'completed' or starts.count <> 1)`,
      [this.ids],
    );
    return rows.map(({ harm }) => harm);
  }
}
