import { PulpError } from '../errors.ts';
import { perDatabase } from '../postgres/current-database.ts';
import { currentIdentity, identityKey } from '../postgres/identity.ts';
import { enqueueWritten } from './enqueue-written.ts';
import { refusedItem } from './refused-item.ts';
import type { WrittenTask } from './task-columns.ts';

/** How many statements of one queue are under way at once; who comes meanwhile shares the next one. */
const FLIGHTS = 2;

/** How many tasks share a statement at most, and how much text, in characters. */
const MOST_TASKS = 100;
const MOST_LENGTH = 4 * 1024 * 1024;

interface Waiting {
  readonly task: WrittenTask;
  readonly resolve: (id: string) => void;
  readonly reject: (reason: unknown) => void;
}

interface Line {
  readonly waiting: Waiting[];
  flights: number;
}

const linesOfDatabase = perDatabase(() => new Map<string, Line>());

/**
 * Enqueues one task. Callers that do so at the same time share statements, and so their commits; a caller that is alone waits
 * for nobody. What one asks for wrongly is refused to that one alone. Only those of the same queue go together, with ids that
 * are new: nothing but this queue can then keep them waiting; and only those made on behalf of the same one.
 *
 * @throws as `enqueueWritten`
 */
export function enqueueTogether(task: WrittenTask, queue: string): Promise<string> {
  const key = `${identityKey(currentIdentity())} ${queue}`;
  const lines = linesOfDatabase();
  let line = lines.get(key);
  if (line === undefined) lines.set(key, (line = { waiting: [], flights: 0 }));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  line.waiting.push({ task, resolve, reject });
  if (line.flights < FLIGHTS) void serve(lines, key, line);
  return promise;
}

async function serve(lines: Map<string, Line>, key: string, line: Line): Promise<void> {
  line.flights += 1;
  while (line.waiting.length > 0) await send(takeBatch(line.waiting));
  line.flights -= 1;
  if (line.flights === 0) lines.delete(key);
}

function takeBatch(waiting: Waiting[]): Waiting[] {
  let length = 0;
  const end = waiting.findIndex(({ task }, index) => {
    length += task.args.length + task.kwargs.length;
    return index === MOST_TASKS || (index > 0 && length > MOST_LENGTH);
  });
  return waiting.splice(0, end === -1 ? waiting.length : end);
}

async function send(batch: readonly Waiting[]): Promise<void> {
  try {
    const ids = await enqueueWritten(batch.map(({ task }) => task));
    batch.forEach(({ resolve }, index) => {
      resolve(ids[index] ?? '');
    });
  } catch (error) {
    const refused = batch.length > 1 ? refusedItem(error) : undefined;
    if (refused !== undefined) {
      batch[refused.index]?.reject(error);
      await send(batch.filter((_, index) => index !== refused.index));
    } else if (batch.length > 1 && error instanceof PulpError && error.exitCode === 2) {
      await Promise.all(batch.map((one) => send([one]))); // it does not say which one is wrong
    } else {
      for (const { reject } of batch) reject(error);
    }
  }
}
