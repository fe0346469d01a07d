import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { suite, test } from 'node:test';
import { connect } from '../support/database.ts';
import { until } from '../support/until.ts';
import { Raw } from './raw.ts';
import { Served } from './served.ts';

suite('the end of a server', () => {
  test('comes although a client goes on asking on a connection that is kept', async () => {
    const served = await Served.start();
    using raw = await Raw.to(served.url);
    const ask = () => {
      raw.send('GET /pulp/api/v3/status/ HTTP/1.1\r\nHost: localhost\r\n\r\n');
    };
    ask();
    await raw.until(/"domain_enabled":false}/);
    const asking = setInterval(ask, 5);
    const begun = performance.now();
    await served[Symbol.asyncDispose]();
    clearInterval(asking);
    assert(performance.now() - begun < 4000, 'it went on serving');
    await raw.closed;
  });

  test('comes although a client has connected and sent nothing', async () => {
    const served = await Served.start();
    using raw = await Raw.to(served.url);
    const begun = performance.now();
    await served.server.stop();
    await raw.closed;
    assert(performance.now() - begun < 4000, 'it waited for the client');
    await served[Symbol.asyncDispose]();
  });

  test('lets a request under way finish, and ends streams as if they were over', async () => {
    const served = await Served.start();
    await using client = await connect(served.database.url);
    const stream = await fetch(`${served.url}/api/v1/events/stream`, {
      headers: { authorization: `Bearer ${served.tokens.observer}` },
    });
    assert.equal(stream.status, 200);
    await client.query('begin; lock table pulp.worker');
    const slow = served.ask('/api/v1/workers');
    await until(async () => {
      const { rows } = await client.query<{ waiting: boolean }>(
        'select exists (select from pg_locks where not granted and relation = $1::regclass) as waiting',
        ['pulp.worker'],
      );
      return rows[0]?.waiting === true;
    });
    const ended = served.server.stop();
    assert.match(await stream.text(), /^retry: \d+\n\n$/);
    await client.query('commit');
    const { status, headers } = await slow;
    assert.deepEqual([status, headers.get('connection')], [200, 'close']);
    await ended;
    await assert.rejects(fetch(`${served.url}/pulp/api/v3/status/`));
    await served[Symbol.asyncDispose]();
  });

  test('breaks off what takes too long', async () => {
    const served = await Served.start({ limits: { shutdownMs: 200 } });
    await using client = await connect(served.database.url);
    await client.query('begin; lock table pulp.worker');
    const slow = served.ask('/api/v1/workers').catch(() => 'broken off');
    await until(async () => {
      const { rows } = await client.query<{ waiting: boolean }>(
        'select exists (select from pg_locks where not granted and relation = $1::regclass) as waiting',
        ['pulp.worker'],
      );
      return rows[0]?.waiting === true;
    });
    await served.server.stop();
    assert.equal(await slow, 'broken off');
    await client.query('commit');
    await served[Symbol.asyncDispose]();
  });
});

suite('clients that take their time', () => {
  test('are told so and cut off; those who wait for an answer, or follow the log, are not', async () => {
    await using served = await Served.start({ limits: { headersMs: 300, requestMs: 600 } });
    using headers = await Raw.to(served.url);
    headers.send('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    using body = await Raw.to(served.url);
    body.send(
      `POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${served.tokens.submitter}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"name"',
    );
    const follower = await fetch(`${served.url}/api/v1/events/stream`, {
      headers: { authorization: `Bearer ${served.tokens.observer}` },
    });
    await Promise.all([headers.closed, body.closed]);
    assert.match(headers.received, /^HTTP\/1\.1 408 /);
    assert.match(body.received, /^HTTP\/1\.1 408 /);
    await pause(1200); // longer than any limit: the follower outlives them
    const id = await served.enqueue({ name: 't' });
    const reader = follower.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes(id)) text += (await reader?.read())?.value ?? assert.fail('the stream ended');
    await reader?.cancel();
  });
});

suite('answers', () => {
  test('say what can be done with what is there, and nothing to other sites', async () => {
    await using served = await Served.start();
    const id = await served.enqueue({ name: 't' });
    const options = await served.ask('/api/v1/tasks', { method: 'OPTIONS' });
    assert.deepEqual([options.status, options.headers.get('allow')], [204, 'POST, GET, HEAD, OPTIONS']);
    const wrong = await served.ask(`/pulp/api/v3/tasks/${id}/`, { method: 'PUT' });
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'GET, HEAD, PATCH, DELETE, OPTIONS']);
    const head = await served.ask(`/api/v1/tasks/${id}`, { method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [200, '']);
    for (const path of [
      '/nothing',
      '/api/v1/TASKS',
      `/pulp/api/v3/tasks/${id}`,
      '/api/v1/tasks/%2e%2e/%2e%2e',
    ]) {
      assert.equal((await served.ask(path)).status, 404, path);
    }
    for (const { headers } of [
      options,
      wrong,
      head,
      await served.ask('/nothing'),
      await served.ask('/api/v1/tasks'),
    ]) {
      assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('access-control-allow-origin'), null);
      assert.equal(headers.get('strict-transport-security'), null);
    }
  });

  test('of a task that is as it was are not sent again', async () => {
    await using served = await Served.start();
    const id = await served.enqueue({ name: 't' });
    const { headers } = await served.ask(`/api/v1/tasks/${id}`);
    const etag = headers.get('etag') ?? '';
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await served.ask(`/api/v1/tasks/${id}`, { headers: { 'if-none-match': known } });
      assert.deepEqual([again.status, again.text, again.headers.get('etag')], [304, '', etag], known);
    }
    await served.ask(`/api/v1/tasks/${id}/cancel`, { body: {} });
    const changed = await served.ask(`/api/v1/tasks/${id}`, { headers: { 'if-none-match': etag } });
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.get('etag'), etag);
  });

  test('come in order to who asks for several things at once', async () => {
    await using served = await Served.start({ noAuth: true });
    using raw = await Raw.to(served.url);
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    raw.send(request('/api/v1/workers') + request('/nothing') + request('/api/v1/tasks'));
    const received = await raw.until(/"cursor":null}/);
    assert.deepEqual(
      Array.from(received.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status),
      ['200', '404', '200'],
    );
  });

  test('of an outage say so, and let nothing out of what the database says', async () => {
    await using served = await Served.start({ noAuth: true });
    await using client = await connect(served.database.url);
    await client.query('alter table pulp.worker rename to elsewhere');
    const { status, text, data } = await served.ask('/api/v1/workers');
    assert.equal(status, 503);
    assert.equal((data as { code: string }).code, 'NOT_MIGRATED');
    assert.doesNotMatch(text, /pulp\.worker|relation/);
    await client.query('alter table pulp.elsewhere rename to worker');
    await client.query('alter table pulp.worker rename host to elsewhere');
    const broken = await served.ask('/api/v1/workers');
    assert.equal(broken.status, 500);
    assert.doesNotMatch(broken.text, /host|column/);
  });
});

suite('requests', () => {
  test('that say what they may not are refused with what is wrong, and write nothing', async () => {
    await using served = await Served.start();
    const id = await served.enqueue({ name: 't' });
    const before = (await served.ask('/api/v1/tasks')).text;
    const json = { 'content-type': 'application/json' };
    const cases: readonly [string, Parameters<Served['ask']>[1], number, RegExp][] = [
      // Queries.
      ['/api/v1/tasks?stat=waiting', {}, 400, /there is no parameter \\"stat\\"/],
      ['/api/v1/tasks?state[]=waiting', {}, 400, /no parameter/],
      ['/api/v1/tasks?state=wating', {}, 400, /state/],
      ['/api/v1/tasks?limit=', {}, 400, /limit/],
      ['/api/v1/tasks?limit=0x10', {}, 400, /limit/],
      ['/api/v1/tasks?limit=1e2', {}, 400, /limit/],
      ['/api/v1/tasks?limit=1&limit=2', {}, 400, /limit: is there 2 times/],
      ['/api/v1/tasks?limit=1001', {}, 400, /limit/],
      ['/api/v1/tasks?cursor=x', {}, 400, /cursor/],
      [`/api/v1/tasks?cursor=${id.replace(/.$/, 'x')}`, {}, 400, /cursor/],
      ['/api/v1/tasks?at=yesterday', {}, 400, /at: must be a time/],
      ['/api/v1/tasks?__proto__=1', {}, 400, /no parameter/],
      ['/api/v1/tasks?name=%00', {}, 400, /NUL|null|0x00|invalid/i],
      ['/pulp/api/v3/workers/?online=yes', {}, 400, /online: must be true or false/],
      ['/pulp/api/v3/workers/?online=', {}, 400, /online/],
      ['/pulp/api/v3/tasks/?ordering=kwargs', {}, 400, /ordering/],
      ['/pulp/api/v3/tasks/?worker=/pulp/api/v3/tasks/1/', {}, 400, /worker/],
      ['/pulp/api/v3/tasks/?started_at__range=2030-01-01', {}, 400, /range/],
      ['/pulp/api/v3/tasks/?prn__in=prn:core.worker:1', {}, 400, /prn__in/],
      ['/api/v1/events?after=nowhere', {}, 400, /no position/],
      ['/api/v1/events?after=999999999:9', {}, 400, /ahead/],
      ['/api/v1/events/stream', { headers: { 'last-event-id': 'x' } }, 400, /no position/],
      ['/api/v1/events?type=TaskEaten', {}, 400, /type/],
      // Bodies.
      ['/api/v1/tasks', { method: 'POST' }, 400, /the body is missing/],
      ['/api/v1/tasks', { method: 'POST', headers: json }, 400, /the body is missing/],
      ['/api/v1/tasks', { body: '{"name": "t",', headers: json }, 400, /bad JSON at position 13/],
      ['/api/v1/tasks', { body: '\ufeff', headers: json }, 400, /bad JSON/],
      ['/api/v1/tasks', { body: '[]', headers: json }, 400, /expected object/],
      ['/api/v1/tasks', { body: 'null', headers: json }, 400, /expected object/],
      ['/api/v1/tasks', { body: {}, headers: json }, 400, /name/],
      [
        '/api/v1/tasks',
        { body: { name: 't' }, headers: { 'content-type': 'text/plain' } },
        415,
        /text\/plain/,
      ],
      [
        '/api/v1/tasks',
        { body: 'name=t', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
        415,
        /form/,
      ],
      ['/api/v1/tasks', { body: { name: 't', kwarg: {} } }, 400, /kwarg/],
      ['/api/v1/tasks', { body: { name: 't', parent_id: id } }, 400, /parent_id/],
      ['/api/v1/tasks', { body: { name: 't' } }, 400, /unknown task type/],
      ['/api/v1/tasks', { body: { name: 't\n', unchecked: true } }, 400, /name/],
      [
        '/api/v1/tasks',
        { body: '{"name":"t","unchecked":true,"args":[9007199254740993]}' },
        400,
        /args\[0\]/,
      ],
      ['/api/v1/tasks', { body: '{"name":"t","unchecked":true,"kwargs":{"a":1e400}}' }, 400, /kwargs\.a/],
      [
        '/api/v1/tasks',
        { body: '{"name":"t","unchecked":true,"kwargs":{"__proto__":{}}}' },
        400,
        /__proto__/,
      ],
      ['/api/v1/tasks', { body: '{"name":"t","unchecked":true,"__proto__":{}}' }, 400, /__proto__/],
      ['/api/v1/tasks', { body: '{"name":"t","unchecked":true,"args":["\\u0000"]}' }, 400, /NUL/],
      ['/api/v1/tasks', { body: '{"name":"t","unchecked":true,"args":["\\ud800"]}' }, 400, /surrogate/],
      ['/api/v1/tasks', { body: { name: 't', unchecked: true, args: 1 } }, 400, /args/],
      ['/api/v1/tasks', { body: { name: 't', unchecked: true, id: 'x' } }, 400, /id/],
      ['/api/v1/tasks', { body: { name: 'u', unchecked: true, id } }, 409, /ID_CONFLICT/],
      [
        '/api/v1/tasks',
        { body: { name: 't', unchecked: true, resources: Array(257).fill('/a/') } },
        400,
        /resources/,
      ],
      [
        '/api/v1/tasks',
        { body: `{"name":"t","unchecked":true,"args":${'['.repeat(65)}${']'.repeat(65)}}` },
        400,
        /64/,
      ],
      [
        '/api/v1/tasks/batch',
        {
          body: {
            tasks: [
              { name: 't', unchecked: true },
              { name: '!', unchecked: true },
            ],
          },
        },
        400,
        /tasks\.1/,
      ],
      [
        '/api/v1/tasks/batch',
        { body: { tasks: [{ name: 't', unchecked: true }, { nam: 't' }] } },
        400,
        /tasks\.1/,
      ],
      [`/api/v1/tasks/${id}/cancel`, { method: 'POST' }, 400, /the body is missing/],
      [`/api/v1/tasks/${id}/cancel`, { body: { reason: 'x'.repeat(20_000) } }, 400, /reason/],
      [`/pulp/api/v3/tasks/${id}/`, { method: 'PATCH', body: { state: 'failed' } }, 400, /state/],
      ['/pulp/api/v3/tasks/purge/', { body: { states: ['waiting'] } }, 400, /states/],
      // Addresses of nothing.
      [`/api/v1/tasks/${id.replace(/^./, 'f')}`, {}, 404, /MISSING_RESOURCE/],
      ['/api/v1/tasks/x', {}, 404, /MISSING_RESOURCE/],
      ['/api/v1/tasks/x/cancel', { body: {} }, 404, /MISSING_RESOURCE/],
      ['/api/v1/tasks/x/why', {}, 404, /MISSING_RESOURCE/],
      ['/api/v1/tasks/x/history', {}, 404, /MISSING_RESOURCE/],
      ['/pulp/api/v3/tasks/x/', { method: 'DELETE' }, 404, /MISSING_RESOURCE/],
      ['/pulp/api/v3/workers/x/', {}, 404, /MISSING_RESOURCE/],
      ['/pulp/api/v3/task-groups/x/', {}, 404, /MISSING_RESOURCE/],
      ['/api/v1/resource?name=/nobody/', {}, 404, /MISSING_RESOURCE/],
      ['/api/v1/tasks/%ff', {}, 404, /MISSING_RESOURCE/],
    ];
    for (const [path, asking, status, told] of cases) {
      const answered = await served.ask(path, asking);
      const what = `${path} ${JSON.stringify(asking).slice(0, 200)}: ${answered.text}`;
      assert.equal(answered.status, status, what);
      assert.match(answered.text, told, what);
      assert.equal(answered.headers.get('content-type'), 'application/problem+json', what);
      const { code, detail, remedy } = answered.data as Record<string, string>;
      assert(code && detail && remedy, what);
    }
    assert.equal((await served.ask('/api/v1/tasks')).text, before);
  });

  test('that are too large are refused before they are read, whether they say so or not', async () => {
    await using served = await Served.start();
    const head = `POST /pulp/api/v3/tasks/purge/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${served.tokens.operator}\r\nContent-Type: application/json\r\n`;
    using said = await Raw.to(served.url);
    said.send(`${head}Content-Length: 100000000\r\n\r\n{`);
    assert.match(await said.until(/TOO_LARGE/), /^HTTP\/1\.1 413 /);
    using unsaid = await Raw.to(served.url);
    unsaid.send(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    const chunk = `8000\r\n${' '.repeat(0x8000)}\r\n`;
    for (let sent = 0; sent < 4 && !unsaid.received.includes('TOO_LARGE'); sent += 1) unsaid.send(chunk);
    assert.match(await unsaid.until(/TOO_LARGE/), /^HTTP\/1\.1 413 /);
    const largest = { name: 't', unchecked: true, args: ['x'.repeat(1024 * 1024 - 4)], kwargs: {} };
    assert.equal((await served.ask('/api/v1/tasks', { body: largest })).status, 201);
  });
});
