import { PulpError } from '../errors.ts';
import { toPulpError } from '../postgres/sql-error.ts';
import { inTransaction } from '../postgres/transaction.ts';
import { enqueueWritten } from './enqueue-written.ts';
import { learnsFrom } from './published-secrets.ts';
import { refusedItem } from './refused-item.ts';
import { StandingTasks } from './standing-tasks.ts';
import { toColumns, type WrittenTask } from './task-columns.ts';
import type { TaskTypeCheck } from './task-type-check.ts';
import { rewriteItem } from './written-item.ts';

/** A line of input. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer;
}

/** How many tasks go to the database in one statement. */
const BATCH = 1000;

/** How much text goes to the database in one statement, in bytes of the lines. */
const BATCH_LENGTH = 4 * 1024 * 1024;

interface Item {
  readonly line: Line;
  readonly task: WrittenTask;
}

/** A line that is bad, and why. */
export interface Refusal {
  readonly line: number;
  readonly error: PulpError;
}

/** What became of some lines that follow one another. */
export interface EnqueuedLines {
  /** Of the good ones, in order. */
  readonly ids: readonly string[];
  /** The bad ones, in order. */
  readonly refused: readonly Refusal[];
}

interface Batch {
  readonly items: readonly Item[];
  readonly refused: Refusal[];
}

/**
 * Enqueues tasks that are written one a line, in order and in one transaction: all or none. Lines are read as they are
 * needed; what is kept are the ids.
 *
 * @throws as `rewriteItem` and `enqueueWritten`, with the number of the bad line in the message
 */
export async function enqueueLines(
  lines: AsyncIterable<Line>,
  types: TaskTypeCheck | undefined,
): Promise<readonly string[]> {
  return inTransaction(async (client) => {
    const ids: string[] = [];
    const standing = new StandingTasks();
    for await (const { items, refused } of batches(lines, types)) {
      if (refused[0] !== undefined) throw located(refused[0]);
      try {
        const tasks = items.map(({ task }) => standing.afterThem(task));
        const { rows } = await client.query<{ id: string }>({
          name: 'enqueue',
          text: 'select unnest(pulp.enqueue_columns($1, $2, $3, $4, $5, $6, $7)) as id',
          values: [...toColumns(tasks)],
        });
        const enqueued = rows.map(({ id }) => id);
        standing.note(tasks, enqueued);
        ids.push(...enqueued);
      } catch (error) {
        const refusal = refusalIn(toPulpError(error), items);
        throw refusal === undefined ? error : located(refusal);
      }
    }
    return ids;
  });
}

/**
 * Enqueues those of the lines that are good, in order, in transactions of at most 1,000, and tells of each, when it is
 * committed, what became of its lines.
 *
 * @throws as `enqueueWritten`, if the reason is no line
 */
export async function* enqueueGoodLines(
  lines: AsyncIterable<Line>,
  types: TaskTypeCheck | undefined,
): AsyncGenerator<EnqueuedLines> {
  const standing = new StandingTasks();
  for await (const { items, refused } of batches(lines, types)) {
    const reread = (rewritten: readonly Line[]) => readItems(rewritten, types, refused);
    const ids = await enqueueGood(items, standing, refused, reread);
    yield { ids, refused: refused.sort((a, b) => a.line - b.line) };
  }
}

/**
 * Enqueues the good items, adds the bad ones to `refused`, and gives the ids.
 *
 * @param reread writes lines anew, by what is published now; undefined: that was done
 */
async function enqueueGood(
  items: readonly Item[],
  standing: StandingTasks,
  refused: Refusal[],
  reread: ((lines: readonly Line[]) => Promise<readonly Item[]>) | undefined,
): Promise<readonly string[]> {
  if (items.length === 0) return [];
  try {
    const tasks = items.map(({ task }) => standing.afterThem(task));
    const ids = await enqueueWritten(tasks);
    standing.note(tasks, ids);
    return ids;
  } catch (error) {
    if (reread !== undefined && learnsFrom(error))
      return enqueueGood(await reread(items.map(({ line }) => line)), standing, refused, undefined);
    const refusal = refusalIn(error, items);
    if (refusal === undefined) throw error;
    refused.push(refusal);
    // Where one is bad many may be: halving what follows keeps the cost of finding them low.
    const middle = refusal.index + 1 + ((items.length - refusal.index) >> 1);
    return [
      ...(await enqueueGood(items.slice(0, refusal.index), standing, refused, reread)),
      ...(await enqueueGood(items.slice(refusal.index + 1, middle), standing, refused, reread)),
      ...(await enqueueGood(items.slice(middle), standing, refused, reread)),
    ];
  }
}

async function* batches(lines: AsyncIterable<Line>, types: TaskTypeCheck | undefined): AsyncGenerator<Batch> {
  let items: Item[] = [];
  let refused: Refusal[] = [];
  let length = 0;
  for await (const line of lines) {
    const read = await readItems([line], types, refused);
    items.push(...read);
    if (read.length > 0) length += line.bytes.length;
    if (items.length + refused.length === BATCH || length > BATCH_LENGTH) {
      yield { items, refused };
      items = [];
      refused = [];
      length = 0;
    }
  }
  if (items.length + refused.length > 0) yield { items, refused };
}

/** The items of lines that are not blank; the bad ones are added to `refused`. */
async function readItems(
  lines: readonly Line[],
  types: TaskTypeCheck | undefined,
  refused: Refusal[],
): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (const line of lines) {
    try {
      const task = await readItem(line, types);
      if (task !== undefined) items.push({ line, task });
    } catch (error) {
      if (!(error instanceof PulpError) || error.exitCode !== 2) throw error;
      refused.push({ line: line.number, error });
    }
  }
  return items;
}

/** The item of a line; undefined if the line is blank. */
async function readItem({ bytes }: Line, types: TaskTypeCheck | undefined): Promise<WrittenTask | undefined> {
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new PulpError('INVALID_INPUT', 'is not UTF-8', {
      remedy: 'Convert it to UTF-8.',
      exitCode: 2,
      cause,
    });
  }
  return text.trim() === '' ? undefined : rewriteItem(text, types);
}

/** The item that the database refused a batch for, if it was for one. */
function refusalIn(
  error: unknown,
  items: readonly Item[],
): (Refusal & { readonly index: number }) | undefined {
  const refused = refusedItem(error);
  const item = items[refused?.index ?? -1];
  return refused === undefined || item === undefined ? undefined : { ...refused, line: item.line.number };
}

/** The error with the number of its line. */
function located({ line, error }: Refusal): PulpError {
  return new PulpError(error.code, `line ${line}: ${error.message}`, {
    remedy: error.code === 'INVALID_INPUT' ? 'Correct this line; nothing was enqueued.' : error.remedy,
    exitCode: error.exitCode,
    cause: error,
  });
}
