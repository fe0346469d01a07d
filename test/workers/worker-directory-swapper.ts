/**
 * An attacker, in a thread of its own: as fast as it can, it puts a link to a victim in the place of a directory, and the
 * directory back. Which one, and where the link leads, it is told by `workerData`; it counts its swaps there.
 */
import { renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const { directory, victim, swaps } = workerData as {
  readonly directory: string;
  readonly victim: string;
  readonly swaps: Int32Array;
};
const hidden = `${directory}.hidden`;

for (;;) {
  attempt(() => {
    renameSync(directory, hidden);
  });
  attempt(() => {
    symlinkSync(victim, directory);
    Atomics.add(swaps, 0, 1);
  });
  attempt(() => {
    unlinkSync(directory);
  });
  attempt(() => {
    renameSync(hidden, directory);
  });
}

/** The directory comes and goes; then a step is not possible. */
function attempt(step: () => void): void {
  try {
    step();
  } catch {
    return;
  }
}
