import { POOL_SIZE } from '../postgres/connection.ts';
import { perDatabase } from '../postgres/current-database.ts';
import { currentIdentity, identityKey } from '../postgres/identity.ts';
import { Semaphore } from '../postgres/semaphore.ts';
import { mayPass } from '../postgres/sql-error.ts';
import { enqueueWritten } from './enqueue-written.ts';
import { refusedItem } from './refused-item.ts';
import type { WrittenTask } from './task-columns.ts';

/** How many statements of one line are under way at once; who comes meanwhile shares the next one. */
const FLIGHTS = 2;

/** How many statements, of all lines, that may wait for transactions of others: the rest of the pool is for those that do not. */
const WAITING_FLIGHTS = POOL_SIZE - FLIGHTS;

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
  readonly mayWait: boolean;
  flights: number;
}

const state = perDatabase(() => ({
  lines: new Map<string, Line>(),
  waitingFlights: new Semaphore(WAITING_FLIGHTS),
}));

/**
 * Enqueues one task. Callers that do so at the same time share statements, and so their commits; a caller that is alone waits
 * for nobody. What one asks for wrongly is refused to that one alone.
 *
 * Who shares a statement waits for whatever one of them waits for. So only those go together that are of the same type and queue, on behalf
 * of the same one, and that name the same of what others may hold in open transactions: see `heldByOthers`. By its type, since the database
 * may know more of that than this process: a queue, a unique key.
 *
 * @param isIdGiven whether the caller made the id, so that others may enqueue the same
 * @throws as `enqueueWritten`
 */
export function enqueueTogether(task: WrittenTask, { isIdGiven = false } = {}): Promise<string> {
  const said = JSON.parse(`{${task.rest}}`) as Readonly<Record<string, unknown>>;
  const held = heldByOthers(task, said, isIdGiven);
  const key = JSON.stringify([identityKey(currentIdentity()), said['name'], said['queue'], held]);
  const { lines } = state();
  let line = lines.get(key);
  if (line === undefined) lines.set(key, (line = { waiting: [], mayWait: held.length > 0, flights: 0 }));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  line.waiting.push({ task, resolve, reject });
  if (line.flights < (line.mayWait ? 1 : FLIGHTS)) void serve(key, line);
  return promise;
}

/** What a request names that others may hold until their transactions end: with each of these, it waits for them. */
function heldByOthers(
  { id, args, kwargs }: WrittenTask,
  { unique, group, requires }: Readonly<Record<string, unknown>>,
  isIdGiven: boolean,
): readonly (readonly [what: string, name: unknown])[] {
  const key = typeof unique === 'object' && unique !== null && 'key' in unique ? unique.key : undefined;
  return Object.entries({
    id: isIdGiven ? id : undefined,
    unique: unique == null || unique === false ? undefined : (key ?? [args, kwargs]),
    group,
    requires,
  }).filter(([, name]) => name != null);
}

async function serve(key: string, line: Line): Promise<void> {
  const { lines, waitingFlights } = state();
  const sendNext = () => send(takeBatch(line.waiting));
  line.flights += 1;
  while (line.waiting.length > 0) await (line.mayWait ? waitingFlights.pass(sendNext) : sendNext());
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

/** What several are refused for answers none of them: they are asked for again in parts, until each has an answer of its own. */
async function send(batch: readonly Waiting[]): Promise<void> {
  try {
    const ids = await enqueueWritten(batch.map(({ task }) => task));
    batch.forEach(({ resolve }, index) => {
      resolve(ids[index] ?? '');
    });
  } catch (error) {
    if (batch.length === 1 || mayPass(error)) {
      for (const { reject } of batch) reject(error);
    } else {
      for (const part of partsOf(batch, refusedItem(error)?.index)) await send(part);
    }
  }
}

/** The one that was named, and the others; halves, if none was. */
function partsOf(batch: readonly Waiting[], named: number | undefined): readonly (readonly Waiting[])[] {
  const one = named === undefined ? undefined : batch[named];
  if (one !== undefined) return [batch.filter((other) => other !== one), [one]];
  const middle = batch.length >> 1;
  return [batch.slice(0, middle), batch.slice(middle)];
}
