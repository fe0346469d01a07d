import type { Client } from 'pg';

/**
 * Takes back what the migration to batches of events and later ones did to the log, so that they are due again. The log has to be
 * one of single events: an empty one, or one that `unpackBatches` wrote. The client must be a superuser's.
 */
export async function undoBatches(client: Client): Promise<void> {
  await client.query(`
    begin;
    set local session_replication_role = replica; -- the log's guards look away
    drop view pulp.event cascade;
    alter table pulp.event_single drop column "session_user";
    update pulp.event_single set data = data - 'login' where type = 'WorkerOnline';
    alter table pulp.worker drop column login;
    drop table pulp.event_batch cascade;
    drop table pulp.young_purge;
    alter table pulp.event_single rename to event;
    alter sequence pulp.event_position increment by 1;
    delete from pulp.migration where name in ('migrations/019_event_batches.sql', 'migrations/023_true_users.sql');
    commit`);
}
