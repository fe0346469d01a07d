import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { Raw } from './raw.ts';
import { Served } from './served.ts';

const host = 'Host: localhost\r\n';
const get = (path: string, headers = host) => `GET ${path} HTTP/1.1\r\n${headers}\r\n`;

/** What is sent, as it is. None of it may be answered by anything but a refusal, or keep the server from answering others. */
const ATTACKS: Readonly<Record<string, string | Uint8Array>> = {
  'no HTTP': 'hello\r\n\r\n',
  noise: randomBytes(4096),
  'a TLS greeting': Buffer.from('16030100f4010000f00303', 'hex'),
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'HTTP/0.9': 'GET /\r\n',
  'HTTP/1.0 without a host': 'GET /api/v1/tasks HTTP/1.0\r\n\r\n',
  'HTTP/9.9': 'GET / HTTP/9.9\r\n\r\n',
  'no host': 'GET /api/v1/tasks HTTP/1.1\r\n\r\n',
  'two hosts': get('/api/v1/tasks', `${host}Host: evil.example\r\n`),
  'an empty host': get('/api/v1/tasks', 'Host:\r\n'),
  'a host that is none': get('/api/v1/tasks', 'Host: [::1\r\n'),
  'a host with a user': get('/api/v1/tasks', 'Host: localhost@evil.example\r\n'),
  'a host with a path': get('/api/v1/tasks', 'Host: localhost/../evil.example\r\n'),
  'another host in the address': get('http://evil.example/api/v1/tasks', 'Host: evil.example\r\n'),
  'an address of nothing': get('http:///'),
  'two slashes': get('//evil.example/api/v1/tasks'),
  'dots in the path': get('/api/v1/../../../etc/passwd'),
  'escaped dots': get('/api/v1/%2e%2e/%2e%2e/etc/passwd'),
  backslashes: get('/api\\v1\\tasks\\..\\..'),
  'a NUL in the path': get('/api/v1/tasks/%00'),
  'half an escape': get('/api/v1/tasks/%'),
  'no UTF-8 in the path': get('/api/v1/tasks/%c0%ae%c0%ae'),
  'bytes in the path': Buffer.from(
    'GET /api/v1/tasks/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'latin1',
  ),
  'a long path': get(`/${'a/'.repeat(20_000)}`),
  'a long query': get(`/api/v1/tasks?name=${'a'.repeat(100_000)}`),
  'many parameters': get(`/api/v1/tasks?${'name=a&'.repeat(2000)}`),
  'a star': 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n',
  CONNECT: 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n',
  TRACE: `TRACE /api/v1/tasks HTTP/1.1\r\n${host}\r\n`,
  'a method that there is not': `BREW /api/v1/tasks HTTP/1.1\r\n${host}\r\n`,
  'an upgrade': get('/api/v1/tasks', `${host}Connection: Upgrade\r\nUpgrade: websocket\r\n`),
  h2c: get(
    '/api/v1/tasks',
    `${host}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n`,
  ),
  'a header without end': `GET /api/v1/tasks HTTP/1.1\r\nX-Long: ${'a'.repeat(100_000)}`,
  'many headers': get('/api/v1/tasks', host + 'X-Many: a\r\n'.repeat(5000)),
  'a header with a line in it': get('/api/v1/tasks', `${host}X-Bad: a\nb\r\n`),
  'a header without a name': get('/api/v1/tasks', `${host}: a\r\n`),
  'a header with a blank before the colon': get('/api/v1/tasks', `${host}X-Bad : a\r\n`),
  'a length that is none': `POST /api/v1/tasks HTTP/1.1\r\n${host}Content-Length: x\r\n\r\n`,
  'a negative length': `POST /api/v1/tasks HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`,
  'two lengths': `POST /api/v1/tasks HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
  'a length beyond all': `POST /api/v1/tasks HTTP/1.1\r\n${host}Content-Length: 99999999999999999999\r\n\r\n`,
  'a length and chunks': `POST /api/v1/tasks HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'a chunk of no size': `POST /api/v1/tasks HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
  'a chunk beyond all': `POST /api/v1/tasks HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n`,
  'a coding that there is not': `POST /api/v1/tasks HTTP/1.1\r\n${host}Transfer-Encoding: gzip\r\n\r\n`,
  'a body in a coding': `POST /api/v1/tasks HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}`,
  'an expectation that there is not': `POST /api/v1/tasks HTTP/1.1\r\n${host}Expect: 200-maybe\r\n\r\n`,
  'a request in the body of another': `GET /nothing HTTP/1.1\r\n${host}Content-Length: 30\r\n\r\n${get('/api/v1/tasks').slice(0, 30)}`,
  'many requests at once, and then noise': get('/nothing').repeat(200) + '\0\0\0',
  'a login of many bytes': get('/api/v1/tasks', `${host}Authorization: Bearer ${'a'.repeat(10_000)}\r\n`),
  'a login of no bytes': get('/api/v1/tasks', `${host}Authorization: \r\n`),
  'a login that is no base64': get('/api/v1/tasks', `${host}Authorization: Basic ****\r\n`),
  'a correlation with lines in it': get(
    '/pulp/api/v3/status/',
    `Host: evil.example\r\nCorrelation-ID: a%0d%0aSet-Cookie: b\r\n`,
  ),
  'half a request': 'GET /api/v1/tas',
  nothing: '',
};

suite('a server under abuse', () => {
  test('refuses all of it and goes on serving others', async () => {
    await using served = await Served.start({ limits: { headersMs: 500, requestMs: 1000 } });
    assert(Object.keys(ATTACKS).length >= 50);
    const answers = await Promise.all(
      Object.entries(ATTACKS).map(async ([name, bytes]) => {
        using raw = await Raw.to(served.url);
        raw.send(bytes);
        await raw.until(/HTTP\/1\.1 \d+ /); // or it is closed without a word
        return {
          name,
          statuses: Array.from(raw.received.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => Number(status)),
        };
      }),
    );
    const taken = answers.filter(({ statuses }) => statuses.some((status) => status < 400 && status !== 204));
    assert.deepEqual(taken, []);
    const failed = answers.filter(({ statuses }) => statuses.some((status) => status >= 500));
    assert.deepEqual(failed, []);
    assert.equal((await served.ask('/api/v1/tasks')).status, 200);
  });

  test('answers others while hundreds of connections send nothing, or drop by drop', async () => {
    await using served = await Served.start({ limits: { headersMs: 1500 } });
    const idle = await Promise.all(Array.from({ length: 300 }, () => Raw.to(served.url)));
    idle.forEach((raw, index) => {
      if (index % 2 === 0) raw.send('GET /api/v1/tasks HTTP/1.1\r\nX-Slow: ');
    });
    const begun = performance.now();
    for (let turn = 0; turn < 20; turn += 1) assert.equal((await served.ask('/api/v1/tasks')).status, 200);
    assert(performance.now() - begun < 10_000);
    await Promise.all(idle.filter((_, index) => index % 2 === 0).map((raw) => raw.closed));
    for (const raw of idle) raw[Symbol.dispose]();
  });
});
