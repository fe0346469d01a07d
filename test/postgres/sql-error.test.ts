import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { Client } from 'pg';
import { PulpError } from '../../src/errors.ts';
import { openClient } from '../../src/postgres/dedicated-client.ts';
import { retrying } from '../../src/postgres/retry.ts';
import {
  isConnectionFailure,
  isContention,
  isExhaustion,
  toPulpError,
} from '../../src/postgres/sql-error.ts';
import { connect, databaseUrl } from '../support/database.ts';

type Kind = 'connection' | 'exhaustion' | 'contention' | undefined;

/** What Postgres may say, in the words of this package, and what may be done about it. */
const MEANINGS: readonly (readonly [sqlState: string, code: string, Kind])[] = [
  ['08006', 'DATABASE_UNREACHABLE', 'connection'],
  ['25006', 'DATABASE_READ_ONLY', 'connection'],
  ['28P01', 'DATABASE_UNREACHABLE', undefined],
  ['3D000', 'DATABASE_UNREACHABLE', undefined],
  ['40001', 'DATABASE_BUSY', 'contention'],
  ['40P01', 'DATABASE_BUSY', 'contention'],
  ['42501', 'NOT_ALLOWED', undefined],
  ['53000', 'DATABASE_EXHAUSTED', 'exhaustion'],
  ['53100', 'DATABASE_FULL', 'exhaustion'],
  ['53200', 'DATABASE_EXHAUSTED', 'exhaustion'],
  ['53300', 'DATABASE_UNREACHABLE', 'connection'],
  ['53400', 'DATABASE_EXHAUSTED', 'exhaustion'],
  ['55P03', 'DATABASE_BUSY', 'contention'],
  ['57014', 'STATEMENT_CANCELED', 'contention'],
  ['57P01', 'DATABASE_UNREACHABLE', 'connection'],
  ['57P02', 'DATABASE_UNREACHABLE', 'connection'],
  ['57P03', 'DATABASE_UNREACHABLE', 'connection'],
  ['58030', 'DATABASE_IO_ERROR', 'exhaustion'],
  ['PU001', 'FENCED', undefined],
];

function kindOf(error: unknown): Kind {
  const kinds = [
    isConnectionFailure(error) ? ('connection' as const) : undefined,
    isExhaustion(error) ? ('exhaustion' as const) : undefined,
    isContention(error) ? ('contention' as const) : undefined,
  ].filter((kind) => kind !== undefined);
  assert.ok(kinds.length <= 1);
  return kinds[0];
}

async function errorOf(step: Promise<unknown>): Promise<Error> {
  const error: unknown = await step.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error, 'it went well');
  return error;
}

suite('errors of the database', () => {
  test('come in our words, and are known for what they are, also when they are wrapped', async () => {
    await using client = await connect(databaseUrl('postgres'));
    for (const [sqlState, code, kind] of MEANINGS) {
      const raw = await errorOf(
        client.query(`do $$ begin raise exception 'as it says' using errcode = '${sqlState}'; end $$`),
      );
      const error = toPulpError(raw);
      assert.ok(error instanceof PulpError, sqlState);
      assert.equal(error.code, code, sqlState);
      assert.match(error.message, /as it says/);
      for (const seen of [raw, error, new PulpError('ANY', 'around it', { remedy: '', cause: error })]) {
        assert.equal(kindOf(seen), kind, sqlState);
      }
    }
  });

  test('that nobody foresaw have a code and a remedy, too; what is not of the database stays as it is', async () => {
    await using client = await connect(databaseUrl('postgres'));
    for (const statement of ['select 1 / 0', 'select', 'selec', `select 'x'::int`, 'commit prepared $$x$$']) {
      const raw = await errorOf(client.query(statement).then(() => client.query('select nothing')));
      const error = toPulpError(raw);
      assert.ok(error instanceof PulpError);
      assert.equal(error.code, 'DATABASE_ERROR');
      assert.match(error.message, /SQLSTATE [0-9A-Z]{5}/);
      assert.notEqual(error.remedy, '');
      assert.equal(kindOf(raw), undefined);
    }
    for (const raw of [new Error('a bug'), Object.assign(new Error('no file'), { code: 'EPERM' })]) {
      assert.equal(toPulpError(raw), raw);
    }
  });

  test('are known in whatever language the server speaks', async () => {
    await using client = await connect(databaseUrl('postgres'));
    const say = (code: string, words: string, detail = '') =>
      errorOf(
        client.query(
          `do $$ begin raise exception using errcode = '${code}', message = '${words}', detail = '${detail}'; end $$`,
        ),
      );
    const id = '5f0c6a3e-0f9a-4c6e-9f57-0d9f3a0b7c11';
    for (const [error, code] of [
      [
        await say('57P01', 'Verbindung wird abgebrochen aufgrund von Anweisung des Administrators'),
        'DATABASE_UNREACHABLE',
      ],
      [await say('42P01', 'Relation »pulp.task« existiert nicht'), 'NOT_MIGRATED'],
      [await say('42P01', 'Relation »pulp_boss.job« existiert nicht'), 'NOT_MIGRATED'],
      [await say('42P01', 'Relation »kunden« existiert nicht'), 'DATABASE_ERROR'],
      [
        await say(
          '23505',
          'doppelter Schlüsselwert',
          `Schlüssel »(stream_id, version, stream_kind)=(${id}, 1, task)« existiert bereits.`,
        ),
        'ID_CONFLICT',
      ],
    ] as const) {
      const told = toPulpError(error);
      assert.ok(told instanceof PulpError);
      assert.equal(told.code, code, error.message);
    }
  });

  test('of TLS are told without the places in the code of OpenSSL', async () => {
    const alert = Buffer.from([0x15, 3, 3, 0, 2, 2, 40]); // fatal, handshake_failure
    await using server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write('S'); // TLS may begin
        socket.once('data', () => socket.end(alert));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const told = toPulpError(await errorOf(openClient(`postgres://u@127.0.0.1:${port}/d?sslmode=require`)));
    assert.ok(told instanceof PulpError);
    assert.match(told.message, /^cannot use the database: TLS failed: [\w/ ]*handshake failure$/);
  });

  test('are repeated where that may help', async () => {
    await using client = await connect(databaseUrl('postgres'));
    for (const code of ['40001', '40P01', '55P03', '57014', '53200']) {
      let tries = 0;
      const fail = `do $$ begin raise exception 'not now' using errcode = '${code}'; end $$`;
      await retrying(async () => {
        tries += 1;
        await client.query(tries < 3 ? fail : 'select 1');
      });
      assert.equal(tries, 3);
    }
  });

  test('name what a connection went by, whatever is asked of it afterwards', async () => {
    const client = await openClient(databaseUrl('postgres'));
    await client.query(`set idle_in_transaction_session_timeout = '10ms'; begin`);
    await new Promise((resolve) => client.once('end', resolve));
    const raw = await errorOf(client.query('select 1'));
    const error = toPulpError(raw);
    assert.ok(error instanceof PulpError && isConnectionFailure(error));
    assert.match(error.message, /waited for its client/);
    assert.match(error.remedy, /idle_in_transaction_session_timeout/);
  });

  test('of a network come without codes, too', async () => {
    const url = databaseUrl('postgres');
    const client = new Client({ connectionString: url, query_timeout: 50 });
    await client.connect();
    const slow = await errorOf(client.query('select pg_sleep(5)')); // pg's own limit
    assert.match(slow.message, /Query read timeout/);
    await client.end();
    const ended = await errorOf(client.query('select 1'));
    await using other = await connect(url);
    const terminated = await errorOf(other.query('select pg_terminate_backend(pg_backend_pid())'));
    const refused = await errorOf(openClient('postgresql://localhost:1/none')); // has two addresses, maybe
    const absent = await errorOf(openClient('postgresql:///none?host=/no/such/folder'));
    for (const raw of [slow, ended, terminated, refused, absent]) {
      assert.equal(kindOf(raw), 'connection', raw.message);
      const error = toPulpError(raw);
      assert.ok(error instanceof PulpError);
      assert.equal(error.code, 'DATABASE_UNREACHABLE');
      assert.match(error.message, /cannot use the database: ./);
    }
  });

  test('that passed during an answer leave open what was done', async () => {
    const lost = retrying(async () => {
      await using client = await connect(databaseUrl('postgres'));
      await client.query('select pg_terminate_backend(pg_backend_pid())');
    });
    const error = await errorOf(lost);
    assert.ok(error instanceof PulpError);
    assert.equal(error.code, 'DATABASE_UNREACHABLE');
    assert.match(error.message, /lost the database before its answer came/);
    assert.match(error.remedy, /It may have done what it was asked/);
  });
});
