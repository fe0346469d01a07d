import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import {
  cancel,
  defineTask,
  enqueueMany,
  enqueueWithReservation,
  getConnection,
  readTask,
  secret,
  TaskHandle,
} from '../../src/index.ts';

/** Task types that look at what their process has, and ask its worker. */

/** What this process, one that it starts, its worker and the worker's guardian show of their environments. */
export const environments = defineTask('process.environments', {
  run: () => {
    const worker = process.ppid;
    const shown = [process.pid, worker, ...childrenOf(worker)].map(environmentOf);
    return {
      own: Object.keys(process.env).sort(),
      database: process.env['DATABASE_URL'] ?? null,
      shown: [...shown, execFileSync('/usr/bin/env', { encoding: 'latin1' }), process.argv.join(' ')].join(
        '\n',
      ),
    };
  },
});

function childrenOf(pid: number): readonly number[] {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).flatMap((thread) =>
    readFileSync(`${threads}/${thread}/children`, 'latin1').trim().split(' ').map(Number),
  );
}

/** One variable a line; of processes that are gone, none. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').replaceAll('\0', '\n');
  } catch {
    return '';
  }
}

export const keeps = defineTask('process.keeps', {
  kwargs: z.object({ token: secret(z.string()), n: z.number().default(0) }),
  run: ({ kwargs }) => createHash('sha256').update(kwargs.token).digest('hex'),
});

export const waits = defineTask('process.waits', {
  run: ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error('told to end'));
      });
    }),
});

/** Enqueues tasks by their types and by name, waits for one and cancels another. */
export const parent = defineTask('process.parent', {
  kwargs: z.object({ token: secret(z.string()) }),
  run: async ({ kwargs: { token } }) => {
    const child = await enqueueWithReservation(keeps, ['/a/'], { kwargs: { token } });
    const [named, waiting] = await enqueueMany([
      { task: keeps.name, kwargs: { token }, delay: 3600 },
      { task: waits, delay: '1h', resources: ['/b/'] },
    ]);
    const { state, result, finished_at } = await child.wait();
    return {
      child: { id: child.id, state, result, isDate: finished_at instanceof Date },
      named: named?.id,
      canceled: await waiting?.cancel('not needed'),
      cause: (await waiting?.read())?.cancel_reason,
      late: await named?.wait({ timeout: 50 }).catch((error: unknown) => (error as { code: string }).code),
    };
  },
});

/** What it is refused, by code. */
export const refused = defineTask('process.refused', {
  kwargs: z.object({ other: z.string() }),
  run: async ({ kwargs: { other } }) => {
    const attempts: Readonly<Record<string, () => Promise<unknown>>> = {
      connection: () => getConnection(),
      reading: () => readTask(other),
      'a task of another': () => new TaskHandle(other).read(),
      'to wait for it': () => new TaskHandle(other).wait(),
      'to cancel it': () => cancel(other),
      'a name that nobody knows': () => enqueueWithReservation('process.keps', []),
      'wrong arguments': () => enqueueWithReservation(keeps, [], { kwargs: {} as { token: string } }),
      'of several': () => enqueueMany([{ task: waits }, { task: waits, delay: 'soon' }]),
    };
    const codes: Record<string, string> = {};
    for (const [what, attempt] of Object.entries(attempts)) {
      codes[what] = await attempt().then(
        () => 'granted',
        (error: unknown) => {
          const { code, remedy, message } = error as { code: string; remedy: string; message: string };
          return `${code}${remedy === '' ? ' without remedy' : ''}${message.startsWith('request 1:') ? ' of request 1' : ''}`;
        },
      );
    }
    return codes;
  },
});

/** Enqueues more at once than one line of its channel takes. */
export const floods = defineTask('process.floods', {
  kwargs: z.object({ tasks: z.number() }),
  run: async ({ kwargs: { tasks } }) => {
    const filler = '🦄"'.repeat(2000);
    const handles = await enqueueMany(
      Array.from({ length: tasks }, (_, n) => ({
        task: 'process.unknown',
        unchecked: true,
        delay: '1h',
        kwargs: { n, filler },
      })),
    );
    return { first: handles[0]?.id, ids: new Set(handles.map(({ id }) => id)).size, filler };
  },
});
