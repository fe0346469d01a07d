import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import { cancel, closeConnection, enqueueMany, enqueueWithReservation } from '../../src/index.ts';
import { PulpError } from '../../src/errors.ts';
import { openClient } from '../../src/postgres/dedicated-client.ts';
import {
  startEmbeddedServer,
  stopEmbeddedServer,
  type EmbeddedServer,
} from '../../src/postgres/embedded-server.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { isConnectionFailure, isExhaustion } from '../../src/postgres/sql-error.ts';
import { readHistory, readTask } from '../../src/queries/task.ts';
import { enqueueLines, type Line } from '../../src/tasks/enqueue-lines.ts';
import { newTaskId } from '../../src/new-task-id.ts';
import { checkLog } from '../support/log-checker.ts';

const onlyRoot =
  process.geteuid?.() === 0 && process.platform === 'linux' ? {} : { skip: 'needs root, to mount' };

const run = promisify(execFile);

/** Enough for one client and its pool, and for little more. */
const SETTINGS = ['max_connections = 12', 'max_locks_per_transaction = 16', 'autovacuum = off'];

let folder: string;
let server: EmbeddedServer;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulp-exhausted-'));
  await chmod(folder, 0o711); // the server may run as another user
  server = await startEmbeddedServer(join(folder, 'home'));
  await migrate(server.url);
  await using client = await connect();
  for (const setting of SETTINGS) await client.query(`alter system set ${setting}`);
  await stopEmbeddedServer(join(folder, 'home'));
  server = await startEmbeddedServer(join(folder, 'home'));
  process.env['DATABASE_URL'] = server.url;
});

after(async () => {
  await stopEmbeddedServer(join(folder, 'home'));
  await rm(folder, { recursive: true });
});

async function connect(url = server.url): Promise<Client & AsyncDisposable> {
  const client = await openClient(url);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** Repeats a step until it fails; gives its error. */
async function untilRefused(step: (round: number) => Promise<unknown>): Promise<unknown> {
  for (let round = 0; round < 100_000; round++) {
    try {
      await step(round);
    } catch (error) {
      return error;
    }
  }
  throw new Error('it has no limit');
}

async function* lines(): AsyncGenerator<Line> {
  for (let number = 1; number <= 2000; number++) {
    await Promise.resolve();
    yield { number, bytes: Buffer.from('{"name": "late", "unchecked": true}') };
  }
}

/** That the error is in our words, and known for what it is. */
function assertExhausted(error: unknown, code: string): void {
  assert.ok(error instanceof PulpError, String(error));
  assert.equal(error.code, code);
  assert.notEqual(error.remedy, '');
  assert.ok(isExhaustion(error));
  assert.ok(!isConnectionFailure(error));
}

/** Fills the disk of a database to its last page. */
async function fill(client: Client): Promise<void> {
  await client.query('create table filler (text text)');
  for (const rows of [1000, 10, 1]) {
    const refusal = await untilRefused(() =>
      client.query(`insert into filler select repeat(md5(n::text), 30) from generate_series(1, $1) n`, [
        rows,
      ]),
    );
    assert.ok(isExhaustion(refusal));
  }
}

/** A migrated database with a disk of its own, of 48 MB. */
async function createCrampedDatabase(): Promise<{ readonly url: string } & AsyncDisposable> {
  await using cleaning = new AsyncDisposableStack();
  const disk = join(folder, 'disk');
  await mkdir(disk);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]);
  cleaning.defer(() => run('umount', ['--lazy', disk]).then(() => undefined));
  const { uid, gid } = await stat(server.dataDirectory);
  await chown(disk, uid, gid);
  const administrator = cleaning.use(await connect());
  await administrator.query(`create tablespace small location '${disk}'`);
  cleaning.defer(() => administrator.query('drop tablespace small').then(() => undefined));
  await administrator.query('create database cramped tablespace small');
  cleaning.defer(() => administrator.query('drop database cramped with (force)').then(() => undefined));
  const url = new URL(server.url);
  url.pathname = '/cramped';
  await migrate(url.href);
  const filled = cleaning.move();
  return { url: url.href, [Symbol.asyncDispose]: () => filled.disposeAsync() };
}

suite('a server that lacks something', () => {
  afterEach(closeConnection);

  test('locks: a clear error, nothing written, and it works again by itself', async () => {
    const { id } = await enqueueWithReservation('early', ['/a/'], { unchecked: true });
    await using greedy = await connect();
    const refusal = await untilRefused((round) => greedy.query('select pg_advisory_lock(1, $1)', [round]));
    assert.ok(isExhaustion(refusal) && !isConnectionFailure(refusal));
    await assert.rejects(enqueueWithReservation('late', ['/late/'], { unchecked: true }), (error) => {
      assertExhausted(error, 'DATABASE_EXHAUSTED');
      return true;
    });
    await greedy.query('select pg_advisory_unlock_all()');
    assert.equal(await cancel(id), 'canceled');
  });

  test('connections: a clear error, nothing written, and it works again by itself', async () => {
    const { id } = await enqueueWithReservation('early', ['/a/'], { unchecked: true });
    await closeConnection();
    const crowd: Client[] = [];
    const refusal = await untilRefused(async () => crowd.push(await connect()));
    assert.ok(isConnectionFailure(refusal));
    assert.ok(!isExhaustion(refusal));
    await assert.rejects(cancel(id), (error) => {
      assert.ok(error instanceof PulpError);
      assert.equal(error.code, 'DATABASE_UNREACHABLE');
      assert.match(error.remedy, /max_connections/);
      return true;
    });
    await Promise.all(crowd.map((client) => client.end()));
    assert.equal(await cancel(id), 'canceled');
  });

  test(
    'space on its disk: a clear error, nothing written, and it works again by itself',
    onlyRoot,
    async () => {
      await using database = await createCrampedDatabase();
      process.env['DATABASE_URL'] = database.url;
      await using observer = await connect(database.url);
      await fill(observer);
      // Single tasks fit into pages that are there already, for a while.
      const ids: string[] = [];
      const refusals = [
        await untilRefused(() => {
          const id = newTaskId();
          ids.push(id);
          return enqueueWithReservation('any', ['/a/'], { unchecked: true, id });
        }),
        await untilRefused(() =>
          enqueueMany(Array.from({ length: 2000 }, () => ({ task: 'late', unchecked: true }))),
        ),
        await untilRefused(() => enqueueLines(lines(), undefined)),
      ];
      for (const refusal of refusals) assertExhausted(refusal, 'DATABASE_FULL');
      const refused = ids.pop() ?? '';
      assert.equal(await readTask(refused), undefined);
      assert.deepEqual(await readHistory(refused), []);
      const { rows } = await observer.query<{ left: boolean }>(
        `select exists (select from pulp.task where name = 'late')
           or exists (select from pulp.event where data ->> 'name' = 'late')
           or exists (select from pulp_boss.job where data::text ~ 'late') as left`,
      );
      assert.equal(rows[0]?.left, false);
      assert.deepEqual(await checkLog(observer), []);

      await observer.query('drop table filler');
      await observer.query('checkpoint'); // frees the files of what was dropped
      assert.equal((await enqueueLines(lines(), undefined)).length, 2000);
      await closeConnection();
      process.env['DATABASE_URL'] = server.url;
    },
  );
});
