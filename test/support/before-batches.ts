import type { Client } from 'pg';

/**
 * Takes back what the migration to batches of events did, so that it is due again. The log has to be one of single events: an empty
 * one, or one that `unpackBatches` wrote. The client must be a superuser's.
 */
export async function undoBatches(client: Client): Promise<void> {
  await client.query(`
    drop view pulp.event cascade;
    drop table pulp.event_batch cascade;
    drop table pulp.young_purge;
    alter table pulp.event_single rename to event;
    alter sequence pulp.event_position increment by 1;
    delete from pulp.migration where name = 'migrations/019_event_batches.sql'`);
}
