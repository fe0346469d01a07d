/** The task types of the demonstration: what its workers find here is what they run. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask } from '../tasks/define-task.ts';

const repository = z.string();

/** How long the made-up work on one package takes, in milliseconds. */
const PACKAGE_MS = 120;

/** Fetches a repository's packages one by one and reports how far it is. */
export const sync = defineTask('demo.sync', {
  kwargs: z.object({ repository, packages: z.int().positive() }),
  run: async ({ kwargs: { packages }, progress, signal }) => {
    for (let done = 1; done <= packages; done++) {
      await pause(PACKAGE_MS, undefined, { signal });
      progress({ done, total: packages });
    }
    return { packages };
  },
});

/** Writes an index into its own working directory and gives its digest. */
export const publish = defineTask('demo.publish', {
  kwargs: z.object({ repository }),
  run: async ({ kwargs, workingDirectory, signal }) => {
    const index = join(workingDirectory, 'index.json');
    await writeFile(index, JSON.stringify(kwargs));
    await pause(800, undefined, { signal });
    return {
      sha256: createHash('sha256')
        .update(await readFile(index))
        .digest('hex'),
    };
  },
});

/** Reads a repository, beside others that only read it. */
export const read = defineTask('demo.read', {
  kwargs: z.object({ repository }),
  run: async ({ signal }) => pause(1000, undefined, { signal }),
});

/** Copies from one repository, which it shares, into another, which it has alone. */
export const copy = defineTask('demo.copy', {
  kwargs: z.object({ repository, from: repository }),
  run: async ({ signal }) => pause(900, undefined, { signal }),
});

/** Runs in the worker itself, without a process of its own. */
export const scan = defineTask('demo.scan', {
  kwargs: z.object({ unit: z.string() }),
  isolation: 'inline',
  run: async ({ kwargs: { unit }, signal }) => {
    await pause(150, undefined, { signal });
    return { clean: true, unit };
  },
});

/** Fails. */
export const unpack = defineTask('demo.unpack', {
  kwargs: z.object({ repository }),
  run: async ({ kwargs, signal }) => {
    await pause(300, undefined, { signal });
    throw new Error(`the archive of ${kwargs.repository} is damaged: its checksum is wrong`);
  },
});

/** Fails at first and succeeds when it is tried again. */
export const mirror = defineTask('demo.mirror', {
  kwargs: z.object({ repository }),
  run: async ({ attempt, signal }) => {
    await pause(400, undefined, { signal });
    if (attempt === 1) throw new Error('the mirror did not answer');
    return { attempts: attempt };
  },
});

/** Never ends by itself: it waits until it is canceled. */
export const hang = defineTask('demo.hang', {
  kwargs: z.object({ repository }),
  run: async ({ signal }) => pause(2 ** 31 - 1, undefined, { signal }),
});
