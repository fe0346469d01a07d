import type { Client } from 'pg';

/**
 * Writes the log anew with one row for each event of a task, in `pulp.event_single`, where a test can change one. The client must be
 * a superuser's.
 */
export async function unpackBatches(client: Client): Promise<void> {
  await client.query(`
    begin;
    set local session_replication_role = replica; -- the log's guards look away
    select pulp.need_event_leaf('event_task', recorded_at) from pulp.event_batch;
    insert into pulp.event_single select e.* from pulp.event_batch b cross join lateral pulp.batch_events(b) e;
    delete from pulp.event_batch;
    commit`);
}
