import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { ConnectError, isConnectionFailure, toPulpError } from '../../../src/postgres/sql-error.ts';
import { openPool } from '../../../src/postgres/connection.ts';
import { openClient } from '../../../src/postgres/dedicated-client.ts';
import { retrying } from '../../../src/postgres/retry.ts';
import { sql } from '../../../src/postgres/sql.ts';
import { OwnServer } from '../../faults/own-server.ts';
import { Standby } from '../../faults/standby.ts';

let primary: OwnServer;
let standby: Standby;
/** Their ports, and one where nothing listens. */
let first: string;
let second: string;
let closed: string;

before(async () => {
  primary = await OwnServer.start();
  standby = await Standby.of(primary);
  first = new URL(primary.url).port;
  second = new URL(standby.url).port;
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  closed = String((listener.address() as AddressInfo).port);
  await once(listener.close(), 'close');
});

after(async () => {
  await standby[Symbol.asyncDispose]();
  await primary[Symbol.asyncDispose]();
});

/** The servers at these ports, in this order. */
function address(ports: readonly string[], target?: string): string {
  const { username, password } = new URL(primary.url);
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
  const wanted = target === undefined ? '' : `?target_session_attrs=${target}`;
  return `postgresql://${username}:${password}@${hosts}/pulp${wanted}`;
}

/** The port of the server that is reached. */
async function reached(url: string): Promise<string> {
  const client = await openClient(url);
  try {
    const { rows } = await client.query<{ port: string }>('select inet_server_port()::text as port');
    return rows[0]?.port ?? '';
  } finally {
    await client.end();
  }
}

suite('several hosts', () => {
  test('are tried in turn, until one answers', async () => {
    assert.equal(await reached(address([closed, first])), first);
    assert.equal(await reached(address([second, first])), second);
    await assert.rejects(reached(address([closed, closed])), (error: Error) => {
      assert.ok(error instanceof ConnectError && isConnectionFailure(error));
      assert.equal(error.message.split(`127.0.0.1:${closed}: `).length, 3, error.message);
      assert.match(error.message, /ECONNREFUSED/);
      return true;
    });
  });

  test('are not tried any more when one of them refuses the login', async () => {
    const url = address([first, second]).replace(/:[^:@]+@/, ':wrong@');
    await assert.rejects(reached(url), (error: Error) => {
      assert.match(error.message, /password authentication failed/);
      assert.doesNotMatch(error.message, new RegExp(second));
      return true;
    });
  });

  for (const [target, both, ofPrimary, ofStandby] of [
    ['any', 'second', true, true],
    ['read-write', 'first', true, false],
    ['primary', 'first', true, false],
    ['read-only', 'second', false, true],
    ['standby', 'second', false, true],
    ['prefer-standby', 'second', true, true],
  ] as const) {
    test(`with target_session_attrs=${target} lead to a session of that kind`, async () => {
      const ports = both === 'first' ? [second, first] : target === 'any' ? [second, first] : [first, second];
      assert.equal(await reached(address(ports, target)), both === 'first' ? first : second);
      for (const [port, works] of [
        [first, ofPrimary],
        [second, ofStandby],
      ] as const) {
        const asked = reached(address([port], target));
        if (works) assert.equal(await asked, port);
        else await assert.rejects(asked, new RegExp(`target_session_attrs asks for ${target}`));
      }
    });
  }

  test('a primary whose sessions do not write is no read-write one', async () => {
    await primary.ask((client) => client.query('alter role pulp set default_transaction_read_only = on'));
    await assert.rejects(reached(address([first], 'read-write')), /it is read-only/);
    assert.equal(await reached(address([first], 'primary')), first);
    await primary.ask((client) =>
      client.query('begin read write; alter role pulp reset default_transaction_read_only; commit'),
    );
  });

  test('a session of the wrong kind is a database that cannot be reached now', async () => {
    const error = toPulpError(
      await openClient(address([second], 'primary')).catch((caught: unknown) => caught),
    );
    assert.deepEqual(Reflect.get(error as object, 'code'), 'DATABASE_UNREACHABLE');
  });

  test('load_balance_hosts=random tries them in any order', async () => {
    const url = `${address([first, second])}?load_balance_hosts=random`;
    const seen = new Set<string>();
    for (let tries = 0; seen.size < 2 && tries < 100; tries++) seen.add(await reached(url));
    assert.deepEqual([...seen].sort(), [first, second].sort());
  });

  test('after a failover, a pool goes on at the new primary', async () => {
    await standby.catchUp(primary);
    const pool = await openPool(address([first, second], 'read-write'));
    const port = () => retrying(() => pool.oneFirst(sql.unsafe`select inet_server_port()::text`));
    assert.equal(await port(), first);
    await primary.stop();
    await standby.promote();
    assert.equal(await port(), second);
    await pool.end();
  });
});
