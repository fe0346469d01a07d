import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** All threads of libuv's pool, kept waiting for the other end of a pipe each: what needs one waits, too, until this is disposed of. */
export class FullPool implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pool-'));
  readonly #pipes: readonly string[];
  readonly #waiting: readonly Promise<FileHandle>[];

  constructor() {
    const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
    this.#pipes = Array.from({ length: threads }, (_, number) => join(this.#folder, String(number)));
    execFileSync('mkfifo', this.#pipes);
    this.#waiting = this.#pipes.map((pipe) => open(pipe, 'r'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ends = this.#pipes.map((pipe) => openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
    for (const handle of await Promise.all(this.#waiting)) await handle.close();
    ends.forEach(closeSync);
    rmSync(this.#folder, { recursive: true });
  }
}
