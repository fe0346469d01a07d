import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PulpError } from '../../errors.ts';
import { hasCode, MODE_BITS, PinnedDirectory, PRIVATE_MODE } from './pinned-directory.ts';
import { because } from './remove-tree.ts';

const WRITABLE_BY_OTHERS = 0o022;

/** The root of the workers' directories: `PULP_WORKING_DIRECTORY`, else one of this user's own below the temporary folder. */
export function workingRoot(): string {
  const chosen = process.env['PULP_WORKING_DIRECTORY'];
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  // By number: in a container, the user may be in no list of users. Where users have no numbers, the folder is theirs.
  return resolve(join(tmpdir(), `pulp-${process.geteuid?.() ?? userInfo().username}`));
}

/**
 * Holds the root, made if it is not there.
 *
 * @throws PulpError WORKING_ROOT_UNUSABLE, or WORKING_ROOT_UNSAFE as `openWorkingRoot`
 */
export function makeWorkingRoot(root: string): PinnedDirectory {
  let made = false;
  try {
    if (!lstatSync(root, { throwIfNoEntry: false })) {
      mkdirSync(dirname(root), { recursive: true });
      mkdirSync(root, PRIVATE_MODE);
      made = true;
    }
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw unusable(root, error); // another worker was faster
  }
  const held = openWorkingRoot(root);
  if (held === undefined) throw unusable(root, new Error('it is gone again'));
  if (made) held.setMode(PRIVATE_MODE); // whatever the umask is
  return held;
}

/**
 * Holds the root; undefined if there is none. A user who could rename what is in it could make a worker delete other things,
 * so it must be a directory of this user that nobody else can write to. A mode that is too wide is not set right: the
 * directory may well be one that others are meant to write to, as is the temporary folder.
 *
 * @throws PulpError WORKING_ROOT_UNSAFE if it is a link, no directory, another user's, or writable by others
 */
export function openWorkingRoot(root: string): PinnedDirectory | undefined {
  let held;
  try {
    held = new PinnedDirectory(root);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    if (hasCode(error, 'ENOTDIR', 'ELOOP')) throw unsafe(root, 'is a link or no directory', error);
    throw unusable(root, error);
  }
  const { uid, mode } = held.stat();
  const user = process.geteuid?.();
  let flaw;
  if (user !== undefined && uid !== user) flaw = `belongs to user ${uid}, this process is of user ${user}`;
  else if (user !== undefined && (mode & WRITABLE_BY_OTHERS) !== 0) {
    flaw = `can be written to by other users (its mode is ${(mode & MODE_BITS).toString(8)})`;
  }
  if (flaw === undefined) return held;
  held[Symbol.dispose]();
  throw unsafe(root, flaw);
}

function unsafe(root: string, flaw: string, cause?: unknown): PulpError {
  return new PulpError('WORKING_ROOT_UNSAFE', `the root of the workers' directories, ${root}, ${flaw}`, {
    remedy:
      'Set PULP_WORKING_DIRECTORY to a folder of its own that belongs to this user, with mode 0700; it is made if it is not there.',
    cause,
    exitCode: 2,
  });
}

function unusable(root: string, error: unknown): PulpError {
  return new PulpError(
    'WORKING_ROOT_UNUSABLE',
    `the root of the workers' directories, ${root}, cannot be used${because(error)}`,
    { remedy: 'Set PULP_WORKING_DIRECTORY to a folder that this user can make or write to.', cause: error },
  );
}
