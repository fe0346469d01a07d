import assert from 'node:assert/strict';
import { chmod, chown, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { openClient } from '../../../src/postgres/dedicated-client.ts';
import { OwnServer } from '../../faults/own-server.ts';
import { makeCertificate } from '../../http/certificate.ts';
import { databaseUrl } from '../../support/database.ts';

/** Rules of who is let in: the first line that fits holds. */
const RULES = `
hostssl all certified 127.0.0.1/32 cert
hostssl all all 127.0.0.1/32 scram-sha-256
host plain pulp 127.0.0.1/32 scram-sha-256
host all locked 127.0.0.1/32 scram-sha-256
`;

let server: OwnServer;
let folder: string;
let files: Awaited<ReturnType<typeof makeCertificate>>;

/** Places a file in the server's data directory, as its owner. */
async function place(from: string, to: string, mode: number): Promise<void> {
  const path = join(server.dataDirectory, to);
  await copyFile(from, path);
  const { uid, gid } = await stat(server.dataDirectory);
  await chown(path, uid, gid);
  await chmod(path, mode);
}

before(async () => {
  server = await OwnServer.start();
  folder = await mkdtemp(join(tmpdir(), 'pulp-tls-'));
  files = await makeCertificate(folder, 'certified');
  await place(files.cert, 'server.crt', 0o600);
  await place(files.key, 'server.key', 0o600);
  await server.ask(async (client) => {
    await client.query(`create role certified login`);
    await client.query(`alter system set ssl_ca_file = 'server.crt'`);
    await client.query(`alter system set ssl = on`);
    const { rows } = await client.query<{ rules: string }>(`select pg_read_file('pg_hba.conf') as rules`);
    const path = join(server.dataDirectory, 'pg_hba.conf');
    await writeFile(path, `${RULES}${rows[0]?.rules ?? ''}`);
    await client.query('select pg_reload_conf()');
  });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** The address of the server by its name, or its number, with other settings. */
function address(settings: string, host = 'localhost'): string {
  const url = new URL(server.url);
  url.host = `${host}:${url.port}`;
  url.search = settings;
  return url.href;
}

/** What a connection is encrypted with; null: it is in the clear. */
async function protocolOf(url: string): Promise<string | null> {
  const client = await openClient(url);
  try {
    const { rows } = await client.query<{ version: string | null }>(
      'select version from pg_stat_ssl where pid = pg_backend_pid()',
    );
    return rows[0]?.version ?? null;
  } finally {
    await client.end();
  }
}

suite('sslmode', () => {
  const ca = () => `sslrootcert=${encodeURIComponent(files.cert)}`;
  const cases: readonly (readonly [string, () => string, string | null | RegExp])[] = [
    ['nothing, which is prefer', () => '', 'TLSv1.3'],
    ['disable', () => 'sslmode=disable', null],
    ['allow', () => 'sslmode=allow', null],
    ['prefer', () => 'sslmode=prefer', 'TLSv1.3'],
    ['require, whatever the certificate', () => 'sslmode=require', 'TLSv1.3'],
    ['require with an authority', () => `sslmode=require&${ca()}`, 'TLSv1.3'],
    ['verify-ca', () => `sslmode=verify-ca&${ca()}`, 'TLSv1.3'],
    ['verify-full', () => `sslmode=verify-full&${ca()}`, 'TLSv1.3'],
    ['a version', () => `sslmode=require&ssl_max_protocol_version=TLSv1.2`, 'TLSv1.2'],
    ['direct negotiation', () => `sslmode=require&sslnegotiation=direct`, 'TLSv1.3'],
    ['a proof that is bound to the channel', () => `sslmode=require&channel_binding=require`, 'TLSv1.3'],
    ['no authority to verify by', () => 'sslmode=verify-full', /there is none at .*root\.crt/],
    [
      'an authority that is not there',
      () => 'sslmode=verify-ca&sslrootcert=/absent',
      /there is none at \/absent/,
    ],
    ['the authorities of the system', () => 'sslrootcert=system', /self-signed/],
    [
      'the authorities of the system, half checked',
      () => 'sslmode=require&sslrootcert=system',
      /does not go with sslmode=require/,
    ],
    [
      'direct negotiation of what is only preferred',
      () => 'sslnegotiation=direct',
      /does not go with sslmode=prefer/,
    ],
  ];
  for (const [name, settings, expected] of cases) {
    test(name, async () => {
      const asked = protocolOf(address(settings()));
      if (expected instanceof RegExp) await assert.rejects(asked, expected);
      else assert.equal(await asked, expected);
    });
  }

  test('verify-full checks whose certificate it is, and verify-ca who signed it', async () => {
    const other = await makeCertificate(folder, 'stranger');
    const byStranger = `sslrootcert=${encodeURIComponent(other.cert)}`;
    const named = (settings: string) => address(`${settings}&hostaddr=127.0.0.1`, 'db.example.org');
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      await assert.rejects(
        protocolOf(address(`sslmode=${mode}&${byStranger}`)),
        /self-signed|certificate/,
        mode,
      );
    }
    assert.equal(await protocolOf(named(`sslmode=verify-ca&${ca()}`)), 'TLSv1.3');
    await assert.rejects(protocolOf(named(`sslmode=verify-full&${ca()}`)), /db\.example\.org/);
  });

  test('allow encrypts where the server wants that, and disable is refused there', async () => {
    await server.ask((client) => client.query(`create role strict login password 'x'`));
    const strict = (mode: string) => {
      const url = new URL(address(`sslmode=${mode}`));
      url.username = 'strict';
      url.password = 'x';
      return url.href;
    };
    await server.ask(async (client) => {
      const path = join(server.dataDirectory, 'pg_hba.conf');
      await writeFile(path, `hostnossl all strict 127.0.0.1/32 reject\n${await readFile(path, 'utf8')}`);
      await client.query('select pg_reload_conf()');
    });
    assert.equal(await protocolOf(strict('allow')), 'TLSv1.3');
    await assert.rejects(protocolOf(strict('disable')), /no encryption|rejects connection/);
  });

  test('a client proves by a certificate who it is; a key that others can read is refused', async () => {
    const url = new URL(address(`sslmode=verify-full&${ca()}&sslcert=${files.cert}&sslkey=${files.key}`));
    url.username = 'certified';
    url.password = '';
    await chmod(files.key, 0o600);
    assert.equal(await protocolOf(url.href), 'TLSv1.3');
    await chmod(files.key, 0o644);
    await assert.rejects(protocolOf(url.href), /has group or world access/);
    await chmod(files.key, 0o600);
  });

  test('a server that does not encrypt is used where that is preferred, and refused where it is required', async () => {
    const url = new URL(databaseUrl('postgres'));
    for (const [mode, works] of [
      ['prefer', true],
      ['allow', true],
      ['require', false],
    ] as const) {
      url.search = `sslmode=${mode}`;
      const asked = protocolOf(url.href);
      if (works) assert.equal(await asked, null);
      else await assert.rejects(asked, /does not support SSL/);
    }
    url.search = 'sslmode=disable&channel_binding=require';
    await assert.rejects(protocolOf(url.href), /does not bind its proof to the channel/);
  });
});
