import assert from 'node:assert/strict';
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import {
  appendFile,
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { before, suite, test } from 'node:test';
import { inspect } from 'node:util';
import pg from 'pg';
import { PulpError } from '../../src/errors.ts';
import { openPool } from '../../src/postgres/connection.ts';
import { connectDedicated } from '../../src/postgres/dedicated-client.ts';
import {
  embeddedServerStatus,
  startEmbeddedServer,
  stopEmbeddedServer,
  type EmbeddedServer,
} from '../../src/postgres/embedded-server.ts';
import { sql } from '../../src/postgres/sql.ts';
import { environment } from '../support/environment.ts';

const asRoot = process.geteuid?.() === 0;
const onlyRoot = asRoot ? {} : { skip: 'needs root' };

/** A home that does not exist yet, in a closed folder that goes away with its server. */
async function newHome(parent = tmpdir()) {
  const folder = await mkdtemp(join(parent, 'pulp-embedded-'));
  const home = join(folder, 'home');
  return {
    folder,
    home,
    dataDirectory: join(home, 'postgres'),
    async [Symbol.asyncDispose]() {
      await stopEmbeddedServer(home);
      await rm(folder, { recursive: true });
    },
  };
}

/** Runs statements with the functions under test in another process. */
function runElsewhere(statements: string, options: SpawnOptions = {}): ChildProcess {
  const module = new URL('../../src/postgres/embedded-server.ts', import.meta.url);
  const script = `import { startEmbeddedServer } from '${module.href}'; ${statements}`;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
}

/** Starts the server from another process; resolves when nothing holds that process's output any more. */
async function startElsewhere(home: string, options?: SpawnOptions): Promise<EmbeddedServer> {
  const child = runElsewhere(
    `console.log(JSON.stringify(await startEmbeddedServer(${JSON.stringify(home)})))`,
    options,
  );
  assert.ok(child.stdout);
  return JSON.parse(await text(child.stdout)) as EmbeddedServer;
}

async function query(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows[0]?.[0];
  } finally {
    await client.end();
  }
}

/** Kills the server process, and waits until the processes that it leaves behind have noticed. */
async function killServer(server: EmbeddedServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  client.on('error', () => undefined);
  await client.connect();
  const connectionLost = new Promise<void>((resolve) => client.once('end', resolve));
  process.kill(server.pid, 'SIGKILL');
  await connectionLost;
}

suite('embedded server', () => {
  before(() => {
    delete process.env['PULP_EMBEDDED_PORT'];
  });

  test('processes that start it at once on a new home get one server', async () => {
    await using place = await newHome();
    const servers = await Promise.all([1, 2, 3, 4].map(() => startElsewhere(place.home)));
    assert.equal(new Set(servers.map(({ url, pid }) => `${url} ${pid}`)).size, 1);
    assert.deepEqual(await Promise.all(servers.map(({ url }) => query(url, 'select 1'))), [1, 1, 1, 1]);
    assert.deepEqual((await readdir(place.home)).sort(), ['postgres', 'postgres.log']);
  });

  test('lives in a long path with spaces, is reported by status, and starts only once', async () => {
    await using place = await newHome();
    const home = join(place.home, `it's a "long" path `.repeat(8));
    assert.equal(await embeddedServerStatus(home), undefined);
    assert.equal(await stopEmbeddedServer(home), false);
    const { wasStarted, ...server } = await startEmbeddedServer(home);
    try {
      assert.equal(wasStarted, true);
      assert.equal(server.dataDirectory, join(home, 'postgres'));
      const [, folder = ''] = /^postgresql:\/\/pulp:[\w-]{32}@([^/:]+):5432\/pulp\?/.exec(server.url) ?? [];
      assert.equal(await readlink(decodeURIComponent(folder)), server.dataDirectory, 'by a short name');
      assert.match(server.version, /^18\.\d+$/);
      assert.deepEqual(await startEmbeddedServer(home), { ...server, wasStarted: false });
      assert.deepEqual(await embeddedServerStatus(home), server);
    } finally {
      assert.equal(await stopEmbeddedServer(home), true);
    }
    assert.equal(await embeddedServerStatus(home), undefined);
    assert.equal(await stopEmbeddedServer(home), false);
  });

  test('takes its settings, and only clients with the password', async () => {
    await using place = await newHome();
    const { url, dataDirectory } = await startEmbeddedServer(place.home);
    const settings = `select string_agg(current_setting(name), ' ' order by name) from unnest(array
      ['fsync', 'full_page_writes', 'max_wal_size', 'server_encoding', 'shared_buffers', 'synchronous_commit']) name`;
    assert.equal(await query(url, settings), 'on on 4GB UTF8 256MB on');
    assert.equal(await query(url, 'select count(*) from pg_file_settings where error is not null'), '0');
    await assert.rejects(query(url.replace(/:[\w-]+@/, ':wrong@'), 'select 1'), { code: '28P01' });
    assert.equal((await stat(join(dataDirectory, 'pulp.password'))).mode & 0o777, 0o600);
  });

  test('outlives its starter and the Ctrl-C of its terminal, and holds none of its output', async () => {
    await using place = await newHome();
    const starter = runElsewhere(
      `await startEmbeddedServer(${JSON.stringify(place.home)}); console.log('started'); setInterval(() => {}, 1000)`,
      { detached: true },
    );
    assert.ok(starter.stdout && starter.pid);
    await once(starter.stdout, 'data');
    const outputClosed = once(starter, 'close');
    process.kill(-starter.pid, 'SIGINT');
    await outputClosed;
    const server = await embeddedServerStatus(place.home);
    assert.ok(server);
    assert.equal(await query(server.url, 'select 1'), 1);
  });

  test('starts again after it was killed, at the same address, with its data', async () => {
    await using place = await newHome();
    const before = await startEmbeddedServer(place.home);
    await query(before.url, 'create table kept as select 42 as answer');
    await killServer(before);
    assert.equal(await embeddedServerStatus(place.home), undefined);
    const servers = await Promise.all([1, 2, 3, 4].map(() => startElsewhere(place.home)));
    assert.deepEqual(new Set(servers.map(({ url }) => url)), new Set([before.url]));
    assert.equal(new Set(servers.map(({ pid }) => pid)).size, 1);
    assert.equal(await query(before.url, 'select answer from kept'), 42);
  });

  test('does not take another process for the server that left its postmaster.pid', async () => {
    await using place = await newHome();
    const before = await startEmbeddedServer(place.home);
    await killServer(before);
    const left = [process.pid, place.dataDirectory, 1, 5432, place.dataDirectory, '', '1 1', 'ready   ', ''];
    await writeFile(join(place.dataDirectory, 'postmaster.pid'), left.join('\n'));
    assert.equal(await embeddedServerStatus(place.home), undefined);
    assert.equal(await stopEmbeddedServer(place.home), false);
    const after = await startEmbeddedServer(place.home);
    assert.equal(await query(after.url, 'select 1'), 1);
  });

  test('is reached by a socket in a folder of its owner, without a port', async () => {
    await using place = await newHome();
    const { url, dataDirectory } = await startEmbeddedServer(place.home);
    assert.equal(decodeURIComponent(new URL(url).hostname), dataDirectory);
    assert.equal((await stat(dataDirectory)).mode & 0o777, 0o700);
    assert.equal(await query(url, 'show listen_addresses'), '');
    assert.equal(await query(url, 'select inet_server_port()'), null);
    await assert.rejects(query(url.replace(/:[\w-]+@/, '@'), 'select 1'), /password/);
    const pool = await openPool(url);
    assert.equal(await pool.oneFirst(sql.unsafe`select 7`), 7);
    await pool.end();
    await stopEmbeddedServer(place.home);
    await assert.rejects(connectDedicated(url, 'test'), { code: 'DATABASE_UNREACHABLE' });
  });

  test('moves over from its port to a socket', async () => {
    await using place = await newHome();
    {
      using _port = environment('PULP_EMBEDDED_PORT', 'any');
      const before = await startEmbeddedServer(place.home);
      await query(before.url, 'create table kept as select 42 as answer');
      // As it was made before there were sockets.
      const access =
        '# Written by pulp: from this machine only, with a password.\nhost all all 127.0.0.1/32 scram-sha-256\n';
      await writeFile(join(place.dataDirectory, 'pg_hba.conf'), access);
    }
    assert.match((await startEmbeddedServer(place.home)).url, /127\.0\.0\.1/, 'it runs as it was started');
    await stopEmbeddedServer(place.home);
    const { url } = await startEmbeddedServer(place.home);
    assert.doesNotMatch(url, /127\.0\.0\.1/);
    assert.equal(await query(url, 'select answer from kept'), 42);
  });

  test('listens on the port that it is told to', async () => {
    await using place = await newHome();
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    await once(probe.close(), 'close');
    using _port = environment('PULP_EMBEDDED_PORT', String(port));
    const { url } = await startEmbeddedServer(place.home);
    assert.equal(new URL(url).host, `127.0.0.1:${port}`);
    assert.equal(await query(url, 'select 1'), 1);
    for (const wrong of ['0', '65536', '12a', 'yes']) {
      using _wrong = environment('PULP_EMBEDDED_PORT', wrong);
      await assert.rejects(
        startEmbeddedServer(join(place.folder, 'other')),
        { code: 'INVALID_INPUT' },
        wrong,
      );
    }
  });

  test('is not taken for by what asks for its password, or for none', async () => {
    const u32 = (n: number) => Buffer.from([n >>> 24, n >>> 16, n >>> 8, n]);
    const authentication = (kind: number, more = Buffer.alloc(0)) =>
      Buffer.concat([Buffer.from('R'), u32(8 + more.length), u32(kind), more]);
    const ready = Buffer.concat([Buffer.from('Z'), u32(5), Buffer.from('I')]);
    const impostors: Readonly<Record<string, Buffer>> = {
      'in the clear': authentication(3),
      'a weak digest': authentication(5, Buffer.from('salt')),
      'does not prove': Buffer.concat([authentication(0), ready]),
    };
    for (const [says, greeting] of Object.entries(impostors)) {
      const heard: Buffer[] = [];
      await using place = await newHome();
      const path = join(place.folder, '.s.PGSQL.5432');
      const impostor = createServer((socket) => {
        socket
          .unref()
          .on('error', () => undefined)
          .on('data', (data) => {
            heard.push(data);
            socket.write(greeting);
          });
      }).listen(path);
      await once(impostor, 'listening');
      const url = `postgresql://pulp:canary@${encodeURIComponent(place.folder)}/pulp?require_auth=scram-sha-256`;
      const pool = await openPool(url);
      for (const attempt of [connectDedicated(url, 'test'), pool.query(sql.unsafe`select 1`)]) {
        await assert.rejects(attempt, (error) => inspect(error).includes(says), says);
      }
      await pool.end();
      await once(impostor.close(), 'close');
      const sent = Buffer.concat(heard).toString('latin1');
      assert.doesNotMatch(sent, /canary|md5|select|set_config/, says);
      assert.equal(heard.length, 2, 'only their greetings were sent');
    }
  });

  test('keeps its port, and takes another when that one is in use', async () => {
    await using place = await newHome();
    using _port = environment('PULP_EMBEDDED_PORT', 'any');
    const { url } = await startEmbeddedServer(place.home);
    await stopEmbeddedServer(place.home);
    assert.equal((await startEmbeddedServer(place.home)).url, url);
    await stopEmbeddedServer(place.home);
    const squatter = createServer().listen(Number(new URL(url).port), '127.0.0.1');
    await once(squatter, 'listening');
    const elsewhere = await startEmbeddedServer(place.home);
    await once(squatter.close(), 'close');
    assert.notEqual(elsewhere.url, url);
    assert.equal(await query(elsewhere.url, 'select 1'), 1);
  });

  test('recovers from an initialisation that was killed', async () => {
    await using place = await newHome();
    await mkdir(place.home);
    const watcher = watch(place.home);
    const stagingAppears = once(watcher, 'change');
    const starter = runElsewhere(`await startEmbeddedServer(${JSON.stringify(place.home)})`, {
      detached: true,
    });
    await stagingAppears;
    watcher.close();
    assert.ok(starter.pid);
    process.kill(-starter.pid, 'SIGKILL');
    await once(starter, 'close');
    assert.match((await readdir(place.home)).join(), /^postgres\.init-\w+$/);
    const { url } = await startEmbeddedServer(place.home);
    assert.equal(await query(url, 'select 1'), 1);
    assert.deepEqual((await readdir(place.home)).sort(), ['postgres', 'postgres.log']);
  });

  test('says what is wrong: a folder that holds something else', async () => {
    await using place = await newHome();
    await mkdir(place.dataDirectory, { recursive: true });
    await writeFile(join(place.dataDirectory, 'thesis.txt'), '');
    await assert.rejects(startEmbeddedServer(place.home), (error) => {
      assert.ok(error instanceof PulpError);
      assert.equal(error.code, 'EMBEDDED_SERVER_FAILED');
      assert.match(error.message, /holds no Postgres data/);
      return true;
    });
    assert.deepEqual(await readdir(place.home), ['postgres']);
  });

  test('says what is wrong: the end of the log of a server that cannot start', async () => {
    await using place = await newHome();
    await startEmbeddedServer(place.home);
    await stopEmbeddedServer(place.home);
    await appendFile(join(place.dataDirectory, 'postgresql.conf'), 'no_such_setting = on\n');
    await assert.rejects(startEmbeddedServer(place.home), (error) => {
      assert.ok(error instanceof PulpError);
      assert.equal(error.code, 'EMBEDDED_SERVER_FAILED');
      assert.match(error.message, /unrecognized configuration parameter "no_such_setting"/);
      assert.match(error.remedy, /postgres\.log/);
      return true;
    });
  });

  test('runs for root as another user, in a folder that is closed to that user', onlyRoot, async () => {
    await using place = await newHome('/root');
    const { url, pid } = await startEmbeddedServer(place.home);
    assert.equal(await query(url, 'select 1'), 1);
    assert.notEqual((await stat(`/proc/${pid}`)).uid, 0);
    assert.equal((await stat(place.folder)).mode & 0o777, 0o700);
  });

  test('runs for an ordinary user, and for root after it as that user', onlyRoot, async () => {
    await using place = await newHome();
    const [uid, gid] = [65534, 65534];
    await chmod(place.folder, 0o711);
    await mkdir(place.home);
    await chown(place.home, uid, gid);
    const theirs = await startElsewhere(place.home, { uid, gid, cwd: '/' });
    assert.equal((await stat(`/proc/${theirs.pid}`)).uid, uid);
    assert.deepEqual(await startEmbeddedServer(place.home), { ...theirs, wasStarted: false });
    await stopEmbeddedServer(place.home);
    const ours = await startEmbeddedServer(place.home);
    assert.equal((await stat(`/proc/${ours.pid}`)).uid, uid);
    await stopEmbeddedServer(place.home);
    assert.equal((await startElsewhere(place.home, { uid, gid, cwd: '/' })).url, theirs.url);
  });
});
