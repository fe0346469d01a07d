import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { readTlsFiles } from '../../src/http/tls.ts';
import { createDatabase } from '../support/database.ts';
import { makeCertificate } from '../http/certificate.ts';
import { Gate } from './gate.ts';
import { CommandLine, TASKS_FILE, WorkerProcess } from './command-line.ts';

/** Asks by HTTPS, trusting one certificate alone; gives the answer, and whose certificate it came with. */
async function ask(url: string, ca: Buffer, path: string) {
  const request = get(new URL(path, url), { ca, agent: false, servername: 'localhost' });
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
  const { subject } = (
    response.socket as unknown as Pick<TLSSocket, 'getPeerCertificate'>
  ).getPeerCertificate();
  return { status: response.statusCode, body: await text(response), name: subject.CN };
}

suite('TLS', () => {
  test('pulp server serves by HTTPS, and takes a new certificate without an interruption', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const files = await makeCertificate(pulp.folder, 'first');
    const next = await makeCertificate(pulp.folder, 'second');
    const server = new WorkerProcess(
      pulp.start(['server', '--no-auth', '--port', '0', '--tls-cert', files.cert, '--tls-key', files.key]),
    );
    const { url } = (await server.logged('serving')) as { url: string };
    assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
    const first = await readFile(files.cert);
    const answered = await ask(url, first, '/metrics');
    assert.deepEqual([answered.status, answered.name], [200, 'first']);
    assert.match(answered.body, /^pulp_connections \d+$/m);
    await assert.rejects(ask(url, await readFile(next.cert), '/metrics'), /self-signed|certificate/i);
    await assert.rejects(fetch(url.replace('https', 'http')));

    await writeFile(files.cert, 'nonsense');
    server.process.kill('SIGHUP');
    await server.logged('the old one is kept');
    assert.equal((await ask(url, first, '/metrics')).name, 'first');
    await copyFile(next.cert, files.cert);
    await copyFile(next.key, files.key);
    server.process.kill('SIGHUP');
    await server.logged('the certificate was read again');
    assert.equal((await ask(url, await readFile(next.cert), '/metrics')).name, 'second');
    server.process.kill('SIGTERM');
    assert.deepEqual(await server.ended, { code: 0 });
  });

  test('a certificate that is over, or not valid yet, is told', async (context) => {
    await using pulp = await CommandLine.create({});
    const files = await makeCertificate(pulp.folder, 'old');
    assert.doesNotThrow(() => readTlsFiles(files));
    for (const days of [-2, 2]) {
      context.mock.timers.enable({ apis: ['Date'], now: Date.now() + days * 86_400_000 });
      assert.throws(() => readTlsFiles(files), /is valid from \d{4}-/);
      context.mock.timers.reset();
    }
  });

  test('what is of no use is refused at the start, by name', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const { cert, key } = await makeCertificate(pulp.folder, 'one');
    const other = await makeCertificate(pulp.folder, 'other');
    const cases = [
      [cert, other.key, /is not the key of the certificate/],
      [`${cert}.no`, key, /cannot read .*ENOENT/],
      [key, key, /holds no certificate/],
      [cert, cert, /holds no private key/],
    ] as const;
    await Promise.all(
      cases.map(async ([givenCert, givenKey, message]) => {
        const { code, data } = await pulp.json([
          ...['server', '--no-auth', '--port', '0', '--tls-cert', givenCert, '--tls-key', givenKey],
        ]);
        const { error } = data as { error: { code: string; message: string } };
        assert.deepEqual([code, error.code], [2, 'TLS_UNUSABLE']);
        assert.match(error.message, message);
      }),
    );
    const half = await pulp.run(['server', '--tls-cert', cert]);
    assert.equal(half.code, 2);
    const inVain = await pulp.run(['worker', '--no-auth', '--tasks', TASKS_FILE]);
    assert.equal(inVain.code, 2);
    assert.match(inVain.stderr, /without --server nothing is served/);
  });

  test('pulp worker --server serves until what it runs has finished', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const { cert, key } = await makeCertificate(pulp.folder, 'worker');
    const worker = await pulp.worker(
      ...[
        '--tasks',
        TASKS_FILE,
        '--server',
        '--no-auth',
        '--port',
        '0',
        '--tls-cert',
        cert,
        '--tls-key',
        key,
      ],
    );
    const { url } = (await worker.logged('serving')) as { url: string };
    const ca = await readFile(cert);
    await using gate = await Gate.close(database.url);
    const held = gate.held();
    await pulp.run(['task', 'enqueue', 'test.hold', '--tasks', TASKS_FILE]);
    const id = await held;
    const path = `/api/v1/tasks/${id}`;
    const state = async () => (JSON.parse((await ask(url, ca, path)).body) as { state: string }).state;
    worker.process.kill('SIGTERM');
    await worker.logged('stops when what runs has finished');
    assert.equal(await state(), 'running');
    await gate.open();
    assert.deepEqual(await worker.ended, { code: 0 });
    await assert.rejects(ask(url, ca, path), /ECONNREFUSED/);
    assert.equal((await pulp.run(['task', 'wait', id])).stdout, `${id} completed\n`);
  });
});
