import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PulpError } from '../errors.ts';
import type { Postmaster } from './postmaster-file.ts';

/** The part of the socket's name after the folder: no port is listened on, but a number stands there. */
export const SOCKET_PORT = 5432;

/** How long the path of a Unix socket may be, in bytes, on the systems that allow least (macOS). */
const MAX_SOCKET_PATH = 103;

const WRITABLE_BY_OTHERS = 0o022;

/** Where the server is to be reached: by a Unix socket in its data directory, or on a TCP port of this machine. */
export type EmbeddedPort = 'none' | 'any' | number;

/**
 * What `PULP_EMBEDDED_PORT` says: `none` (default), `any` that is free, or a number. Where there are no Unix sockets, it is any.
 *
 * @throws PulpError INVALID_INPUT
 */
export function embeddedPort(): EmbeddedPort {
  const chosen = process.env['PULP_EMBEDDED_PORT'] ?? '';
  if (chosen === '') return process.platform === 'win32' ? 'any' : 'none';
  if (chosen === 'none' || chosen === 'any') return chosen;
  const port = Number(chosen);
  if (/^\d+$/.test(chosen) && port >= 1 && port <= 65_535) return port;
  throw new PulpError('INVALID_INPUT', `PULP_EMBEDDED_PORT: ${JSON.stringify(chosen)} is no port`, {
    remedy: 'Give a number from 1 to 65535, any, or none.',
    exitCode: 2,
  });
}

/**
 * The folder of the server's socket, as the server names it: its data directory, which only its owner can enter. It may be too
 * deep for a socket's path; on Linux a process can call it by a short name.
 */
export function socketFolderOfServer(dataDirectory: string): string {
  if (fits(dataDirectory)) return dataDirectory;
  return process.platform === 'linux' ? '/proc/self/cwd' : shortName(dataDirectory);
}

/**
 * The address of the database `pulp` for its superuser. It leaves nothing to variables of libpq, which are for other servers; it lets the server prove that it knows the password. */
export function addressOf(dataDirectory: string, { port, isOnTcp }: Postmaster, password: string): string {
  const host = isOnTcp
    ? '127.0.0.1'
    : encodeURIComponent(fits(dataDirectory) ? dataDirectory : shortName(dataDirectory));
  const settings = 'require_auth=scram-sha-256&sslmode=disable';
  return `postgresql://pulp:${password}@${host}:${isOnTcp ? port : SOCKET_PORT}/pulp?${settings}`;
}

function fits(folder: string): boolean {
  return Buffer.byteLength(`${folder}/.s.PGSQL.${SOCKET_PORT}`) <= MAX_SOCKET_PATH;
}

/** A link to the data directory, in a folder that nobody else can write to. */
function shortName(dataDirectory: string): string {
  const runtime = process.env['XDG_RUNTIME_DIR'] ?? '';
  const folder = join(runtime === '' ? tmpdir() : runtime, `pulp-${process.geteuid?.() ?? 'own'}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const found = lstatSync(folder);
  const link = join(folder, `pg-${createHash('sha256').update(dataDirectory).digest('hex').slice(0, 12)}`);
  const isOurs =
    found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & WRITABLE_BY_OTHERS) === 0;
  if (!isOurs || !fits(link)) {
    throw new PulpError(
      'EMBEDDED_SERVER_UNREACHABLE',
      `${dataDirectory} is too deep for the path of a socket`,
      {
        remedy: `Set PULP_HOME to a shorter path, or see to it that ${folder} is a short path to a folder of this user that nobody else can write to.`,
      },
    );
  }
  if (targetOf(link) === dataDirectory) return link;
  rmSync(link, { force: true });
  try {
    symlinkSync(dataDirectory, link);
  } catch (error) {
    if (targetOf(link) !== dataDirectory) throw error; // else another process was faster
  }
  return link;
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
