import { execFile, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { PulpError } from '../errors.ts';

/**
 * Postgres refuses to run as root; these are tried in its place: its own user, else one that systems have and nothing uses. Not
 * `nobody`: all that runs as nobody could read the data.
 */
const UNPRIVILEGED_USERS = ['postgres', 'news', 'uucp', 'games'];

/**
 * What lets an unprivileged user pass a closed folder on the way to its own files (/root, say), the lesser
 * first. Containers often grant only the second.
 */
const TRAVERSAL_CAPABILITIES = ['dac_read_search', 'dac_override'];

/** A user and group of the system. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The account that the server and its tools run as. */
export interface ServerAccount {
  /** Who has to own the server's files; undefined: whoever runs this process. */
  readonly owner: Owner | undefined;
  /** Options and leading words with which a program starts under this account. */
  readonly spawnOptions: { readonly uid?: number; readonly gid?: number };
  readonly prefix: readonly string[];
}

/**
 * The account for the server of `dataDirectory`: this process's own, or, for root, an unprivileged one that
 * can execute `program` and enter `home`; no modes are changed for that.
 * Throws `EMBEDDED_SERVER_UNREACHABLE` when there is no such account.
 */
export async function findServerAccount(
  dataDirectory: string,
  home: string,
  program: string,
): Promise<ServerAccount> {
  if (process.geteuid?.() !== 0) return { owner: undefined, spawnOptions: {}, prefix: [] };
  const owner = (await ownerOf(dataDirectory)) ?? (await findUnprivilegedUser());
  for (const account of accountsOf(owner)) {
    if (await canReach(account, home, program)) return account;
  }
  throw new PulpError(
    'EMBEDDED_SERVER_UNREACHABLE',
    `Postgres does not run as root, and the user it would run as (uid ${owner.uid}) cannot reach ${home} and ${program}.`,
    {
      remedy:
        'Set PULP_HOME to a folder that every user can enter, run pulp from such a folder or as another user, ' +
        'or set DATABASE_URL to a Postgres of your own.',
    },
  );
}

/** Runs a program to its end under `account`; rejects, with its output in the message, unless it exits 0. */
export async function runAs(
  account: ServerAccount,
  command: readonly [string, ...string[]],
  input = '',
): Promise<void> {
  const [file, ...args] = [...account.prefix, ...command] as [string, ...string[]];
  const run = promisify(execFile)(file, args, {
    ...account.spawnOptions,
    cwd: '/',
    env: serverEnvironment(),
  });
  // A program that ends before it has read its input says why by its exit code and output.
  run.child.stdin?.on('error', () => undefined).end(input);
  await run;
}

/** Starts a program under `account` in a session of its own, which outlives this process and its terminal. */
export async function startDaemonAs(
  account: ServerAccount,
  command: readonly [string, ...string[]],
  stdio: StdioOptions,
): Promise<ChildProcess> {
  const [file, ...args] = [...account.prefix, ...command] as [string, ...string[]];
  const options = { ...account.spawnOptions, cwd: '/', env: serverEnvironment(), detached: true, stdio };
  const child = spawn(file, args, options);
  child.unref();
  await once(child, 'spawn');
  return child;
}

/** Little of the caller's: PGPORT and its like would change the server, and secrets need not live on in it. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

/** The unprivileged owner of an existing data directory: the server goes on as the user who made it. */
async function ownerOf(dataDirectory: string): Promise<Owner | undefined> {
  const found = await stat(dataDirectory).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}

async function findUnprivilegedUser(): Promise<Owner> {
  const entries = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const user of UNPRIVILEGED_USERS) {
    const entry = entries.find(([name]) => name === user);
    if (entry !== undefined) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new PulpError(
    'EMBEDDED_SERVER_UNREACHABLE',
    `Postgres does not run as root, and this system has no user to run it as (${UNPRIVILEGED_USERS.join(', ')}).`,
    {
      remedy:
        'Make a user for it (useradd --system postgres), run pulp as another user, or set DATABASE_URL to a Postgres of your own.',
    },
  );
}

/** The ways to run as `owner`, least privileged first. */
function accountsOf(owner: Owner): ServerAccount[] {
  const { uid, gid } = owner;
  const plain = { owner, spawnOptions: { uid, gid }, prefix: [] };
  const capable = TRAVERSAL_CAPABILITIES.map((capability) => ({
    owner,
    spawnOptions: {},
    // prettier-ignore
    prefix: [
      'setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups',
      `--inh-caps=+${capability}`, `--ambient-caps=+${capability}`, '--',
    ],
  }));
  return [plain, ...capable];
}

/** Tries it, since modes alone do not tell (access lists, security modules, a user namespace). */
async function canReach(account: ServerAccount, home: string, program: string): Promise<boolean> {
  return runAs(account, ['sh', '-c', 'test -x "$1" && cd "$2"', 'sh', program, home]).then(
    () => true,
    () => false,
  );
}
