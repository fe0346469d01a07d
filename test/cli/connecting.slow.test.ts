import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { createDatabase } from '../support/database.ts';
import { OwnServer } from '../faults/own-server.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

/** The parts of an address, by the variables of libpq. */
function variablesOf(address: string): NodeJS.ProcessEnv {
  const { hostname, port, username, password, pathname } = new URL(address);
  return {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: password,
    PGDATABASE: pathname.slice(1),
  };
}

/** Enqueues a task that a worker runs, and asks psql: everything that connects, in its own way. */
async function useAll(pulp: CommandLine): Promise<void> {
  const worker = await pulp.worker('--tasks', TASKS_FILE, '--name', 'w');
  const enqueued = await pulp.run(['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--wait']);
  assert.equal(enqueued.code, 0, enqueued.stderr);
  const asked = await pulp.run(['db', 'psql', '-XAtc', 'select state from pulp.task']);
  assert.deepEqual([asked.stdout, asked.stderr], ['completed\n', '']);
  worker.process.kill('SIGTERM');
  assert.deepEqual(await worker.ended, { code: 0 });
}

suite('the command line reaches the database', () => {
  test('that PGHOST and its like name: workers, their guardian, callers and psql', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ ...variablesOf(database.url), PGAPPNAME: 'mine' });
    await useAll(pulp);
    const status = await pulp.run(['db', 'status']);
    assert.match(status.stdout, /^server +named by PGHOST$/m);
    const refused = await pulp.run(['db', 'stop']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /PGHOST names a server/);
  });

  test('of a service, by the first of several hosts that answers, with the password of the file', async () => {
    await using database = await createDatabase();
    const { hostname, port, username, password, pathname } = new URL(database.url);
    await using pulp = await CommandLine.create({
      PGSERVICE: 'tasks',
      PGSERVICEFILE: 'services',
      PGPASSFILE: 'passwords',
    });
    const lines = [
      `host=${hostname},${hostname}`,
      `port=1,${port}`,
      `dbname=${pathname.slice(1)}`,
      `user=${username}`,
    ];
    await pulp.write(
      'services',
      `[tasks]\n${lines.join('\n')}\nsslmode=prefer\ntarget_session_attrs=read-write\n`,
    );
    await pulp.write('passwords', `${hostname}:${port}:*:*:${password}\n`);
    await chmod(join(pulp.folder, 'passwords'), 0o600);
    await useAll(pulp);
    await chmod(join(pulp.folder, 'passwords'), 0o644);
    const refused = await pulp.run(['task', 'list']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /passwords has group or world access/);
    assert.match(refused.stderr, /Error: cannot use the database: .*no password/);
  });

  test('of a socket, in both spellings', async () => {
    await using server = await OwnServer.start();
    const { username, password, port } = new URL(server.url);
    const folder = server.dataDirectory;
    await server.ask((client) => client.query(`alter system set unix_socket_directories = '${folder}'`));
    await server.stop();
    await server.startAgain();
    const account = `${username}:${password}`;
    for (const DATABASE_URL of [
      `postgresql://${account}@/pulp?host=${folder}&port=${port}`,
      `postgresql://${account}@${encodeURIComponent(folder)}:${port}/pulp`,
    ]) {
      await using pulp = await CommandLine.create({ DATABASE_URL });
      const { code, stdout, stderr } = await pulp.run(['db', 'status']);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^url +postgresql://${username}@${encodeURIComponent(folder)}`, 'm'));
      const asked = await pulp.run(['db', 'psql', '-XAtc', 'select inet_server_addr() is null']);
      assert.equal(asked.stdout, 't\n', asked.stderr);
    }
  });

  test('that a file of the environment names, by a flag of Node', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({});
    await pulp.write('.env', `DATABASE_URL=${database.url}\n`);
    const [node = '', ...words] = pulp.words(['db', 'status', '--json']);
    const status = pulp.launch([node, '--env-file=.env', ...words]);
    const { server } = JSON.parse(await text(status.stdout)) as { server: { kind: string } };
    assert.equal(server.kind, 'DATABASE_URL');
  });
});
