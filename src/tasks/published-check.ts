import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PulpError } from '../errors.ts';
import { Semaphore } from '../postgres/semaphore.ts';
import type { SecretPlace } from '../secrets/secret-places.ts';

const THREAD_FILE = new URL(`./published-check-thread${extname(import.meta.url)}`, import.meta.url);

/** How much time of the processors a check of arguments by a published schema may take, in milliseconds. */
const LIMIT_MS = 200;

/** The longest that it may take by the clock, on a machine that is busy with other things, in milliseconds. */
const PATIENCE_MS = 10_000;

/** What is asked of the thread: arguments of a task, and the schema that some worker has published for them. */
export interface PublishedQuestion {
  readonly schema: unknown;
  readonly value: unknown;
  readonly path: 'args' | 'kwargs';
  readonly secrets: readonly SecretPlace[];
}

/** What it answers: what is wrong with the arguments; null if they are as they should be, or the schema cannot be read here. */
export interface PublishedAnswer {
  readonly problem: { readonly message: string; readonly remedy: string } | null;
}

let thread: Promise<Worker> | undefined;
const oneByOne = new Semaphore(1);

/**
 * Checks arguments by a schema that the database holds. Anybody with a worker's login may have published it, so it is worked with in
 * a thread, and for a while: a pattern of it may take for ever.
 *
 * @throws PulpError INVALID_INPUT with the path of the bad value; SCHEMA_TOO_DEAR if the check takes too long
 */
export async function checkByPublished(type: string, question: PublishedQuestion): Promise<void> {
  const { problem } = await oneByOne.pass(() => ask(type, question));
  if (problem !== null) {
    throw new PulpError('INVALID_INPUT', problem.message, { remedy: problem.remedy, exitCode: 2 });
  }
}

async function ask(type: string, question: PublishedQuestion): Promise<PublishedAnswer> {
  thread ??= start();
  const asked = await thread;
  asked.ref();
  const begun = { cpu: process.cpuUsage(), at: performance.now() };
  const over = new AbortController();
  const watch = setInterval(() => {
    const { user, system } = process.cpuUsage(begun.cpu);
    if ((user + system) / 1000 > LIMIT_MS || performance.now() - begun.at > PATIENCE_MS) over.abort();
  }, LIMIT_MS / 4);
  try {
    const answer = once(asked, 'message', { signal: over.signal });
    asked.postMessage(question);
    return ((await answer) as [PublishedAnswer])[0];
  } catch (error) {
    thread = undefined;
    void asked.terminate();
    if (!over.signal.aborted) throw error;
    throw new PulpError(
      'SCHEMA_TOO_DEAR',
      `${question.path}: they could not be checked in ${LIMIT_MS} ms by the schema that was published for ${type}`,
      {
        remedy:
          'Have the pattern in that schema that takes so long mended, or enqueue it unchecked: its worker checks it.',
        exitCode: 2,
      },
    );
  } finally {
    clearInterval(watch);
    asked.unref(); // it holds up no exit
  }
}

/** A thread that is ready: what it takes to load is no part of a check. */
async function start(): Promise<Worker> {
  const started = new Worker(THREAD_FILE);
  await once(started, 'message');
  return started;
}
