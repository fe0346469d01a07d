import { randomBytes, randomUUID } from 'node:crypto';
import { access, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PulpError } from '../errors.ts';
import { socketFolderOfServer } from './embedded-address.ts';
import type { EmbeddedBinaries } from './embedded-binaries.ts';
import { runAs, type Owner, type ServerAccount } from './server-account.ts';

/** The password of the superuser is in this file of the data directory: they come and go together. */
const PASSWORD_FILE = 'pulp.password';

/** Durability stays as Postgres has it: fsync, full_page_writes and synchronous_commit are on. */
const settingsFor = (listenAddresses: string, socketFolder: string) => `\
# Written by pulp at every start of the server.
# For settings of your own, use ALTER SYSTEM, or postgresql.conf below its last line.

# Who may connect
listen_addresses = '${listenAddresses}'      # the port is given at the start; see PULP_EMBEDDED_PORT
unix_socket_directories = ${quoted(socketFolder === '' ? '' : `"${socketFolder.replaceAll('"', '""')}"`)}
unix_socket_permissions = 0700
max_connections = 100                        # initdb may have found room for fewer
client_connection_check_interval = '500ms'   # a killed client's query ends, and its locks go, while it runs

# Memory
shared_buffers = '256MB'                     # holds the live tasks and the tail of the log
work_mem = '16MB'                            # sorts of the history stay in memory
maintenance_work_mem = '128MB'               # vacuum takes one pass over an index
max_locks_per_transaction = 256              # every running task's resources are locked, and every leaf read
dynamic_shared_memory_type = 'mmap'          # /dev/shm is small in containers and emptied at logout on desktops

# Throughput
max_wal_size = '4GB'                         # a burst of tasks does not force checkpoints
checkpoint_timeout = '15min'                 # each checkpoint makes the next write of every page a full image
random_page_cost = 1.1                       # solid state disks
jit = off                                    # statements are short: compiling them takes longer than they do
autovacuum_naptime = '15s'                   # queues turn over their rows in seconds

# Log
cluster_name = 'pulp'                        # tells whose processes these are in ps
log_checkpoints = off                        # nobody rotates this log, so it keeps to what is wrong
timezone = 'UTC'                             # times read the same on every machine
`;

const LOCAL_AUTHENTICATION = 'local all all scram-sha-256\n';

const HOST_BASED_AUTHENTICATION = `\
# Written by pulp: from this machine only, with a password.
${LOCAL_AUTHENTICATION}host all all 127.0.0.1/32 scram-sha-256
`;

const REMOVE = { recursive: true, force: true, maxRetries: 3 };

/**
 * Makes `dataDirectory` with a superuser and a database named `pulp`, unless it exists. It appears as a whole
 * or not at all; when several processes make it at once, one of them wins and all of them succeed.
 */
export async function ensureCluster(
  dataDirectory: string,
  binaries: EmbeddedBinaries,
  account: ServerAccount,
): Promise<void> {
  if (!(await isCluster(dataDirectory))) {
    const staging = await mkdtemp(stagingPrefix(dataDirectory));
    try {
      await initialise(staging, binaries, account);
      await publish(staging, dataDirectory);
    } catch (error) {
      await rm(staging, REMOVE);
      // Otherwise another process was first, and may have removed our unfinished one.
      if (!(await isCluster(dataDirectory))) throw error;
    }
  }
  await removeStagings(dataDirectory);
}

/** Writes the server's settings; they take effect when it starts. */
export async function writeSettings(
  dataDirectory: string,
  isOnTcp: boolean,
  owner: Owner | undefined,
): Promise<void> {
  const settings = isOnTcp
    ? settingsFor('127.0.0.1', '') // this machine only
    : settingsFor('', socketFolderOfServer(dataDirectory));
  await placeFile(join(dataDirectory, 'pulp.conf'), settings, owner);
  // A cluster may be older than its socket.
  const path = join(dataDirectory, 'pg_hba.conf');
  const access = await readFile(path, 'utf8');
  if (!access.includes(LOCAL_AUTHENTICATION))
    await placeFile(path, `${LOCAL_AUTHENTICATION}${access}`, owner);
}

/** A text in a configuration file of Postgres. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** The password of the superuser `pulp`; safe in a URL as it is. */
export async function readPassword(dataDirectory: string): Promise<string> {
  return (await readFile(join(dataDirectory, PASSWORD_FILE), 'utf8')).trim();
}

async function initialise(
  directory: string,
  binaries: EmbeddedBinaries,
  account: ServerAccount,
): Promise<void> {
  const { owner } = account;
  if (owner !== undefined) await changeOwner(directory, owner);
  // prettier-ignore
  await runAs(account, [
    binaries.initdb, '-D', directory, '--username=pulp', '--encoding=UTF8',
    '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8',
    '--auth=reject', '--no-instructions', '--no-sync',
  ]);
  const password = randomBytes(24).toString('base64url');
  const configuration = join(directory, 'postgresql.conf');
  const defaults = await readFile(configuration, 'utf8');
  await placeFile(join(directory, PASSWORD_FILE), `${password}\n`, owner);
  await placeFile(join(directory, 'pg_hba.conf'), HOST_BASED_AUTHENTICATION, owner);
  await placeFile(configuration, `${defaults}\ninclude = 'pulp.conf'\n`, owner);
  await writeSettings(directory, true, owner);
  await runAs(
    account,
    [binaries.postgres, '--single', '-D', directory, '-c', 'exit_on_error=on', 'postgres'],
    `alter role pulp password '${password}';\ncreate database pulp;\n`,
  );
  await runAs(account, [binaries.initdb, '--sync-only', '-D', directory]);
}

async function publish(staging: string, dataDirectory: string): Promise<void> {
  try {
    await rename(staging, dataDirectory);
  } catch (cause) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? ''))
      throw cause;
    throw new PulpError('EMBEDDED_SERVER_FAILED', `${dataDirectory} exists, but holds no Postgres data.`, {
      remedy: 'Move it out of the way, or set PULP_HOME to another folder.',
      cause,
    });
  }
  await using parent = await open(dirname(dataDirectory));
  await parent.sync();
}

async function isCluster(dataDirectory: string): Promise<boolean> {
  try {
    await access(join(dataDirectory, 'PG_VERSION'));
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Once the data directory exists, whoever is still making one has lost, or was killed. */
async function removeStagings(dataDirectory: string): Promise<void> {
  const home = dirname(dataDirectory);
  const prefix = basename(stagingPrefix(dataDirectory));
  const stagings = (await readdir(home)).filter((name) => name.startsWith(prefix));
  // A process that still writes there can keep some from going; the next start removes them.
  await Promise.allSettled(stagings.map((name) => rm(join(home, name), REMOVE)));
}

function stagingPrefix(dataDirectory: string): string {
  return `${dataDirectory}.init-`;
}

/** Puts a whole file in its place at once, readable by its owner alone. */
async function placeFile(path: string, text: string, owner: Owner | undefined): Promise<void> {
  const unfinished = `${path}.new-${randomUUID()}`;
  {
    await using file = await open(unfinished, 'wx', 0o600);
    if (owner !== undefined) await file.chown(owner.uid, owner.gid);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(unfinished, path);
}

async function changeOwner(directory: string, owner: Owner): Promise<void> {
  await using handle = await open(directory);
  await handle.chown(owner.uid, owner.gid);
}
