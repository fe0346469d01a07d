import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * How a worker takes back a task that it has sent to a horse and that has not begun there, though the horse be blocked and read
 * no message: both look into a file of eight bytes. The horse writes there which task begins, and then reads up to where tasks
 * were taken back; the worker writes up to where it takes them back, and then reads which one has begun. Since each writes
 * before it reads, at least one of them sees the other: no task that was taken back begins. (The system makes writes to a file wait
 * for each other: whoever comes second has seen the first.) What was written outlives the horse: when it has died, the file tells
 * which run it had in hand.
 */

/** Where in the file the place of the task stands that began last, and that up to which tasks were taken back. */
const BEGUN = 0;
const REVOKED = 4;

/** The file descriptor of the file in a horse. */
export const REVOCATION_FD = 4;

/** The worker's side. Tasks are told apart by their places: the first one sent to the horse has 1, the next 2, and so on. */
export class Revoker {
  /** The open file, for the horse to inherit. */
  readonly fd: number;
  readonly #buffer = Buffer.alloc(4);
  #isClosed = false;
  #lastBegun = 0;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Makes the file in a directory, where it bears no name; undefined if it cannot be made. */
  static make(directory: string): Revoker | undefined {
    let fd: number | undefined;
    try {
      const path = join(directory, `.revocation-${process.pid}`);
      fd = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
      writeSync(fd, Buffer.alloc(8), 0, 8, 0);
      return new Revoker(fd);
    } catch {
      if (fd !== undefined) closeSync(fd);
      return undefined;
    }
  }

  /**
   * Takes back the tasks up to a place, as far as they have not begun: those from the next one after the returned place on. None
   * if the system refuses it.
   */
  revoke(place: number): number {
    try {
      if (!this.#isClosed) write(this.fd, this.#buffer, place, REVOKED);
      return this.lastBegun;
    } catch {
      return place; // the disk may be full
    }
  }

  /** The place of the task that began last. */
  get lastBegun(): number {
    return this.#isClosed ? this.#lastBegun : read(this.fd, this.#buffer, BEGUN);
  }

  /** The horse is gone: nothing begins there any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#lastBegun = this.lastBegun;
    this.#isClosed = true;
    closeSync(this.fd);
  }
}

/** The horse's side. */
export class Revocations {
  readonly #buffer = Buffer.alloc(4);

  /** Whether the task of this place may begin; it has begun then. False: it was taken back. */
  begin(place: number): boolean {
    write(REVOCATION_FD, this.#buffer, place, BEGUN);
    return read(REVOCATION_FD, this.#buffer, REVOKED) < place;
  }
}

function write(fd: number, buffer: Buffer, place: number, position: number): void {
  buffer.writeUInt32LE(place);
  writeSync(fd, buffer, 0, 4, position);
}

function read(fd: number, buffer: Buffer, position: number): number {
  return readSync(fd, buffer, 0, 4, position) === 4 ? buffer.readUInt32LE() : 0; // nothing is in /dev/null
}
