import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { createDatabase } from '../support/database.ts';
import { CommandLine, TASKS_FILE, WorkerProcess } from './command-line.ts';

const ask = (url: string, token: string, path: string, body?: object) =>
  fetch(url + path, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });

suite('pulp server', () => {
  test('serves those who have a token, has workers purge, and ends with 0 when it is told to', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const { stdout } = await pulp.run(['token', 'create', '--role', 'operator', '--actor', 'alice']);
    const token = stdout.trim();
    assert.match(token, /^pulp_[0-9a-f]{16}_[\w-]{43}$/);
    const listed = await pulp.run(['token', 'list']);
    assert.match(listed.stdout, /alice +operator/);
    assert(!listed.stdout.includes(token.slice(-43)));

    const server = new WorkerProcess(pulp.start(['server', '--port', '0']));
    const { url } = (await server.logged('serving')) as { url: string };
    await pulp.worker('--tasks', TASKS_FILE);
    const enqueued = await ask(url, token, '/api/v1/tasks', { name: 'test.add', args: [1, 2] });
    assert.equal(enqueued.status, 201);
    const { id } = (await enqueued.json()) as { id: string };
    assert.equal((await pulp.run(['task', 'wait', id])).stdout, `${id} completed\n`);

    const purge = await ask(url, token, '/pulp/api/v3/tasks/purge/', {
      finished_before: '9999-01-01T00:00:00Z',
    });
    const { task } = (await purge.json()) as { task: string };
    const purging = task.split('/').at(-2) ?? '';
    assert.equal((await pulp.run(['task', 'wait', purging])).stdout, `${purging} completed\n`);
    assert.equal((await ask(url, token, `/api/v1/tasks/${id}`)).status, 404);
    const own = await pulp.run([
      'task',
      'enqueue',
      'pulp.purge',
      '--kwargs',
      '{"finished_before":"9999-01-01","states":["completed"]}',
      '--wait',
    ]);
    assert.equal(own.code, 1);
    assert.match(own.stderr, /nobody who may purge has asked/);

    const [, tokenId = ''] = token.split('_');
    assert.equal((await pulp.run(['token', 'revoke', tokenId])).stdout, `${tokenId} revoked\n`);
    assert.equal((await pulp.run(['token', 'revoke', '0123456789abcdef'])).code, 3);
    server.process.kill('SIGTERM');
    assert.deepEqual(await server.ended, { code: 0 });
  });

  test('refuses settings that are wrong', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const open = await pulp.json(['server', '--no-auth', '--host', '0.0.0.0']);
    assert.deepEqual([open.code, (open.data as { error: { code: string } }).error.code], [2, 'BAD_USAGE']);
    const server = pulp.start(['server', '--no-auth', '--port', '0']);
    const running = new WorkerProcess(server);
    const { url } = (await running.logged('serving')) as { url: string };
    const taken = await pulp.json(['server', '--no-auth', '--port', new URL(url).port]);
    assert.deepEqual(
      [taken.code, (taken.data as { error: { code: string } }).error.code],
      [1, 'ADDRESS_UNUSABLE'],
    );
    assert.equal((await pulp.run(['token', 'create', '--role', 'owner', '--actor', 'a'])).code, 2);
    assert.equal((await pulp.run(['token', 'create', '--role', 'observer', '--actor', 'a b'])).code, 2);
    server.kill('SIGINT');
    await once(server, 'close');
  });
});
