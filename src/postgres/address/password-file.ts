import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Bits of a file's mode that let others than its owner at it. */
const OPEN_TO_OTHERS = 0o077;

/** What a password is for, as a line of the file names it. */
export interface Login {
  /** A folder of sockets is what its name is; the one that libpq would take by itself is `localhost`. */
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
}

/**
 * The password that the file of passwords has for a login, as libpq reads it: `host:port:database:user:password`, the first line
 * that fits, `*` for anything, a backslash before `:` and `\`. A file that others can read is left unread, with a warning. (The
 * package `pgpass` leaves out lines of ten characters, and knows no `passfile`.)
 *
 * @param file default: the user's `~/.pgpass`
 */
export async function passwordFromFile(login: Login, file?: string): Promise<string | undefined> {
  const path = file ?? defaultFile();
  const found = await stat(path).catch(() => undefined); // as libpq: a file that is not there has no password
  if (found === undefined) return undefined;
  const flaw = !found.isFile()
    ? 'is not a plain file'
    : process.platform !== 'win32' && (found.mode & OPEN_TO_OTHERS) !== 0
      ? 'has group or world access; its mode should be 0600'
      : undefined;
  if (flaw !== undefined) {
    process.emitWarning(`the password file ${path} ${flaw}: it is not used`);
    return undefined;
  }
  const wanted = [login.host, login.port, login.database, login.user];
  for (const line of (await readFile(path, 'utf8')).split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = line.match(/(?:\\.|[^:\\])*(?::|$)/gs) ?? [];
    if (fields.length < 5) continue;
    const head = fields.slice(0, 4).map((field) => field.slice(0, -1));
    if (!head.every((field, index) => field === '*' || unescaped(field) === wanted[index])) continue;
    const password = unescaped(line.slice(fields.slice(0, 4).join('').length));
    return password === '' ? undefined : password;
  }
  return undefined;
}

function unescaped(field: string): string {
  return field.replace(/\\(.)/gs, '$1');
}

function defaultFile(): string {
  const data = process.env['APPDATA'] ?? '';
  return process.platform === 'win32' ? join(data, 'postgresql', 'pgpass.conf') : join(homedir(), '.pgpass');
}
