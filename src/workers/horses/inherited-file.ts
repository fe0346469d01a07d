import { fstatSync } from 'node:fs';

/** A file that was open when this process began: task code may close it, and open another in its place. */
export class InheritedFile {
  readonly #fd: number;
  readonly #file: number | undefined;

  constructor(fd: number) {
    this.#fd = fd;
    this.#file = fileOf(fd);
  }

  /** Whether it is open, and the one that it was. */
  get isThere(): boolean {
    return this.#file !== undefined && fileOf(this.#fd) === this.#file;
  }
}

/** What the system knows an open file by; undefined if it is closed. */
function fileOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).ino;
  } catch {
    return undefined;
  }
}
