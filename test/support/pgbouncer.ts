import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** Whether this machine has PgBouncer. */
export async function hasPgBouncer(): Promise<boolean> {
  return promisify(execFile)('pgbouncer', ['--version']).then(
    () => true,
    () => false,
  );
}

/** Some user that is not root, which PgBouncer refuses to run as. */
const NOBODY = 65534;

/** A running PgBouncer; `url` is the way to the database through it. */
export interface PgBouncer extends AsyncDisposable {
  readonly url: string;
}

/** Starts PgBouncer with its own defaults in front of a database. */
export async function startPgBouncer(
  databaseUrl: string,
  mode: 'session' | 'transaction' | 'statement',
): Promise<PgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'pulp-pgbouncer-'));
  const asRoot = process.geteuid?.() === 0;
  const port = await freePort();
  const { hostname, port: serverPort, username, password } = new URL(databaseUrl);
  const users = join(folder, 'users');
  const settings = join(folder, 'pgbouncer.ini');
  await writeFile(users, `"${username}" "${password}"\n`);
  await writeFile(
    settings,
    `[databases]
* = host=${hostname} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${users}
pool_mode = ${mode}
`,
  );
  if (asRoot) {
    await chmod(folder, 0o755);
    for (const file of [users, settings]) await chown(file, NOBODY, NOBODY);
  }
  const child = spawn('pgbouncer', [settings], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(asRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stderr })) if (line.includes('process up')) break;
  child.stderr.resume();
  const url = new URL(databaseUrl);
  url.port = String(port);
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}
