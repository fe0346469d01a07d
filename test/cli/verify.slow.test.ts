import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { openHistory } from '../support/history.ts';
import { CommandLine } from './command-line.ts';

suite('pulp db verify', () => {
  test('says that all is well, or one line for each violation, and exits accordingly', async () => {
    await using history = await openHistory();
    const { client, database } = history;
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });

    const [sound, sample] = await Promise.all([
      pulp.run(['db', 'verify']),
      pulp.run(['db', 'verify', '--sample', '5']),
    ]);
    assert.deepEqual([sound.code, sound.stdout], [0, '']);
    assert.match(sound.stderr, /^All is well: 22 events in [\d.]+ s\.\n$/);
    assert.deepEqual([sample.code, sample.stdout], [0, '']);
    assert.match(sample.stderr, /^All is well: 5 random tasks in \d+ ms\.\n$/);

    const { rows } = await client.query<{ id: string }>(
      `update pulp.task set priority = 7, group_id = E'a\\nb' where kwargs ->> 'name' in ('first', 'free') returning id`,
    );
    const [text, limited, json] = await Promise.all([
      pulp.run(['db', 'verify']),
      pulp.run(['db', 'verify', '--limit', '1']),
      pulp.json(['db', 'verify', '--sample', '1000']),
    ]);
    assert.equal(text.code, 1);
    assert.equal(text.stdout.trimEnd().split('\n').length, 5); // the job of one of them says something else, too, and their group has none of them
    assert.ok(
      text.stdout.includes(
        `task_as_folded: task ${rows[0]?.id}: its row is not what its events tell; ` +
          String.raw`should be {"group_id":null,"priority":0}; is {"group_id":"a\nb","priority":7}`,
      ),
      text.stdout,
    );
    assert.match(text.stderr, /^5 violations: 22 events/);
    assert.deepEqual([limited.code, limited.stdout.trimEnd().split('\n').length], [1, 1]);
    assert.match(limited.stderr, /^5 violations, of which 1 are shown: /);
    assert.equal(json.code, 1);
    const data = json.data as {
      ok: boolean;
      found: number;
      violations: { rule: string; stream_id: string }[];
    };
    assert.deepEqual([data.ok, data.found], [false, 3]);
    assert.deepEqual(
      new Set(data.violations.map(({ stream_id }) => stream_id)),
      new Set(rows.map(({ id }) => id)),
    );
  });

  test('refuses a sample of nothing, and says what a database lacks', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    {
      await using client = await connect(database.url);
      await client.query('drop schema pulp cascade');
    }
    const [none, unmigrated] = await Promise.all([
      pulp.run(['db', 'verify', '--sample', '0']),
      pulp.run(['db', 'verify']),
    ]);
    assert.equal(none.code, 2);
    assert.equal(unmigrated.code, 1);
    assert.match(unmigrated.stderr, /Try: Run `pulp db migrate`\./);
  });
});
