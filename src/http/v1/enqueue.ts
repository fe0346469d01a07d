import { PulpError } from '../../errors.ts';
import { enqueueTogether } from '../../tasks/enqueue-together.ts';
import { enqueueWritten } from '../../tasks/enqueue-written.ts';
import { knowingSecrets } from '../../tasks/published-secrets.ts';
import { refusedItem } from '../../tasks/refused-item.ts';
import type { WrittenTask } from '../../tasks/task-columns.ts';
import { TaskTypeCheck } from '../../tasks/task-type-check.ts';
import { writeItem } from '../../tasks/written-item.ts';

/** For how long what workers have published is taken as it was, in milliseconds. */
const PUBLISHED_MS = 5000;

/** A task to enqueue, with the keys of `pulp.enqueue_batch`. */
export type Item = Readonly<Record<string, unknown>>;

let published = { types: new TaskTypeCheck(), until: 0 };

/** Enqueues one task; gives its id. Those that come at the same time share statements. */
export function enqueueItem(item: Item): Promise<string> {
  return knowingSecrets(async () =>
    enqueueTogether(await writeTask(item), { isIdGiven: item['id'] != null }),
  );
}

/** Enqueues many tasks, all or none, in order; gives their ids. @throws PulpError whose message names the item by its index */
export function enqueueItems(items: readonly Item[]): Promise<readonly string[]> {
  return knowingSecrets(async () => {
    const written: WrittenTask[] = [];
    for (const [index, item] of items.entries()) {
      written.push(
        await writeTask(item).catch((error: unknown) => {
          throw locate(error, index);
        }),
      );
    }
    let from = 0;
    try {
      return await enqueueWritten(written, (first) => {
        from = first;
      });
    } catch (error) {
      const refused = refusedItem(error);
      throw refused === undefined ? error : locate(refused.error, from + refused.index);
    }
  });
}

/** A task as it goes to the database, checked by what workers have published. */
export async function writeTask(item: Item): Promise<WrittenTask> {
  if (published.until < performance.now()) {
    published = {
      types: new TaskTypeCheck(),
      until: performance.now() + PUBLISHED_MS,
    };
  }
  try {
    return await writeItem(item, published.types);
  } catch (error) {
    published.until = 0; // it may be right by what is published now
    throw error;
  }
}

function locate(error: unknown, index: number): unknown {
  if (!(error instanceof PulpError)) return error;
  const { code, message, remedy, exitCode } = error;
  return new PulpError(code, `tasks.${index}: ${message}`, { remedy, exitCode, cause: error });
}
