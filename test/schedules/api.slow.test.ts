import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { z } from 'zod';
import {
  closeConnection,
  createSchedule,
  defineTask,
  deleteSchedule,
  listSchedules,
  pauseSchedule,
  previewSchedule,
  previewTimes,
  readSchedule,
  readScheduleHistory,
  resumeSchedule,
  runSchedule,
  secret,
} from '../../src/index.ts';
import { fireSchedules } from '../../src/leader/fire-schedules.ts';
import { nextOccurrence } from '../../src/schedules/rule.ts';
import { connect, createDatabase } from '../support/database.ts';

suite('schedules in TypeScript', async () => {
  const database = await createDatabase();
  process.env['DATABASE_URL'] = database.url;
  const sync = defineTask('repo.sync', {
    kwargs: z.object({ url: z.url() }),
    run: () => Promise.resolve(null),
  });
  after(async () => {
    await closeConnection();
    await database[Symbol.asyncDispose]();
  });

  test('are made for a task type, and everything that can be done to them', async () => {
    const kwargs = { url: 'https://example.org/' };
    const times = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };
    await createSchedule('nightly', times, { task: sync, kwargs, resources: ['/a/'] }, { overlap: 'queue' });
    const schedule = await readSchedule('nightly');
    assert.partialDeepStrictEqual(schedule, {
      state: 'active',
      overlap: 'queue',
      catch_up: 'one',
      item: { name: 'repo.sync', kwargs, resources: ['/a/'] },
    });
    assert.deepEqual(await previewSchedule('nightly', 3), await previewTimes(times, 3));
    await pauseSchedule('nightly', 'moved');
    await resumeSchedule('nightly');
    const id = await runSchedule('nightly');
    assert.equal((await readSchedule('nightly')).last_task, id);
    await deleteSchedule('nightly');
    assert.deepEqual(await listSchedules({ limit: 10 }), []);
    const history = await readScheduleHistory('nightly', { limit: 10 });
    assert.deepEqual(
      history.map(({ version }) => version),
      [5, 4, 3, 2, 1],
    );
  });

  test('with bad arguments or secrets are refused', async () => {
    const secretive = defineTask('secretive', {
      kwargs: z.object({ token: secret(z.string()) }),
      run: () => Promise.resolve(null),
    });
    const times = { every: '10m' };
    await assert.rejects(createSchedule('s', times, { task: sync, kwargs: { url: 'no' } }), {
      code: 'INVALID_INPUT',
    });
    await assert.rejects(
      createSchedule('s', times, { task: secretive, kwargs: { token: 'x' } }),
      /has secrets/,
    );
    await assert.rejects(createSchedule('s', { every: 0.1 }, { task: sync, kwargs: { url: 'http://a/' } }), {
      code: 'BAD_SCHEDULE',
    });
    const many = Array.from({ length: 256 }, (_, index) => `/r/${index}/`);
    await assert.rejects(
      createSchedule('s', times, { task: 'a', unchecked: true, resources: many }, { overlap: 'queue' }),
      /at most 255/,
    );
    assert.deepEqual(await listSchedules({ limit: 10 }), []);
  });

  test('begin and end in years that their rules can be worked out for, whoever makes them', async () => {
    await using client = await connect(database.url);
    for (const times of [
      { starts_at: null },
      { starts_at: '-infinity' },
      { starts_at: '0044-03-15 BC' },
      { until: 'infinity' },
      { until: '12026-01-01' },
    ]) {
      const definition = {
        name: 's',
        kind: 'every',
        rule: '1000',
        ...times,
        item: { name: 'a', unchecked: true },
      };
      await assert.rejects(client.query('select pulp.create_schedule($1, now())', [definition]), {
        code: 'PU004',
        message: /: must be a point in time of the years 1 to 9999$/,
      });
    }
  });

  test('are previewed as they are enqueued, over all changes of the clock', async () => {
    await using client = await connect(database.url);
    // From before the clocks were changed in spring until after autumn: 2026-03-29 and 2026-10-25.
    const startsAt = new Date('2026-03-27T00:00:00Z');
    const until = new Date('2026-10-27T00:00:00Z');
    const rules = ['30 2 * * *', '*/30 2 * * 0', '0 1-4 * * 6,0', '30 */2 * * 0'];
    for (const [index, cron] of rules.entries()) {
      const rule = { kind: 'cron' as const, rule: cron, timeZone: 'Europe/Berlin', startsAt, until };
      const definition = {
        name: `past${index}`,
        kind: rule.kind,
        rule: rule.rule,
        time_zone: rule.timeZone,
        starts_at: startsAt,
        overlap: 'queue',
        catch_up: 'all',
        item: { name: 'a', unchecked: true },
      };
      await client.query('select pulp.create_schedule($1, $2)', [definition, nextOccurrence(rule, startsAt)]);
    }
    await client.query('update pulp.schedule set until = $1', [until]); // as if it had been made then
    const previewed = await Promise.all(rules.map((_, index) => previewSchedule(`past${index}`, 1000)));
    while ((await fireSchedules(client)).enqueued > 0);
    for (const [index, preview] of previewed.entries()) {
      const { rows } = await client.query<{ nominal: Date }>(
        `select (data ->> 'nominal_at')::timestamptz as nominal from pulp.event
         where stream_kind = 'system' and stream_id = $1 and type = 'OccurrenceEnqueued' order by version`,
        [`schedule/past${index}`],
      );
      assert(preview.length > 50);
      assert.deepEqual(
        rows.map(({ nominal }) => nominal.toISOString()),
        preview.map((moment) => moment.toISOString()),
      );
    }
  });
});
