import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FailureLimit } from '../../src/http/access/failure-limit.ts';
import { createToken, listTokens, revokeToken } from '../../src/http/access/token.ts';
import type { UserRole } from '../../src/http/access/rights.ts';
import { connect } from '../support/database.ts';
import { Login } from '../support/login.ts';
import { until } from '../support/until.ts';
import { Raw } from './raw.ts';
import { Served } from './served.ts';

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

suite('who may', () => {
  test('is what the role of a token says, for each kind of act', async () => {
    await using served = await Served.start();
    const id = await served.enqueue({ name: 't' });
    await using client = await connect(served.database.url);
    await client.query(`select pulp.mark_worker_online('w')`);
    await client.query(`select pulp.create_schedule('{"name": "s", "kind": "every", "rule": "60000", "item": {"name": "t", "unchecked": true}}',
      clock_timestamp() + interval '1 h')`);
    const acts: readonly [string, Parameters<Served['ask']>[1], readonly UserRole[]][] = [
      ['/api/v1/tasks', {}, ['observer', 'submitter', 'operator']],
      [`/api/v1/tasks/${id}/why`, {}, ['observer', 'submitter', 'operator']],
      ['/api/v1/events', {}, ['observer', 'submitter', 'operator']],
      ['/pulp/api/v3/workers/', {}, ['observer', 'submitter', 'operator']],
      ['/api/v1/tasks', { body: { name: 't', unchecked: true } }, ['submitter', 'operator']],
      ['/api/v1/tasks/batch', { body: { tasks: [] } }, ['submitter', 'operator']],
      [`/api/v1/tasks/${id}/retry`, { body: {} }, ['submitter', 'operator']],
      [`/api/v1/tasks/${id}`, { method: 'PATCH', body: { priority: 3 } }, ['submitter', 'operator']],
      [`/api/v1/tasks/${id}/cancel`, { body: {} }, ['submitter', 'operator']],
      ['/api/v1/workers/w/drain', { body: {} }, ['operator']],
      ['/api/v1/workers/w', { method: 'PATCH', body: { concurrency: 2 } }, ['operator']],
      ['/api/v1/pauses', {}, ['observer', 'submitter', 'operator']],
      ['/api/v1/pauses', { body: { kind: 'type', name: 'x' } }, ['operator']],
      ['/api/v1/pauses/resume', { body: { kind: 'type', name: 'x' } }, ['operator']],
      ['/api/v1/schedules', {}, ['observer', 'submitter', 'operator']],
      ['/api/v1/schedules/s/pause', { body: {} }, ['submitter', 'operator']],
      ['/api/v1/schedules/s/run', { body: {} }, ['submitter', 'operator']],
      ['/pulp/api/v3/tasks/purge/', { body: {} }, ['operator']],
      [`/pulp/api/v3/tasks/${id}/`, { method: 'DELETE' }, ['operator']],
    ];
    for (const [path, asking, allowed] of acts) {
      for (const as of ['observer', 'submitter', 'operator'] as const) {
        const { status, text } = await served.ask(path, { ...asking, as });
        const what = `${as} ${path}: ${text}`;
        if (allowed.includes(as)) assert(status < 300, what);
        else assert.deepEqual([status, text.includes('NOT_ALLOWED')], [403, true], what);
      }
    }
  });

  test('stands in the log, also for what many ask for at the same time', async () => {
    await using served = await Served.start();
    const users = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? 'submitter' : 'operator'));
    const ids = await Promise.all(
      users.map(async (as) => {
        const { data } = await served.ask('/api/v1/tasks', { as, body: { name: 't', unchecked: true } });
        return (data as { id: string }).id;
      }),
    );
    await using client = await connect(served.database.url);
    const { rows } = await client.query<{ actor: string }>(
      `select e.actor from unnest($1::uuid[]) with ordinality as i(id, place) cross join pulp.history(i.id) e order by place`,
      [ids],
    );
    assert.deepEqual(
      rows.map(({ actor }) => actor),
      users.map((user) => `the-${user}`),
    );
  });

  test('is what the policy says, where owners are apart', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    await client.query(`select pulp.set_policy('owner')`);
    const own = await served.enqueue({ name: 't', kwargs: { mine: true } }, 'submitter');
    const other = await served.enqueue({ name: 't', kwargs: { mine: false } });
    const seen = async (as: UserRole) => {
      const { data } = await served.ask('/api/v1/tasks', { as });
      return (data as { tasks: { id: string; kwargs: unknown }[] }).tasks.map(({ id, kwargs }) => [
        id,
        kwargs,
      ]);
    };
    assert.deepEqual(await seen('submitter'), [[own, { mine: true }]]);
    assert.deepEqual(await seen('operator'), [
      [other, { mine: false }],
      [own, { mine: true }],
    ]);
    assert.deepEqual(await seen('observer'), [
      [other, null],
      [own, null],
    ]);
    const status = async (path: string, asking: Parameters<Served['ask']>[1]) =>
      (await served.ask(path, asking)).status;
    assert.deepEqual(
      [
        await status(`/api/v1/tasks/${other}`, { as: 'submitter' }),
        await status(`/pulp/api/v3/tasks/${own}/`, { as: 'observer' }),
        await status(`/api/v1/tasks/${other}/cancel`, { as: 'submitter', body: {} }),
        await status('/api/v1/events', { as: 'submitter' }),
        await status('/api/v1/events/stream', { as: 'observer' }),
        await status('/api/v1/events', { as: 'operator' }),
        await status(`/api/v1/tasks/${own}/cancel`, { as: 'submitter', body: {} }),
        await status(`/api/v1/tasks/${other}/cancel`, { as: 'operator', body: {} }),
      ],
      [404, 200, 404, 403, 403, 200, 200, 200],
    );
  });

  test('is asked of everybody, and known by what was made for them alone', async () => {
    await using served = await Served.start();
    const { observer, operator } = served.tokens;
    const as = async (authorization: string | undefined) => {
      const response = await fetch(`${served.url}/api/v1/workers`, {
        headers: authorization === undefined ? {} : { authorization },
      });
      return { status: response.status, challenge: response.headers.get('www-authenticate') };
    };
    for (const good of [`Bearer ${observer}`, `bearer  ${observer}`, basic('the-observer', observer)])
      assert.equal((await as(good)).status, 200, good);
    const [, id = ''] = observer.split('_');
    const bad = [
      undefined,
      '',
      'Bearer',
      'Bearer x',
      `Bearer ${observer.slice(0, -1)}`,
      `Bearer pulp_${id}_${operator.slice(-43)}`,
      `Bearer ${observer} `.trimEnd() + ' x',
      `Digest ${observer}`,
      basic('the-operator', observer),
      basic('', observer),
      basic(observer, ''),
      `Basic ${observer}`,
    ];
    for (const wrong of bad) {
      const { status, challenge } = await as(wrong);
      assert.equal(status, 401, wrong);
      assert.match(challenge ?? '', /^Basic realm="pulp", charset="UTF-8", Bearer/);
    }
  });

  test('ends when a token is revoked or expires', async () => {
    await using served = await Served.start();
    const soon = await createToken({
      actor: 'guest',
      role: 'observer',
      expiresAt: new Date(Date.now() + 1500),
    });
    const status = async (token: string) =>
      (await served.ask('/api/v1/workers', { headers: { authorization: `Bearer ${token}` } })).status;
    assert.equal(await status(soon.token), 200);
    const { id, token } = await createToken({ actor: 'other', role: 'observer' });
    assert.equal(await status(token), 200);
    await revokeToken(id);
    await until(async () => (await status(token)) === 401, 8000);
    await until(async () => (await status(soon.token)) === 401, 8000);
    const listed = await listTokens();
    assert.deepEqual(
      listed
        .filter(({ actor }) => actor === 'other')
        .map(({ revoked_by, revoked_at }) => [typeof revoked_by, revoked_at instanceof Date]),
      [['string', true]],
    );
    assert.doesNotMatch(JSON.stringify(listed), new RegExp(token.slice(-43)));
    await assert.rejects(revokeToken('0000000000000000'), { code: 'MISSING_RESOURCE' });
  });

  test('is no secret that the database could give away', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const { rows } = await client.query<{ row: string }>('select t::text as row from pulp.token t');
    const kept = rows.map(({ row }) => row).join('\n');
    for (const token of Object.values(served.tokens)) assert(!kept.includes(token.slice(-43)));
    for (const role of ['pulp_observer', 'pulp_submitter', 'pulp_worker', 'pulp_operator']) {
      await client.query(`set role ${role}`);
      await assert.rejects(client.query('select * from pulp.token'), { code: '42501' }, role);
      await client.query('reset role');
    }
    await assert.rejects(createToken({ actor: 'a b', role: 'observer' }), { code: 'INVALID_INPUT' });
  });

  test('may not try forever', async () => {
    await using served = await Served.start();
    const wrong = { headers: { authorization: 'Bearer x' } };
    assert.equal((await served.ask('/api/v1/workers', { as: 'operator' })).status, 200);
    let last = await served.ask('/api/v1/workers', wrong);
    for (let tries = 0; tries < 40 && last.status === 401; tries += 1)
      last = await served.ask('/api/v1/workers', wrong);
    assert.equal(last.status, 429);
    assert.match(last.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    assert.equal((await served.ask('/api/v1/workers', { as: 'observer' })).status, 429); // it may be right, but nobody looks
    assert.equal((await served.ask('/api/v1/workers', { as: 'operator' })).status, 200); // known from before
    assert.equal((await served.ask('/pulp/api/v3/status/')).status, 200);
  });
});

suite('the limit of failures', () => {
  test('forgives one a second, counts a network as one, and forgets who failed long ago', () => {
    let now = 0;
    const limit = new FailureLimit(() => now);
    for (let failure = 0; failure < 20; failure += 1) {
      assert.equal(limit.waitMs('2001:db8:0:1::1'), 0);
      limit.add('2001:db8:0:1::1');
    }
    assert.equal(limit.waitMs('2001:db8:0:1:ffff::2'), 1000);
    assert.equal(limit.waitMs('2001:db8:0:2::1'), 0);
    now = 1000;
    assert.equal(limit.waitMs('2001:db8:0:1::1'), 0);
    for (let failure = 0; failure < 40; failure += 1) limit.add('192.0.2.1');
    assert(limit.waitMs('192.0.2.1') > 0);
    for (let other = 0; other < 10_000; other += 1) limit.add(`10.0.${other >> 8}.${other & 255}`);
    assert.equal(limit.waitMs('192.0.2.1'), 0);
  });
});

suite('other sites', () => {
  test('reach nothing by a name that is not of this server, and cannot act', async () => {
    await using served = await Served.start({ noAuth: true, hostNames: ['pulp.example.org'] });
    const status = async (method: string, headers: Readonly<Record<string, string>>) => {
      using raw = await Raw.to(served.url);
      const body = method === 'POST' ? '{"name":"t","unchecked":true}' : '';
      const lines = Object.entries({
        Connection: 'close',
        'Content-Length': String(body.length),
        ...headers,
      });
      raw.send(
        `${method} /api/v1/tasks HTTP/1.1\r\n${lines.map(([n, v]) => `${n}: ${v}`).join('\r\n')}\r\n\r\n${body}`,
      );
      await raw.closed;
      return Number(/^HTTP\/1\.1 (\d+)/.exec(raw.received)?.[1]);
    };
    const json = { 'Content-Type': 'application/json' };
    for (const host of [
      'localhost',
      'localhost:24817',
      '127.0.0.1:1',
      '[::1]:1',
      'pulp.example.org',
      'PULP.example.org:443',
    ])
      assert.equal(await status('GET', { Host: host }), 200, host);
    for (const host of [
      'evil.example',
      'pulp.example.org.evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
    ])
      assert.equal(await status('GET', { Host: host }), 421, host);
    const acts: readonly [Readonly<Record<string, string>>, number][] = [
      [{ Host: 'localhost' }, 201],
      [{ Host: 'localhost:1', Origin: 'http://localhost:1' }, 201],
      [{ Host: 'pulp.example.org', Origin: 'https://pulp.example.org' }, 201], // TLS ends at a proxy
      [{ Host: 'localhost', Origin: 'http://evil.example' }, 403],
      [{ Host: 'localhost', Origin: 'null' }, 403],
      [{ Host: 'localhost', Origin: '' }, 403],
      [{ Host: 'localhost', 'Sec-Fetch-Site': 'cross-site' }, 403],
      [{ Host: 'localhost', 'Sec-Fetch-Site': 'same-site' }, 403],
      [{ Host: 'localhost', 'Sec-Fetch-Site': 'same-origin', Origin: 'http://localhost' }, 201],
      [{ Host: 'localhost', 'Sec-Fetch-Site': 'none' }, 201],
    ];
    for (const [headers, expected] of acts)
      assert.equal(await status('POST', { ...json, ...headers }), expected, JSON.stringify(headers));
    // What a form of another site can send without asking.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      assert.equal(await status('POST', { 'Content-Type': type, Host: 'localhost' }), 415, type);
  });
});

suite('the login of the server', () => {
  test('needs to be a member of roles, and owns nothing', async () => {
    await using login = await Login.create([
      'pulp_server',
      'pulp_observer',
      'pulp_submitter',
      'pulp_operator',
    ]);
    await using served = await Served.start({ login: (url) => login.at(url) });
    const id = await served.enqueue({ name: 't' });
    assert.equal((await served.ask(`/api/v1/tasks/${id}`, { as: 'observer' })).status, 200);
    assert.equal((await served.ask(`/api/v1/tasks/${id}/cancel`, { body: {} })).status, 200);
    assert.equal((await served.ask(`/pulp/api/v3/tasks/${id}/`, { method: 'DELETE' })).status, 204);
    assert.equal((await served.ask('/pulp/api/v3/tasks/purge/', { body: {} })).status, 202);
  });
});
