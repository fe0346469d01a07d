import type { Client } from 'pg';
import { checkLog } from '../support/log-checker.ts';
import { wrongEndings } from './endings.ts';
import type { Fleet } from './fleet.ts';
import { meetings, readRuns, type WitnessedRun } from './journalled-runs.ts';
import { leftovers } from './leftovers.ts';
import type { Load } from './load.ts';

/**
 * Whatever a scenario left wrong, after its load and all its workers have stopped: endings, the log, what is left over,
 * and, unless `ignore` says that they don't count, runs that met on a resource.
 */
export async function damage(
  fleet: Fleet,
  load: Load,
  client: Client,
  { ignore = () => false }: { readonly ignore?: (run: WitnessedRun) => boolean } = {},
): Promise<readonly string[]> {
  const runs = await readRuns(fleet.journal);
  return [
    ...(await wrongEndings(client, load.acknowledged)),
    ...(await checkLog(client)),
    ...(await leftovers(fleet, client)),
    ...meetings(runs.filter((run) => !ignore(run))),
  ];
}
