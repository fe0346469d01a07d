import type { Client } from 'pg';

/**
 * Writes the log anew with one row for each event of a task, in `pulp.event_single`, where a test can change one. The client must be
 * a superuser's.
 */
export async function unpackBatches(client: Client): Promise<void> {
  await client.query(`
    begin;
    set local session_replication_role = replica; -- the log's guards look away
    select pulp.create_event_leaf('event_task', 'event_task_' || to_char(month, 'YYYY_MM'), month at time zone 'UTC',
        (month + interval '1 month') at time zone 'UTC')
      from (select distinct date_trunc('month', recorded_at at time zone 'UTC') as month from pulp.event_batch) held;
    insert into pulp.event_single select e.* from pulp.event_batch b cross join lateral pulp.batch_events(b) e;
    delete from pulp.event_batch;
    commit`);
}
