import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { Receiver } from '../support/webhook-receiver.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

suite('subscriptions', () => {
  test('are made, shown, paused, resumed, set back and deleted; a worker sends what they get', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({
      DATABASE_URL: database.url,
      PULP_WEBHOOK_NETWORKS: '127.0.0.0/8',
      PULP_SECRET_KEYS: `k:${Buffer.alloc(32, 7).toString('base64')}`,
    });
    let isWell = true;
    await using receiver = await Receiver.create((response) => response.writeHead(isWell ? 204 : 503).end());
    await pulp.worker('--tasks', TASKS_FILE);

    const flags = ['--to', receiver.url, '--type', 'TaskCompleted', '--name', 'test.add', '--give-up', '1s'];
    const made = await pulp.run(['subscription', 'create', 'hook', ...flags]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^whsec_[A-Za-z0-9+/]{43}=\n$/);
    const { rows } = await client.query<{ kept: string }>(
      'select secret::text as kept from pulp.webhook_secret',
    );
    assert.match(rows[0]?.kept ?? '', /^\{"\$secret"/);
    const fetched = await pulp.run([
      'subscription',
      'create',
      'billing',
      '--kind',
      'task',
      '--from',
      'beginning',
    ]);
    assert.deepEqual([fetched.code, fetched.stdout], [0, 'billing begins after 1:0:0\n']);

    const add = ['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--wait'];
    const { stdout } = await pulp.run(add);
    await until(() => receiver.got.length === 1);
    assert.equal(receiver.got[0]?.events[0]?.stream_id, stdout.split('\n')[0]);

    isWell = false;
    await pulp.run(add);
    await until(async () => {
      const { data } = await pulp.json(['subscription', 'show', 'hook']);
      return (data as { state: string }).state === 'stopped';
    });
    const [check, status, show, list, stats] = await Promise.all([
      pulp.run(['db', 'check']),
      pulp.run(['db', 'status']),
      pulp.run(['subscription', 'show', 'hook']),
      pulp.run(['subscription', 'list']),
      pulp.run(['stats']),
    ]);
    assert.equal(check.code, 1);
    assert.match(check.stdout, /SUBSCRIPTION_STOPPED: subscription hook has stopped/);
    assert.match(status.stdout, /^subscriptions +hook has stopped: it answered 503$/m);
    assert.match(
      show.stdout,
      /^state +stopped$[^]*^reason +it answered 503$[^]*^events +TaskCompleted of test\.add$/m,
    );
    assert.match(
      list.stdout,
      /^NAME +STATE +EVENTS +BEHIND +GIVEN +TO\nbilling +active +task +\d+, since \S+ +0 +consumers\nhook +stopped +/,
    );
    assert.match(stats.stdout, /^subscriptions +1 stopped, 1 active; .* behind$/m);
    isWell = true;
    const resumed = await pulp.run(['subscription', 'resume', 'hook', '--reason', 'it is back']);
    assert.deepEqual([resumed.code, resumed.stdout], [0, 'hook is resumed\n']);
    await until(() => receiver.got.at(-1)?.events.length === 1 && new Set(receiver.cursors).size === 2);

    const paused = await pulp.run(['subscription', 'pause', 'hook', '--reason', 'moving']);
    assert.deepEqual([paused.code, paused.stdout], [0, 'hook is paused\n']);
    const replayed = await pulp.run(['subscription', 'replay', 'hook', '--from', '1h']);
    assert.match(replayed.stdout, /^hook goes on after 1:\d+:\d+\n$/);
    const got = receiver.got.length;
    await pulp.run(['subscription', 'resume', 'hook']);
    await until(() => receiver.got.length === got + 1);
    assert.deepEqual(
      receiver.got.at(-1)?.events.map(({ cursor }) => cursor),
      [...new Set(receiver.cursors)],
    );
    const deleted = await pulp.run(['subscription', 'delete', 'hook']);
    assert.deepEqual([deleted.code, deleted.stdout], [0, 'hook is deleted\n']);
    const verified = await pulp.run(['db', 'verify']);
    assert.equal(verified.code, 0, verified.stdout);
  });

  test('are said rightly, or nothing is written', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await pulp.write('secret', 'short\n');
    const secret = join(pulp.folder, 'secret');
    const wrong: readonly (readonly [string[], number, RegExp])[] = [
      [['create', '1st'], 2, /name: must start with a letter/],
      [['create', 'a', '--type', 'TaskDone'], 2, /there is no event "TaskDone"/],
      [['create', 'a', '--type', 'WorkerHeartbeat'], 2, /signs of life/],
      [['create', 'a', '--kind', 'heartbeat'], 2, /--kind/],
      [['create', 'a', '--name', 't', '--kind', 'worker'], 2, /names: only tasks have them/],
      [['create', 'a', '--from', 'yesterday'], 2, /not a time/],
      [['create', 'a', '--to', 'file:///etc/passwd'], 2, /url: must be an http or https URL/],
      [['create', 'a', '--to', 'https://u:p@example.org/'], 2, /without a user/],
      [['create', 'a', '--to', 'https://example.org/', '--secret-file', secret], 2, /no secret of webhooks/],
      [['create', 'a', '--to', 'https://example.org/', '--secret-file', '/none'], 2, /cannot be read/],
      [['create', 'a', '--to', 'https://example.org/', '--give-up', '0s'], 2, /give_up_seconds/],
      [['create', 'a', '--give-up', '1h'], 2, /--to/],
      [['show', 'a'], 3, /there is no subscription "a"/],
      [['pause', 'a'], 3, /there is no subscription "a"/],
      [['resume', 'a'], 3, /there is no subscription "a"/],
      [['delete', 'a'], 3, /there is no subscription "a"/],
      [['replay', 'a', '--from', 'now'], 3, /there is no subscription "a"/],
      [['replay', 'a'], 2, /from/],
    ];
    for (const [words, code, message] of wrong) {
      const ended = await pulp.run(['subscription', ...words]);
      assert.deepEqual([ended.code, ended.stdout], [code, ''], words.join(' '));
      assert.match(ended.stderr, message, words.join(' '));
    }
    assert.equal((await client.query('select from pulp.subscription')).rowCount, 0);
    assert.equal((await pulp.run(['subscription', 'list'])).stderr, 'There are no subscriptions.\n');
  });
});
