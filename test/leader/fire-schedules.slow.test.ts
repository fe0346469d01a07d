import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { fireSchedules, LOCKED_SECONDS } from '../../src/leader/fire-schedules.ts';
import { connect, createDatabase } from '../support/database.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

interface Made {
  readonly name?: string;
  readonly every?: number;
  readonly overlap?: string | undefined;
  readonly catchUp?: string | undefined;
  readonly item?: object;
  /** How long ago the next occurrence was due, in milliseconds. */
  readonly dueAgo?: number;
  readonly until?: Date;
}

/** Makes a schedule that has been due for a while, as if nobody had led. */
async function make(client: Client, made: Made = {}): Promise<Date> {
  const { name = 'nightly', every = HOUR_MS, overlap = 'skip', catchUp = 'one', dueAgo = 0, until } = made;
  const { rows } = await client.query<{ now: Date }>('select clock_timestamp() as now');
  const due = new Date((rows[0]?.now.getTime() ?? 0) - dueAgo);
  const definition = {
    name,
    kind: 'every',
    rule: String(every),
    starts_at: due,
    overlap,
    catch_up: catchUp,
    item: { name: 'test.add', unchecked: true, ...made.item },
    ...(until !== undefined && { until }),
  };
  await client.query('select pulp.create_schedule($1, $2)', [definition, due]);
  return due;
}

/** Fires until nothing is due, also what another has locked for the moment. */
async function fireAll(client: Client): Promise<void> {
  while (((await fireSchedules(client)).nextDueSeconds ?? Infinity) <= LOCKED_SECONDS);
}

interface Fact {
  readonly type: string;
  readonly why: string | null;
  readonly count: number | null;
  readonly first: Date | null;
  readonly nominal: Date;
  readonly task: string | null;
}

async function factsOf(client: Client, name = 'nightly'): Promise<Fact[]> {
  const { rows } = await client.query<Fact>(
    `select type, data ->> 'why' as why, (data ->> 'count')::integer as count, (data ->> 'first_at')::timestamptz as first,
       coalesce(data ->> 'nominal_at', data ->> 'last_at')::timestamptz as nominal, data ->> 'task_id' as task
     from pulp.event where stream_kind = 'system' and stream_id = 'schedule/' || $1 and type ~ '^Occurrence' order by version`,
    [name],
  );
  return rows;
}

suite('schedules that are due', () => {
  test('are enqueued once each, however many lead at the same time', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (let index = 0; index < 20; index += 1) {
      await make(client, {
        name: `s${index}`,
        catchUp: 'all',
        every: 60_000,
        dueAgo: 20 * 60_000,
        overlap: 'queue',
      });
    }
    await using other = await connect(database.url);
    await using third = await connect(database.url);
    await Promise.all([client, other, third].map(fireAll));
    for (let index = 0; index < 20; index += 1) {
      const facts = await factsOf(client, `s${index}`);
      assert.ok(facts.length >= 21, `${facts.length}`);
      facts.forEach((fact, place) => {
        assert.equal(fact.type, 'OccurrenceEnqueued');
        if (place > 0)
          assert.equal(fact.nominal.getTime() - (facts[place - 1]?.nominal.getTime() ?? 0), 60_000);
      });
    }
    const { rows } = await client.query<{ tasks: number; told: number; version: number }>(`
      select (select count(*) from pulp.task)::integer as tasks,
        (select count(distinct data ->> 'task_id') from pulp.event where type = 'OccurrenceEnqueued')::integer as told,
        (select sum(enqueued) from pulp.schedule)::integer as version`);
    assert.equal(rows[0]?.tasks, rows[0]?.told);
    assert.equal(rows[0]?.tasks, rows[0]?.version);
    assert.deepEqual((await client.query('select * from pulp.verify()')).rows, []);
  });

  test('make up for what was missed as they say', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const dueAgo = 50.5 * HOUR_MS; // 51 occurrences, and two days of them
    const cases = [
      [
        'one',
        dueAgo,
        [
          ['OccurrenceSkipped', 'missed', 50],
          ['OccurrenceEnqueued', null, null],
        ],
      ],
      ['none', dueAgo, [['OccurrenceSkipped', 'missed', 51]]],
      ['all', dueAgo, Array.from({ length: 51 }, () => ['OccurrenceEnqueued', null, null])],
      ['none', 1000, [['OccurrenceEnqueued', null, null]]],
      ['none', 61_000, [['OccurrenceSkipped', 'missed', 1]]],
      [
        'one',
        1000 * HOUR_MS + 1000,
        [
          ['OccurrenceSkipped', 'missed', 1000],
          ['OccurrenceEnqueued', null, null],
        ],
      ],
    ] as const;
    for (const [index, [catchUp, ago, expected]] of cases.entries()) {
      const name = `case${index}`;
      const due = await make(client, { name, catchUp, dueAgo: ago, overlap: 'queue' });
      await fireAll(client);
      const facts = await factsOf(client, name);
      assert.deepEqual(
        facts.map(({ type, why, count }) => [type, why, count]),
        expected,
        `${catchUp} ${ago}`,
      );
      // Nothing is left out between.
      let next = due.getTime();
      for (const { first, nominal, count } of facts) {
        assert.equal((first ?? nominal).getTime(), next);
        next = nominal.getTime() + HOUR_MS;
        if (count !== null && first !== null)
          assert.equal(nominal.getTime() - first.getTime(), (count - 1) * HOUR_MS);
      }
      const { rows } = await client.query<{ next_at: Date }>(
        'select next_at from pulp.schedule where name = $1',
        [name],
      );
      assert.equal(rows[0]?.next_at.getTime(), next);
    }
  });

  test('skip, queue or cancel where the one before is not over', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (const overlap of ['skip', 'queue', 'cancel-previous']) {
      await make(client, { name: overlap, overlap, catchUp: 'all', dueAgo: HOUR_MS + 1000 });
    }
    await fireAll(client);
    const told = async (name: string) => (await factsOf(client, name)).map(({ type, why }) => why ?? type);
    assert.deepEqual(await told('skip'), ['OccurrenceEnqueued', 'overlap']);
    assert.deepEqual(await told('queue'), ['OccurrenceEnqueued', 'OccurrenceEnqueued']);
    assert.deepEqual(await told('cancel-previous'), ['OccurrenceEnqueued', 'OccurrenceEnqueued']);
    const { rows } = await client.query<{ states: string[]; resources: string[] }>(`
      select array_agg(t.state order by t.id) as states, max(t.exclusive_resources) as resources
      from pulp.event e join pulp.task t on t.id = (e.data ->> 'task_id')::uuid
      where e.type = 'OccurrenceEnqueued' and e.stream_id <> 'schedule/skip' group by e.stream_id order by e.stream_id`);
    assert.deepEqual(rows, [
      { states: ['canceled', 'waiting'], resources: ['/pulp/schedules/cancel-previous/'] },
      { states: ['waiting', 'waiting'], resources: ['/pulp/schedules/queue/'] },
    ]);
  });

  test('that are refused are skipped, say why, and hold up no other', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (let index = 0; index < 9; index += 1) await make(client, { name: `s${index}`, dueAgo: 1000 });
    // Since they were made, their type was marked to have secrets, and a rule was spoilt.
    await client.query(`
      update pulp.schedule set item = item || '{"name": "Not a name"}' where name = 's4';
      update pulp.schedule set kind = 'cron', rule = 'no cron' where name = 's7'`);
    await fireAll(client);
    for (let index = 0; index < 9; index += 1) {
      const [fact] = await factsOf(client, `s${index}`);
      assert.equal(
        fact?.why ?? fact?.type,
        [4, 7].includes(index) ? 'refused' : 'OccurrenceEnqueued',
        `s${index}`,
      );
    }
    const { rows } = await client.query<{ name: string; state: string; detail: string }>(`
      select s.name, s.state, e.data ->> 'detail' as detail from pulp.schedule s join pulp.event e on e.stream_id = 'schedule/' || s.name
      where e.type = 'OccurrenceSkipped' order by s.name`);
    assert.deepEqual(
      rows.map(({ name, state }) => [name, state]),
      [
        ['s4', 'active'],
        ['s7', 'ended'],
      ],
    );
    assert.match(rows[0]?.detail ?? '', /^name: must start with a letter/);
    assert.match(rows[1]?.detail ?? '', /cannot be worked out: cron: "no cron" has 2 fields/);
  });

  test('that somebody has locked, or whose tasks, hold up no other', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (let index = 0; index < 6; index += 1) {
      await make(client, {
        name: `s${index}`,
        overlap: 'cancel-previous',
        catchUp: 'all',
        dueAgo: HOUR_MS + 1000,
      });
    }
    assert.equal((await fireSchedules(client)).enqueued, 6); // of each one more is due
    await using stranger = await connect(database.url);
    await using other = await connect(database.url);
    await stranger.query(`begin; select from pulp.schedule where name = 's2' for update`);
    await other.query(
      `begin; select from pulp.task where id = (select last_task from pulp.schedule where name = 's4') for update`,
    );
    assert.equal((await fireSchedules(client)).enqueued, 4);
    const enqueued = async () => {
      const { rows } = await client.query<{ enqueued: number }>(
        'select enqueued::integer from pulp.schedule order by name',
      );
      return rows.map((row) => row.enqueued);
    };
    assert.deepEqual(await enqueued(), [2, 2, 1, 2, 1, 2]);
    await assert.rejects(fireSchedules(client), { code: '55P03' }); // so that it is told, and tried less and less often
    await other.query('commit');
    assert.equal((await fireSchedules(client)).enqueued, 1);
    assert.equal((await fireSchedules(client)).nextDueSeconds, LOCKED_SECONDS);
    await stranger.query('commit');
    await fireAll(client);
    assert.deepEqual(await enqueued(), [2, 2, 2, 2, 2, 2]);
  });

  test('are not made up for what came while they were paused, and end where they are to end', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const due = await make(client, { catchUp: 'all', dueAgo: 3 * HOUR_MS + 1000 });
    await client.query(`select pulp.pause_schedule('nightly', 'moved')`);
    await client.query(`update pulp.schedule set paused_at = next_at - interval '1 second'`);
    await fireAll(client);
    assert.deepEqual(await factsOf(client), []);
    await client.query(`select pulp.resume_schedule('nightly')`);
    await fireAll(client);
    const [skipped, ...rest] = await factsOf(client);
    assert.deepEqual(rest, []);
    assert.deepEqual([skipped?.why, skipped?.count, skipped?.first], ['paused', 4, due]);

    await make(client, { name: 'ends', dueAgo: 1000, until: new Date(Date.now() + 60_000) });
    await fireAll(client);
    const { rows } = await client.query(
      `select state, next_at, enqueued from pulp.schedule where name = 'ends'`,
    );
    assert.deepEqual(rows, [{ state: 'ended', next_at: null, enqueued: '1' }]);
  });

  // Of four occurrences two were due before it was paused.
  for (const [catchUp, afterThree, afterFour] of [
    ['none', ['2 missed', '1 paused', 'enqueued'], ['2 missed', '2 paused']],
    ['one', ['2 missed', '1 paused', 'enqueued'], ['1 missed', 'enqueued', '2 paused']],
    ['all', ['enqueued', 'enqueued', '1 paused', 'enqueued'], ['enqueued', 'enqueued', '2 paused']],
  ] as const) {
    test(`were due before they were paused, and are not skipped for that (catch up: ${catchUp})`, async () => {
      await using database = await createDatabase();
      await using client = await connect(database.url);
      for (const [resumedAfter, expected] of [
        ['150 minutes', afterThree],
        ['180.001 minutes', afterFour],
      ] as const) {
        const name = `after-${parseInt(resumedAfter)}`;
        const due = await make(client, { name, catchUp, overlap: 'queue', dueAgo: 3 * HOUR_MS + 1000 });
        await client.query('select pulp.pause_schedule($1)', [name]);
        await client.query(`select pulp.pause_schedule($1, 'still')`, [name]);
        await client.query('select pulp.resume_schedule($1)', [name]);
        await client.query(
          `update pulp.schedule
           set paused_at = $2::timestamptz + interval '90 minutes', changed_at = $2::timestamptz + $3::interval
           where name = $1`,
          [name, due, resumedAfter],
        );
        await fireAll(client);
        const facts = await factsOf(client, name);
        assert.deepEqual(
          facts.map(({ why, count }) => (why === null ? 'enqueued' : `${count} ${why}`)),
          expected,
          name,
        );
      }
    });
  }

  test('are each enqueued or told why not, whatever becomes of the leaders meanwhile', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const names = Array.from({ length: 12 }, (_, index) => `s${index}`);
    const policies = ['one', 'none', 'all'];
    const overlaps = ['skip', 'queue', 'cancel-previous'];
    const first = new Map<string, number>();
    for (const [index, name] of names.entries()) {
      const due = await make(client, {
        name,
        every: MINUTE_MS,
        catchUp: policies[index % 3],
        overlap: overlaps[Math.floor(index / 3) % 3],
        dueAgo: 40.5 * MINUTE_MS,
      });
      first.set(name, due.getTime());
    }
    let isOver = false;
    const lead = async () => {
      while (!isOver) {
        const leader = await connect(database.url);
        try {
          while (!isOver) await fireSchedules(leader);
        } catch {
          // Its session was ended, in the middle of whatever it did; another one leads.
        } finally {
          await leader.end().catch(() => undefined);
        }
      }
    };
    const leaders = [lead(), lead(), lead()];
    for (let round = 0; round < 60; round += 1) {
      const name = names[round % names.length];
      await client.query(`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' order by random() limit 1`);
      if (round % 3 === 0) await client.query('select pulp.pause_schedule($1)', [name]);
      if (round % 3 === 1) await client.query('select pulp.run_schedule($1)', [name]);
      await client.query(`
        select pulp.resume_schedule(name) from pulp.schedule where state = 'paused' and random() < 0.3`);
    }
    isOver = true;
    await Promise.all(leaders);
    await client.query(`select pulp.resume_schedule(name) from pulp.schedule where state = 'paused'`);
    await fireAll(client);

    for (const name of names) {
      const { rows } = await client.query<{ from: Date; to: Date }>(
        `select coalesce(data ->> 'first_at', data ->> 'nominal_at')::timestamptz as from,
           coalesce(data ->> 'last_at', data ->> 'nominal_at')::timestamptz as to
         from pulp.event where stream_kind = 'system' and stream_id = 'schedule/' || $1 and type ~ '^Occurrence'
           and (data ->> 'by_hand')::boolean is not true order by version`,
        [name],
      );
      let next = first.get(name) ?? NaN;
      for (const { from, to } of rows) {
        assert.equal(from.getTime(), next, name);
        next = to.getTime() + MINUTE_MS;
      }
      assert(next > Date.now(), `${name} is up to date`);
    }
    const { rows: counts } = await client.query<{ told: string; tasks: string }>(`
      select (select count(distinct data ->> 'task_id') from pulp.event where type = 'OccurrenceEnqueued') as told,
        (select count(*) from pulp.task) as tasks`);
    assert.equal(counts[0]?.tasks, counts[0]?.told);
    assert.deepEqual((await client.query('select * from pulp.verify()')).rows, []);
  });

  test('cost nothing for those that are not', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (let index = 0; index < 5; index += 1) await make(client, { name: `due${index}`, dueAgo: 1000 });
    await client.query(`
      insert into pulp.schedule
      select (jsonb_populate_record(s, jsonb_build_object('name', 'later' || g, 'next_at', clock_timestamp() + interval '1 day'))).*
      from pulp.schedule s cross join generate_series(1, 5000) g where s.name = 'due0'`);
    for (const analyze of [false, true]) {
      if (analyze) await client.query('analyze pulp.schedule');
      await client.query('begin');
      const { enqueued } = await fireSchedules(client);
      const { rows } = await client.query<{ read: number }>(`
        select (seq_tup_read + idx_tup_fetch)::integer as read from pg_stat_xact_user_tables where relid = 'pulp.schedule'::regclass`);
      await client.query('rollback');
      assert.equal(enqueued, 5);
      assert((rows[0]?.read ?? Infinity) < 500, `${rows[0]?.read} rows were read`);
    }
  });
});
