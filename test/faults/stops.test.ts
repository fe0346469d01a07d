import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { eventually } from './eventually.ts';
import { Fleet } from './fleet.ts';
import { stateOf, unfinished } from './endings.ts';
import { workerState } from './workers.ts';
import { readRun } from './journalled-runs.ts';
import { damage } from './damage.ts';
import { Load } from './load.ts';
import { isAlive } from '../support/is-alive.ts';
import { scaled } from './scale.ts';
import { horseCanceled, horseRetried } from './task-types.ts';
import { WARNING } from './worker-process.ts';

const TTL_SECONDS = 2;

/** A run that goes on for longer than any stop. */
const ENDLESS_MS = 600_000;

/** A run that ends while its worker is stopped. */
const BRIEF_MS = 700;

test('a worker that is stopped for longer than its TTL reports nothing of its old runs, and comes back', async (t) => {
  const stops = scaled(1, 50);
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using fleet = await Fleet.create({ databaseUrl: database.url, ttlSeconds: TTL_SECONDS });
  await fleet.explaining(t, async () => {
    await fleet.start('steady');
    let victim = await fleet.start('stopped', { queues: ['stopped'] });
    await using load = Load.start({ rate: 20, resources: ['/faults/a/', '/faults/b/', '/faults/c/'] });
    for (let stop = 0; stop < stops; stop += 1) {
      const resources = [`/faults/held/${stop}/`];
      const [endless, brief, successor] = [randomUUID(), randomUUID(), randomUUID()];
      const held = { resources, kwargs: { ms: ENDLESS_MS, exclusive: resources } };
      await load.enqueue([
        { ...held, id: endless, task: horseCanceled, queue: 'stopped', priority: 1 },
        { id: brief, task: horseRetried, queue: 'stopped', priority: 1, kwargs: { ms: BRIEF_MS } },
        { ...held, id: successor, task: horseRetried, kwargs: { ms: 10, exclusive: resources } },
      ]);
      const run = await eventually('the endless run has begun', () => readRun(fleet.journal, endless));
      await eventually('the brief run has begun', () => readRun(fleet.journal, brief));

      const from = victim.log.length;
      victim.signal('SIGSTOP');
      await eventually(`horse ${run.pid} has ended`, () => !isAlive(run.pid));
      await eventually(
        'the stopped worker is given up',
        async () => (await workerState(client, victim.name)) === 'missing',
      );
      await eventually(
        'the successor has its resource',
        async () => (await stateOf(client, successor)) === 'completed',
      );
      victim.signal('SIGCONT');
      // One that had code inline in hand was ended with it, by its guardian; a supervisor starts it again.
      const wasEnded = await Promise.race([
        victim.ended.then(() => true),
        victim.logged('online', { from }).then(
          () => false,
          () => true, // it ended
        ),
      ]);
      if (wasEnded) {
        victim = await fleet.start('stopped', { queues: ['stopped'] });
      } else {
        const told = victim.log.slice(from).some(({ level }) => level >= WARNING);
        assert(told, 'the log of the worker tells that its lease was over');
      }
    }
    await load.stop();
    await eventually('all tasks are over', async () => (await unfinished(client)) === 0);
    assert.deepEqual(await fleet.stop(), []);

    t.diagnostic(`${stops} stops, ${load.acknowledged.length} tasks`);
    assert.deepEqual(await damage(fleet, load, client), []);
  });
});
