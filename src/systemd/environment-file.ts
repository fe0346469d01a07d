import { readFile, stat } from 'node:fs/promises';
import { PulpError } from '../errors.ts';
import { writtenByOthers } from '../processes/written-by-others.ts';

/** Bits of a file's mode that let anybody read it. */
const ANYBODY_MAY_READ = 0o004;

/** A line that names the database as systemd reads it: with or without spaces and quotes, and not empty. */
const NAMES_DATABASE =
  /^[ \t]*(?:DATABASE_URL|PGHOST|PGHOSTADDR|PGSERVICE|PGDATABASE)[ \t]*=[ \t]*["']?[^\s"']/m;

/**
 * What is wrong with a file of settings for services, `NAME=value` lines, if anything is: it has to name the database, and
 * to keep its password to itself, and nobody else is to set what services run with. Without one they would use the embedded server, which ends with the service that
 * started it.
 */
export async function environmentFileProblem(path: string | undefined): Promise<PulpError | undefined> {
  if (path === undefined)
    return unusable('nothing names the database of the services: they have none of the variables set here');
  try {
    const [found, text] = await Promise.all([stat(path), readFile(path, 'utf8')]);
    const flaw = writtenByOthers(found);
    if (flaw !== undefined) return unusable(`${path} ${flaw}, who could have services run what they like`);
    if ((found.mode & ANYBODY_MAY_READ) !== 0) return unusable(`${path} can be read by everybody`);
    if (!NAMES_DATABASE.test(text)) return unusable(`${path} has no line DATABASE_URL=… (or PGHOST=…)`);
    return undefined;
  } catch (error) {
    return unusable(`cannot read ${path}: ${(error as Error).message}`, error);
  }
}

function unusable(problem: string, cause?: unknown): PulpError {
  return new PulpError('ENVIRONMENT_FILE_UNUSABLE', problem, {
    remedy:
      'Write DATABASE_URL=postgresql://… into a file, `chmod 600` it, and name it by --environment-file.',
    exitCode: 2,
    cause,
  });
}
