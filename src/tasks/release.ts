import { readFileSync } from 'node:fs';
import { PulpError } from '../errors.ts';

/** Which release publishes a task type; the database decides by it what is newer, see `pulp.release_rank`. */
export interface Release {
  /** What `PULP_RELEASE` says; null: nothing. */
  readonly release: string | null;
  /** When the tasks file was modified. */
  readonly modified_at: Date;
  /** The version of this package. */
  readonly package: string;
}

const MAX_LENGTH = 128;

let packageVersion: string | undefined;

/**
 * The release that a tasks file of this time belongs to.
 *
 * @throws PulpError INVALID_INPUT if PULP_RELEASE is too long
 */
export function releaseOf(modifiedAt: Date): Release {
  return { release: currentRelease(), modified_at: modifiedAt, package: versionOfPackage() };
}

/** What `PULP_RELEASE` says; null: nothing. @throws PulpError INVALID_INPUT if it is too long */
export function currentRelease(): string | null {
  const release = process.env['PULP_RELEASE'] ?? '';
  if (release.length > MAX_LENGTH) {
    throw new PulpError('INVALID_INPUT', `PULP_RELEASE: has more than ${MAX_LENGTH} characters`, {
      remedy:
        'Name the release by something that grows, such as 2030-01-31.2, 1.10.0 or the number of the build.',
      exitCode: 2,
    });
  }
  return release === '' ? null : release;
}

function versionOfPackage(): string {
  packageVersion ??= (
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  ).version;
  return packageVersion;
}
