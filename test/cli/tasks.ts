import { once } from 'node:events';
import { Client } from 'pg';
import { z } from 'zod';
import { defineTask } from '../../src/index.ts';

/** Task types that the tests of the command line run. */

export const add = defineTask('test.add', {
  args: z.tuple([z.number(), z.number()]),
  isolation: 'inline',
  run: ({ args }) => args[0] + args[1],
});

export const sync = defineTask('test.sync', {
  kwargs: z.object({ url: z.url() }),
  isolation: 'inline',
  run: ({ kwargs }) => kwargs.url,
});

export const fail = defineTask('test.fail', {
  isolation: 'inline',
  run: () => {
    throw new Error('out of luck');
  },
});

/** Runs until its gate is opened, or it is told to end; see `Gate`. */
export const hold = defineTask('test.hold', {
  run: async ({ id, signal }) => {
    const client = new Client({ connectionString: process.env['DATABASE_URL'] });
    await client.connect();
    const aborted = once(signal, 'abort').then(() => {
      throw signal.reason as Error;
    });
    try {
      await client.query("select pg_notify('test_held', $1)", [id]);
      await Promise.race([client.query('select pg_advisory_lock_shared(1)'), aborted]);
    } finally {
      await client.end();
    }
  },
});
