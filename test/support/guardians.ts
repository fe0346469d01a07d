import { readdirSync, readFileSync } from 'node:fs';

/** The guardians that a worker has: one of its threads has started them. */
export function guardiansOf(worker = 0): readonly number[] {
  const tasks = `/proc/${worker}/task`;
  const children = readdirSync(tasks).flatMap((thread) =>
    readFileSync(`${tasks}/${thread}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter((pid) => pid !== '')
      .map(Number),
  );
  return children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('guardian-process'));
}
