import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  type Stats,
} from 'node:fs';

/** Read, write and search for the owner, nothing for anybody else. */
export const PRIVATE_MODE = 0o700;

/** The bits of a mode that chmod sets: permissions, set-id and sticky. */
export const MODE_BITS = 0o7777;

/** A name in a directory. The bytes of a file's name need not be text. */
export type Name = string | Buffer;

/** On Linux a path through one of these begins at the open directory itself, wherever it is by now. */
const HANDLES = '/proc/self/fd';
const CAN_PIN = process.platform === 'linux' && existsSync(HANDLES);

/** Linux's O_PATH, for which Node has no name: a handle on a directory whose own mode may forbid everything. */
const O_PATH = 0o10000000;

/**
 * A directory, held by a handle on itself rather than by its path: what is done in it is done there, even if the path
 * leads somewhere else meanwhile. Names in it are single ones, and no link is followed. (Node has no `openat`; a path
 * through `/proc/self/fd` is as good. Where that is missing the path itself has to do, and a link that is put in the
 * place of a directory between two steps is not noticed.)
 */
export class PinnedDirectory implements Disposable {
  readonly #handle: number | undefined;
  readonly #path: Buffer;

  /** Holds a directory. @throws ENOTDIR if a link or a file is in its place, ENOENT if nothing is */
  constructor(path: Name) {
    if (CAN_PIN) {
      this.#handle = openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      this.#path = Buffer.from(`${HANDLES}/${this.#handle}`);
    } else {
      if (!lstatSync(path).isDirectory()) {
        throw Object.assign(new Error(`ENOTDIR: not a directory, ${path.toString()}`), { code: 'ENOTDIR' });
      }
      this.#path = Buffer.from(path);
    }
  }

  /** Holds a directory in this one; undefined if none is there, but a link, a file or nothing. */
  open(name: Name): PinnedDirectory | undefined {
    try {
      return new PinnedDirectory(this.#at(name));
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
  }

  /**
   * The same for a directory to write in: one that is closed to its owner gets the mode of a private one.
   *
   * @throws EXDEV if another file system is mounted there: its files are not the task's
   */
  openWritable(name: Name): PinnedDirectory | undefined {
    const directory = this.open(name);
    if (directory === undefined) return undefined;
    try {
      const { dev, mode } = directory.stat();
      if (dev !== this.stat().dev) {
        throw Object.assign(new Error('EXDEV: another file system is mounted there'), { code: 'EXDEV' });
      }
      if ((mode & PRIVATE_MODE) !== PRIVATE_MODE) directory.setMode(PRIVATE_MODE);
      return directory;
    } catch (error) {
      directory[Symbol.dispose]();
      throw error;
    }
  }

  stat(): Stats {
    return statSync(this.#path);
  }

  /** Sets its own mode. */
  setMode(mode: number): void {
    if ((this.stat().mode & MODE_BITS) !== mode) chmodSync(this.#path, mode);
  }

  names(): Buffer[] {
    return readdirSync(this.#path, { encoding: 'buffer' });
  }

  /**
   * Makes a directory in it unless there is one, and holds it: its owner's alone, whatever the umask is.
   *
   * @throws ENOTDIR if a link or a file is in its place
   */
  makeDirectory(name: Name): PinnedDirectory {
    const path = this.#at(name);
    try {
      mkdirSync(path, PRIVATE_MODE);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const made = new PinnedDirectory(path);
    made.setMode(PRIVATE_MODE);
    return made;
  }

  /** Removes a file, a link or an empty directory from it; false if it is a directory that is not empty. */
  remove(name: Name): boolean {
    return this.unlink(name) || this.removeDirectory(name);
  }

  /** The same, quicker for a directory. */
  removeDirectory(name: Name): boolean {
    try {
      rmdirSync(this.#at(name));
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return true;
      if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
      if (!hasCode(error, 'ENOTDIR')) throw error;
      unlinkSync(this.#at(name)); // it is none: this tells what is the matter
      return true;
    }
  }

  /** Removes a file or a link from it; false if it is a directory. */
  unlink(name: Name): boolean {
    try {
      unlinkSync(this.#at(name));
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return true;
      if (hasCode(error, 'EISDIR', 'EPERM')) return false; // POSIX says EPERM of a directory, Linux EISDIR
      throw error;
    }
  }

  /** Gives what is in it another name, in the same or another directory. */
  move(name: Name, to: PinnedDirectory, newName: Name): void {
    renameSync(this.#at(name), to.#at(newName));
  }

  [Symbol.dispose](): void {
    if (this.#handle !== undefined) closeSync(this.#handle);
  }

  #at(name: Name): Buffer {
    return Buffer.concat([this.#path, Buffer.from('/'), Buffer.from(name)]);
  }
}

/** Whether it is an error of the file system with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codeOf(error) !== undefined && codes.includes(codeOf(error) ?? '');
}

/** The code of an error of the file system, such as `EACCES`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
