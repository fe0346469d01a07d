import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { Scene } from '../engine/scene.ts';
import { CommandLine } from './command-line.ts';

suite('the commands about resources', () => {
  test('tell who holds, who waits, and what it cost', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    const scene = await Scene.open(client);
    const first = await scene.enqueue(50, { resources: ['/a/'] });
    await scene.grant(50);
    await scene.start(50);
    const second = await scene.enqueue(40, { resources: ['/a/', '/\u001b[31mred/'] });
    await scene.finish(30, first);
    await scene.grant(30);
    await scene.start(30);
    const third = await scene.enqueue(20, { shared_resources: ['/a/'] });
    await scene.retell();

    const [list, listed, limited, longAgo, show, shown] = await Promise.all([
      pulp.run(['resource', 'list']),
      pulp.json(['resource', 'list', '--sort', 'queue']),
      pulp.json(['resource', 'list', '--limit', '1', '--window', '2h']),
      pulp.run(['resource', 'list', '--window', '1h']),
      pulp.run(['resource', 'show', '/a/', '--limit', '1']),
      pulp.json(['resource', 'show', '/a/']),
    ]);
    assert.equal(list.code, 0);
    const [header, ...rows] = list.stdout.trimEnd().split('\n');
    assert.match(header ?? '', /^RESOURCE +WAITING +WAITS +LONGEST +BUSY +LINE +HELD BY$/);
    assert.match(
      rows[0] ?? '',
      new RegExp(`^/a/ +30m \\d+s +2 +20m \\d+s +83\\.\\d% +1 shared +t ${second} on w$`),
    );
    assert.match(rows[1] ?? '', /^\/%1B%5B31mred\/ +0ms +0 +0ms +50\.\d% +- +t /);
    assert.deepEqual(longAgo.stdout.split('\n')[0], header);
    assert.deepEqual(
      (listed.data as { resource: string; holders: number }[]).map(({ resource, holders }) => [
        resource,
        holders,
      ]),
      [
        ['/a/', 1],
        ['/%1B%5B31mred/', 1],
      ],
    );
    assert.deepEqual(
      (limited.data as { resource: string }[]).map(({ resource }) => resource),
      ['/a/'],
    );

    assert.equal(show.code, 0);
    assert.match(
      show.stdout,
      /^resource +\/a\/\nheld by +1\nin line +1 shared\nbusy +83\.\d% of 1h 0m\nwaiting +30m \d+s in 2 waits, /,
    );
    assert.match(show.stdout, new RegExp(`\nHolders\nID .*\n${second} +t +exclusive +w +\\S+Z\n`));
    assert.match(show.stdout, new RegExp(`\nLine\nPLACE .*\n1 +${third} +t +shared +\\S+Z\n`));
    assert.match(
      show.stdout,
      new RegExp(
        `\nHeld within the window\nID .*\n${second} +t +exclusive +w +\\S+Z +30m \\d+s +1 +20m \\d+s\n$`,
      ),
    );
    const { holders, line, recent } = shown.data as Record<string, { id: string; waits?: number }[]>;
    assert.deepEqual(
      [holders, line].map((tasks) => tasks?.map(({ id }) => id)),
      [[second], [third]],
    );
    assert.deepEqual(
      recent?.map(({ id, waits }) => [id, waits]),
      [
        [second, 1],
        [first, 1],
      ],
    );
  });

  test('show one that only waits, and one that nobody had to do with lately', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    const scene = await Scene.open(client);
    await scene.goThrough(300, 1);
    await scene.enqueue(5, { resources: ['/wanted/'] });
    await scene.retell();
    const [wanted, passed] = await Promise.all([
      pulp.run(['resource', 'show', '/wanted/']),
      pulp.run(['resource', 'show', '/passed/']),
    ]);
    assert.equal(wanted.code, 0);
    assert.match(wanted.stdout, /^held by +nobody\nin line +1 exclusive\n/m);
    assert.deepEqual(
      [passed.code, passed.stdout],
      [0, 'resource  /passed/\nheld by   nobody\nin line   -\n'],
    );
  });

  test('say what they cannot tell', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const [empty, unknown, window, none] = await Promise.all([
      pulp.run(['resource', 'list']),
      pulp.run(['resource', 'show', '/nowhere/']),
      pulp.run(['resource', 'list', '--window', 'soon']),
      pulp.run(['resource', 'show', '/nowhere/', '--window', '0s']),
    ]);
    assert.deepEqual(empty, {
      code: 0,
      stdout: '',
      stderr: 'No task has claimed a resource in that time.\n',
    });
    assert.deepEqual([unknown.code, unknown.stdout], [3, '']);
    assert.match(unknown.stderr, /^Error: no task has claimed "\/nowhere\/"\nTry: /);
    assert.equal(window.code, 2);
    assert.match(window.stderr, /--window: "soon" is not a length of time/);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /cannot look back over 00:00:00\nTry: /);
  });
});
