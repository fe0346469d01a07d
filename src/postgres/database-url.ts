import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { currentDatabase } from './current-database.ts';
import { PulpError } from '../errors.ts';
import { addressOfEnvironment } from './address/resolve.ts';
import { isTaskProcess } from '../processes/task-process.ts';

/** Where the embedded server and other data of this user live: `PULP_HOME`, else the platform's data directory. */
export function pulpHome(): string {
  const chosen = process.env['PULP_HOME'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const data = process.env['XDG_DATA_HOME'];
  return join(data !== undefined && data !== '' ? data : join(homedir(), '.local', 'share'), 'pulp');
}

/**
 * The database that was named, if any: to `createPulp`, else by the environment (see `addressOfEnvironment`). It says all that is to be
 * known to connect, see `resolveAddress`.
 *
 * @throws PulpError INVALID_INPUT for what is no address, or says what cannot be done
 */
export function namedDatabaseUrl(): string | undefined {
  const { url } = currentDatabase();
  return url ?? addressOfEnvironment(isTaskProcess() ? environmentOfTask() : process.env);
}

/** Of a task's own process: variables that it was given for other programs give it no database. */
function environmentOfTask(): NodeJS.ProcessEnv {
  const { DATABASE_URL } = process.env;
  return DATABASE_URL === undefined || DATABASE_URL === '' ? {} : process.env;
}

let embedded: Promise<string> | undefined;

/**
 * The address of the database to work with: the one that was named (see `namedDatabaseUrl`), or that of the embedded server, which is started and brought
 * up to this version if need be.
 *
 * @throws PulpError NO_TASK_DATABASE in the process of a task that was given no address
 */
export async function getDatabaseUrl(): Promise<string> {
  const named = namedDatabaseUrl();
  if (named !== undefined) return named;
  if (isTaskProcess()) {
    throw new PulpError('NO_TASK_DATABASE', 'the code of tasks has no access to the database here', {
      remedy:
        'Enqueue, cancel and await tasks by enqueueWithReservation and what it returns, which go by way of the worker; for all else set PULP_TASK_DATABASE_URL of the worker to a login of its own for tasks, such as one with the role pulp_submitter.',
    });
  }
  embedded ??= openEmbeddedServer();
  embedded.catch(() => (embedded = undefined)); // the next caller may have better luck
  return embedded;
}

/**
 * A program in production that was given no database has been set up wrongly, more likely than not: it would work on an empty one
 * that goes away with its machine.
 */
function refuseInProduction(): void {
  const { NODE_ENV, INVOCATION_ID, PULP_EMBEDDED } = process.env;
  if (PULP_EMBEDDED === '1') return;
  const sign =
    NODE_ENV === 'production'
      ? 'NODE_ENV is production'
      : INVOCATION_ID !== undefined
        ? 'systemd has started this'
        : isMainOfContainer()
          ? 'this is the main process of a container'
          : undefined;
  if (sign === undefined) return;
  throw new PulpError('NO_DATABASE', `there is neither DATABASE_URL nor PGHOST, and ${sign}`, {
    remedy:
      'Set DATABASE_URL, or PGHOST and its like; or PULP_EMBEDDED=1, to work on the Postgres that comes with this package.',
    exitCode: 2,
  });
}

/** Whether this process, or the one that started it, is the first of a container: in one to develop in there is a shell between. */
function isMainOfContainer(): boolean {
  if (process.pid !== 1 && process.ppid !== 1) return false;
  return ['/.dockerenv', '/run/.containerenv'].some((file) => existsSync(file));
}

/** Loads what only those need that have no database of their own. */
async function openEmbeddedServer(): Promise<string> {
  refuseInProduction();
  const { startEmbeddedServer } = await import('./embedded-server.ts');
  const { migrate } = await import('./migrate.ts');
  const home = pulpHome();
  const { url, wasStarted } = await startEmbeddedServer(home);
  if (wasStarted)
    process.stderr.write(
      `Postgres was started in ${home}, since neither DATABASE_URL nor PGHOST names another.\n`,
    );
  await migrate(url);
  return url;
}
