import { stat } from 'node:fs/promises';
import type { Log } from '../log.ts';
import { PulpError } from '../errors.ts';
import type { ArchiveRule } from './keep-retention.ts';

/** What keeps a month in the log that is nobody's fault: tasks that are not purged, subscriptions that have not read it. */
const NOT_YET = 'LEAF_IN_USE';

/** Moves months out of the log that have been kept for as long as they are to be, beside the other duties of the leader: it may take long. */
export class MonthArchiver implements Disposable {
  readonly #log: Log;
  readonly #onEnded: () => void;
  readonly #end = new AbortController();
  #isUnderway = false;
  /** How it ended, as long as nobody has asked. */
  #outcome: { readonly error: Error | undefined } | undefined;

  constructor(log: Log, onEnded: () => void) {
    this.#log = log;
    this.#onEnded = onEnded;
  }

  /**
   * Begins, unless it is under way; says whether it is. When it has ended that is said first, once.
   *
   * @throws what it failed by
   */
  begin(rule: ArchiveRule): boolean {
    const outcome = this.#outcome;
    this.#outcome = undefined;
    if (outcome?.error !== undefined) throw outcome.error;
    if (outcome !== undefined) return false;
    if (!this.#isUnderway) void this.#run(rule);
    return true;
  }

  /** What is under way is broken off; who leads next goes on. */
  [Symbol.dispose](): void {
    this.#end.abort();
  }

  async #run({ before, folder }: ArchiveRule): Promise<void> {
    this.#isUnderway = true;
    const { signal } = this.#end;
    let failure: Error | undefined;
    try {
      if (!(await isFolder(folder))) throw noFolder(folder);
      const { archiveLeaves } = await import('../events/archive.ts');
      await archiveLeaves({
        ...{ before, folder, signal },
        onArchived: ({ leaf, events, file }) => {
          this.#log.info(
            { leaf, events, file },
            `the month ${leaf} has left the log: its events are in ${file}`,
          );
        },
      });
    } catch (error) {
      if (!signal.aborted && !(error instanceof PulpError && error.code === NOT_YET))
        failure = error as Error;
    }
    this.#isUnderway = false;
    this.#outcome = { error: failure };
    if (!signal.aborted) this.#onEnded();
  }
}

async function isFolder(folder: string): Promise<boolean> {
  return stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** It is not made: a leader on another host than was meant would write there. */
function noFolder(folder: string): PulpError {
  return new PulpError('NO_ARCHIVE_FOLDER', `there is no folder ${folder} on the host of the leader`, {
    remedy: 'Make it there, or have all workers that can lead mount the same.',
  });
}
