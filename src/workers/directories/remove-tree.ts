import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PulpError } from '../../errors.ts';
import { codeOf, hasCode, type Name, type PinnedDirectory } from './pinned-directory.ts';

/** How often a directory is emptied while somebody goes on writing into it. */
const PASSES = 10;

/** How long a gentle removal holds up its process at a time, in milliseconds. */
const SLICE_MS = 5;

/** What could not be removed gets a name with this beginning: no worker and no task has one. */
export const REMAINS_PREFIX = '.remains-';

/** A removal in small steps, to be taken all at once or between other work. */
export type Removal = Generator<undefined, void>;

/**
 * Removes what has this name, and all in it; afterwards the name is free. What withstands (another user's files, a mount,
 * a process that goes on writing) is renamed out of the way, and a process warning says so: for nobody is it a reason to
 * stop. `path` is the name's path, for the words.
 *
 * @throws PulpError DIRECTORY_STUCK if it can be neither removed nor renamed
 */
export function* discard(parent: PinnedDirectory, name: Name, path: string): Removal {
  try {
    yield* removeTree(parent, name);
  } catch (error) {
    const remains = isRemains(name) ? name.toString() : `${REMAINS_PREFIX}${randomUUID()}`;
    try {
      parent.move(name, parent, remains);
    } catch (failure) {
      if (hasCode(failure, 'ENOENT')) return;
      throw new PulpError(
        'DIRECTORY_STUCK',
        `${path} can be neither removed nor renamed${because(failure)}`,
        {
          remedy:
            'Remove it by hand: nothing may be mounted there, and the folder it is in must be writable.',
          cause: failure,
        },
      );
    }
    warnOfRemains(
      `${path} could not be removed${because(error)}; what is left of it is now ${remains} there`,
    );
  }
}

/** Whether it is the name of something that could not be removed earlier. */
export function isRemains(name: Name): boolean {
  return name.toString().startsWith(REMAINS_PREFIX);
}

/** Tells the operator, who sees what a process warns of, about files that stay. */
export function warnOfRemains(message: string): void {
  process.emitWarning(message, {
    type: 'PulpWarning',
    code: 'WORKING_DIRECTORY_REMAINS',
    detail: 'Remove it by hand, or let the next worker that starts there try again.',
  });
}

/** Why it failed, in brackets, to end a clause with. */
export function because(error: unknown): string {
  return ` (${codeOf(error) ?? (error instanceof Error ? error.message : String(error))})`;
}

/** Takes all steps at once. */
export function atOnce(removal: Removal): void {
  for (const _ of removal);
}

/** Takes the steps so that the process gets to its other work in between. */
export async function gently(removal: Removal): Promise<void> {
  let since = performance.now();
  for (const _ of removal) {
    if (performance.now() - since < SLICE_MS) continue;
    await nextTurn();
    since = performance.now();
  }
}

/** Removes what has this name, and all in it. @throws what withstood first */
function* removeTree(parent: PinnedDirectory, name: Name): Removal {
  for (let pass = 0; pass < PASSES; pass += 1) {
    if (parent.removeDirectory(name)) return;
    using tree = parent.openWritable(name);
    if (tree !== undefined) yield* emptyTree(tree);
  }
  throw new Error('something goes on writing into it');
}

/**
 * Removes all that is in a directory. Trees are not walked down: a folder in a folder is moved up to the top until it is
 * one of the names there, so no depth exhausts handles, the stack or the length of paths.
 *
 * @throws what withstood first, after all the rest is gone
 */
function* emptyTree(tree: PinnedDirectory): Removal {
  const failures: unknown[] = [];
  const names: Name[] = tree.names();
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    yield;
    try {
      if (tree.remove(name)) continue; // says EBUSY of a mount, which is thus never entered
      using folder = tree.openWritable(name);
      if (folder === undefined) continue;
      for (const inner of folder.names()) {
        yield;
        try {
          if (folder.remove(inner)) continue;
          folder.openWritable(inner)?.[Symbol.dispose](); // only what one may write into can be moved
          const top = randomUUID();
          folder.move(inner, tree, top);
          names.push(top);
        } catch (error) {
          if (!hasCode(error, 'ENOENT')) failures.push(error);
        }
      }
      tree.removeDirectory(name);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
