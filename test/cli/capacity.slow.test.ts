import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

suite('the capacity and the rate of a resource', () => {
  test('are said, shown, and kept to by whoever enqueues in whatever way', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const said = await pulp.run([
      'resource',
      'capacity',
      'https://host/gpu/?a=b',
      '4',
      '--reason',
      'four cards.',
    ]);
    assert.match(said.stdout, /^\/gpu\/ has 4 units, 4 free; since \S+Z by \S+: four cards\.\n$/);
    const rated = await pulp.run(['resource', 'rate', '/gpu/', '100/min']);
    assert.match(rated.stdout, /^\/gpu\/ has 4 units, 4 free; 100 granted in 1m 0s; since /);

    const unchecked = ['--unchecked', '--queue', 'later'];
    const first = await pulp.run(['task', 'enqueue', 'test.add', ...unchecked, '--units', '/gpu/=3']);
    assert.equal(first.code, 0, first.stderr);
    const line = { name: 'test.add', unchecked: true, queue: 'later', units: { '/gpu/': 2 } };
    const second = await pulp.run(['task', 'enqueue', '--from', '-'], { input: JSON.stringify(line) });
    assert.equal(second.code, 0, second.stderr);
    await pulp.worker('--tasks', TASKS_FILE); // leads, and has nothing to run
    await client.query('select pulp.grant_reservations()').catch(() => undefined);
    const { rows } = await client.query(
      `select shared_resources, options from pulp.task order by enqueued_at`,
    );
    assert.deepEqual(rows, [
      { shared_resources: ['/gpu/'], options: { units: { '/gpu/': 3 } } },
      { shared_resources: ['/gpu/'], options: { units: { '/gpu/': 2 } } },
    ]);
    for (;;) {
      const { rowCount } = await client.query(`select from pulp.reservation where state = 'granted'`);
      if (rowCount === 1) break;
    }
    const why = await pulp.run(['task', 'why', second.stdout.trim()]);
    assert.match(
      why.stdout,
      new RegExp(
        `It waits for 2 of the 4 units of /gpu/, of which 1 are free; held by task ${first.stdout.trim()}`,
      ),
    );
    const shown = await pulp.run(['resource', 'show', '/gpu/']);
    assert.match(shown.stdout, /capacity +4 units, 1 free\nrate +100 granted in 1m 0s\n/);
    assert.match(shown.stdout, /test\.add +shared, 3 units /);
    const task = await pulp.run(['task', 'show', first.stdout.trim()]);
    assert.match(task.stdout, /\nunits +\{"\/gpu\/":3\}\n/);

    const listed = await pulp.json(['resource', 'capacity']);
    assert.deepEqual(
      (listed.data as { resource: string; rate: number }[]).map(({ resource, rate }) => [resource, rate]),
      [['/gpu/', 100]],
    );
    for (const [verb, what] of [
      ['capacity', /^\/gpu\/ has 100 granted/],
      ['rate', /^$/],
    ] as const) {
      const lifted = await pulp.run(['resource', verb, '/gpu/', 'none']);
      assert.match(lifted.stdout, what);
      assert.equal(lifted.code, 0, lifted.stderr);
    }
    const verified = await pulp.run(['db', 'verify']);
    assert.equal(verified.code, 0, verified.stdout);
    assert.match((await pulp.run(['resource', 'rate'])).stderr, /No resource has a limit/);
  });

  test('are said rightly, or nothing is written', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    for (const [args, message] of [
      [['resource', 'capacity', '/a/', 'many'], /"many" is not a number of units/],
      [['resource', 'capacity', '/a/', '0'], /capacity: must be an integer between 1 and 1000000/],
      [['resource', 'capacity', '/a/', '-1'], /Nonexistent flag|not a number of units/],
      [['resource', 'capacity', '', '1'], /resource/],
      [['resource', 'rate', '/a/', '5'], /"5" is no rate/],
      [['resource', 'rate', '/a/', '5\/fortnight'], /is no rate/],
      [['resource', 'rate', '/a/', '0\/s'], /rate: must be an integer/],
      [['resource', 'rate', '/a/', '5\/0s'], /rate: the period must be/],
      [['task', 'enqueue', 'x', '--unchecked', '--units', '/a/'], /--units: "\/a\/" does not say how many/],
      [['task', 'enqueue', 'x', '--unchecked', '--units', '/a/=1', '--units', '/a/=1'], /is said before/],
      [['task', 'enqueue', 'x', '--unchecked', '--units', '/a/=0'], /units\.\/a\/: must be an integer/],
      [
        ['task', 'enqueue', 'x', '--unchecked', '--units', '/a/=1', '--resource', '/a/'],
        /claimed exclusively/,
      ],
    ] as const) {
      const ended = await pulp.run([...args]);
      assert.match(ended.stderr, message, args.join(' '));
      assert.equal(ended.code, 2, ended.stderr);
    }
    assert.deepEqual((await client.query('select from pulp.event')).rows, []);
  });
});
