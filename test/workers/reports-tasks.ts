import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask, Discard } from '../../src/index.ts';

/** Task types whose code reports on parts of its work, and on what it creates. */

export const syncs = defineTask('reports.syncs', {
  kwargs: z.object({ inline: z.boolean().default(false) }),
  run: async ({ report, created, progress }) => {
    report({ code: 'sync.downloading', message: 'Downloading', total: 3 });
    for (const done of [1, 2, 3]) {
      report({ code: 'sync.downloading', message: 'Downloading', total: 3, done, suffix: 'files' });
      progress({ done });
    }
    report({ code: 'sync.skipped', message: 'Nothing to prune', state: 'skipped' });
    await created('/repositories/1/versions/1/', 'https://example.org/content/7/');
    await created('/repositories/1/versions/1/', '/repositories/1/versions/2/');
    return 'synced';
  },
});

export const syncsInline = defineTask('reports.inline', {
  isolation: 'inline',
  run: syncs.run.bind(syncs) as never,
});

/** Its handler says what it was told, as its result. */
export const fails = defineTask('reports.fails', {
  kwargs: z.object({ hangs: z.boolean().default(false) }),
  onAbandoned: (abandoned, { attempt }) => ({ ...abandoned, attempt }),
  run: async ({ kwargs, report, created, progress }) => {
    report({ code: 'upload', message: 'Uploading', total: 2, done: 1 });
    await created('/uploads/1/');
    progress('created');
    if (kwargs.hangs) await pause(600_000, undefined, { ref: true });
    throw new Discard('the other side hung up');
  },
});

export const misreports = defineTask('reports.misreports', {
  isolation: 'inline',
  run: ({ report }) => {
    report({ code: 'x', message: 'x', done: -1 });
  },
});
