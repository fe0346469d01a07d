import { access, readdir, stat } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { PulpError } from '../errors.ts';
import { writtenByOthers } from '../processes/written-by-others.ts';

const DEFAULT_FILES = ['pulp.tasks.ts', 'pulp.tasks.js', 'pulp.tasks.mjs'];

/** What is loaded of a folder: code, but for declarations and tests. */
const CODE = /(?<!\.d|\.test|\.spec)\.[cm]?[jt]s$/;

/**
 * Where task types are: the files and folders that were named, by a command line or by `PULP_TASKS` (divided as those of `PATH` are),
 * else the tasks file of the current folder; none if there is none. Absolute.
 *
 * @throws PulpError TASKS_FILE_UNSAFE if another user may have put the file of the current folder there: nobody has named it
 */
export async function findTasksPaths(given: readonly string[] = []): Promise<readonly string[]> {
  const ofEnvironment = (process.env['PULP_TASKS'] ?? '').split(delimiter).filter((path) => path !== '');
  const named = given.length > 0 ? given : ofEnvironment;
  if (named.length > 0) return named.map((path) => resolve(path));
  for (const name of DEFAULT_FILES) {
    const file = resolve(name);
    if (!(await exists(file))) continue;
    for (const path of [file, dirname(file)]) {
      const flaw = writtenByOthers(await stat(path));
      if (flaw !== undefined) throw unsafe(file, path === file ? flaw : `is in a folder that ${flaw}`);
    }
    return [file];
  }
  return [];
}

/**
 * The same, for who cannot do without.
 *
 * @throws PulpError NO_TASKS_FILE if there is none, TASKS_FILE_UNSAFE as `findTasksPaths`
 */
export async function requireTasksPaths(given?: readonly string[]): Promise<readonly string[]> {
  const paths = await findTasksPaths(given);
  if (paths.length === 0) throw missing('there is no pulp.tasks.ts, .js or .mjs in this folder');
  await tasksFilesAt(paths);
  return paths;
}

/**
 * The files to load: of a folder those in it that hold code, but for declarations (`.d.ts`), tests (`.test.ts`, `.spec.ts`) and hidden
 * ones; not those of folders in it. Each once, absolute.
 *
 * @throws PulpError NO_TASKS_FILE for what is not there, or a folder without code
 */
export async function tasksFilesAt(paths: readonly string[]): Promise<readonly string[]> {
  const files = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path).catch((error: unknown) => {
        throw missing(`there is no ${resolve(path)}`, error);
      });
      if (!found.isDirectory()) return [resolve(path)];
      const entries = await readdir(path, { withFileTypes: true });
      const names = entries
        .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.') && CODE.test(entry.name))
        .map((entry) => entry.name)
        .sort();
      if (names.length === 0)
        throw missing(
          `the folder ${resolve(path)} has no file of code in it; folders in it are not searched`,
        );
      return names.map((name) => resolve(join(path, name)));
    }),
  );
  return [...new Set(files.flat())];
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function unsafe(file: string, flaw: string): PulpError {
  return new PulpError('TASKS_FILE_UNSAFE', `${file} ${flaw}, and its code would run as you`, {
    remedy: 'If you trust it, name it by --tasks; else run this in another folder.',
    exitCode: 2,
  });
}

function missing(problem: string, cause?: unknown): PulpError {
  return new PulpError('NO_TASKS_FILE', problem, {
    remedy: 'Name the files that export your task types, or their folder, by --tasks or PULP_TASKS.',
    exitCode: 2,
    cause,
  });
}
