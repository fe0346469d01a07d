import { readdirSync, readFileSync } from 'node:fs';

/** The processes that the threads of a process have started. */
export function childrenOf(parent = 0): readonly number[] {
  const tasks = `/proc/${parent}/task`;
  return readdirSync(tasks).flatMap((thread) =>
    readFileSync(`${tasks}/${thread}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter((pid) => pid !== '')
      .map(Number),
  );
}

/** The guardians that a worker has: one of its threads has started them. */
export function guardiansOf(worker = 0): readonly number[] {
  return childrenOf(worker).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('guardian-process'),
  );
}
