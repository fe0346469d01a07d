import { readdir } from 'node:fs/promises';
import type { Client } from 'pg';
import { eventually } from './eventually.ts';
import type { Fleet } from './fleet.ts';

/** How long processes and sessions may take to go after their worker, in milliseconds. */
const GOING_MS = 3_000;

/**
 * What is left over when all workers have stopped, in words: processes, directories of tasks, our advisory locks, runs and
 * granted reservations.
 */
export async function leftovers(fleet: Fleet, client: Client): Promise<readonly string[]> {
  let found: readonly string[] = [];
  await eventually(
    'nothing is left over',
    async () => {
      found = [
        ...(await fleet.processes()).map(({ pid, command }) => `process ${pid}: ${command}`),
        ...(await taskDirectories(fleet)).map((path) => `directory ${path}`),
        ...(await leftInDatabase(client)),
      ];
      return found.length === 0;
    },
    { timeout: GOING_MS },
  ).catch(() => undefined); // what was found says it
  return found;
}

/**
 * What is in the directories of workers. One that was killed leaves its own to the next worker of its name: it does not
 * count if there was none.
 */
async function taskDirectories(fleet: Fleet): Promise<readonly string[]> {
  const all = await readdir(fleet.directories, { recursive: true }).catch(() => []);
  return all.filter((path) => {
    const [name, ...inside] = path.split('/');
    return inside.length > 0 && fleet.workers.findLast((worker) => worker.name === name)?.wasKilled !== true;
  });
}

async function leftInDatabase(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ left: string }>(`
    select format('advisory lock %s/%s of %s', l.classid, l.objid, a.application_name) as left
    from pg_locks l left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.objsubid = 2 and l.classid::bigint in (select pulp.lock_class(p) from unnest('{leader,grant,worker,resource}'::text[]) as p)
      and l.database = (select oid from pg_database where datname = current_database())
    union all
    select format('run of task %s on worker %s', r.task_id, r.worker) from pulp.running r
    union all
    select format('claim of task %s on %s', g.task_id, g.resource) from pulp.reservation_granted g`);
  return rows.map(({ left }) => left);
}
