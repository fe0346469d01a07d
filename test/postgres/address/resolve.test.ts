import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  addressOfEnvironment,
  resolveAddress,
  resolveParameters,
} from '../../../src/postgres/address/resolve.ts';
import { formatUri } from '../../../src/postgres/address/uri.ts';

const OWN = userInfo().username;

/** What is left of the address, without a user, which here is the account of the process. */
function partsOf(address: string, environment: NodeJS.ProcessEnv = {}) {
  return { ...resolveParameters(address, 'DATABASE_URL', environment) };
}

suite('an address', () => {
  const forms: readonly (readonly [string, Record<string, string>])[] = [
    ['postgresql://db.example.org/app', { host: 'db.example.org', dbname: 'app', user: OWN }],
    ['postgres://me@h', { host: 'h', user: 'me', dbname: 'me' }],
    [
      'postgresql://me:p%40ss%2F@h:6000/app',
      { host: 'h', port: '6000', user: 'me', password: 'p@ss/', dbname: 'app' },
    ],
    ['postgresql://me@[::1]:6000/a', { host: '::1', port: '6000', user: 'me', dbname: 'a' }],
    [
      'postgresql:///app?host=/run/postgresql&user=me',
      { host: '/run/postgresql', user: 'me', dbname: 'app' },
    ],
    ['postgresql://me@%2Frun%2Fpostgresql/app', { host: '/run/postgresql', user: 'me', dbname: 'app' }],
    [
      'postgresql://me@a:1,b:2/x?target_session_attrs=primary',
      { host: 'a,b', port: '1,2', user: 'me', dbname: 'x', target_session_attrs: 'primary' },
    ],
    [
      'postgresql://me@a,b/x?options=-c%20geqo%3Doff',
      { host: 'a,b', user: 'me', dbname: 'x', options: '-c geqo=off' },
    ],
    ['postgresql://me@h/x?ssl=true', { host: 'h', user: 'me', dbname: 'x', sslmode: 'require' }],
  ];
  for (const [address, parts] of forms) {
    test(`${address} is taken apart as libpq does, and stays the same when it is resolved again`, () => {
      assert.deepEqual(partsOf(address), parts);
      const resolved = resolveAddress(address, 'DATABASE_URL', {});
      assert.ok(URL.canParse(resolved), resolved);
      assert.equal(resolveAddress(resolved, 'DATABASE_URL', {}), resolved);
      assert.deepEqual(partsOf(resolved), parts);
    });
  }

  test('of any parts is read as it was written', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((value) => !value.includes(',') && !value.includes('\0'));
    fc.assert(
      fc.property(
        fc.record({
          user: text,
          password: text,
          dbname: text,
          host: fc.oneof(
            fc.domain(),
            fc.ipV6(),
            text.map((name) => `/${name}`),
          ),
          port: fc.integer({ min: 1, max: 65_535 }).map(String),
          application_name: text,
        }),
        (parts) => {
          assert.deepEqual(partsOf(formatUri(parts)), { ...parts });
        },
      ),
    );
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['nonsense', /DATABASE_URL is no address/],
    ['mysql://h/x', /DATABASE_URL is no address/],
    ['host=h dbname=x', /DATABASE_URL is no address/],
    ['postgresql://me:p@ss@h/x', /DATABASE_URL is no address/],
    ['postgresql://me:%zz@h/x', /DATABASE_URL is no address/],
    ['postgresql://h:port/x', /DATABASE_URL is no address/],
    ['postgresql://h:70000/x', /70000 is no port/],
    ['postgresql:///x?host=a,b,c&port=1,2', /3 hosts, and 3 names and 2 ports/],
    ['postgresql://h/x?sslmode=no-verify', /sslmode cannot be "no-verify"/],
    ['postgresql://h/x?sslmode=maybe', /sslmode cannot be "maybe"/],
    ['postgresql://h/x?target_session_attrs=master', /target_session_attrs cannot be "master"/],
    ['postgresql://h/x?connect_timeout=0', /connect_timeout cannot be "0"/],
    ['postgresql://h/x?requirepeer=postgres', /"requirepeer" is no parameter/],
    ['postgresql://h/x?schema=public', /"schema" is no parameter/],
    ['postgresql://h/x?sslmode', /DATABASE_URL is no address/],
  ];
  for (const [address, message] of refused) {
    test(`${address} is refused with a remedy, and without its password`, () => {
      assert.throws(
        () => resolveAddress(address, 'DATABASE_URL', {}),
        (error: Error & { code?: string; remedy?: string }) => {
          assert.equal(error.code, 'INVALID_INPUT');
          assert.match(error.message, message);
          assert.ok((error.remedy ?? '').length > 10);
          assert.doesNotMatch(error.message, /p@ss|%zz/);
          return true;
        },
      );
    });
  }
});

suite('the environment', () => {
  test('names a server by DATABASE_URL, PGHOST, PGHOSTADDR, PGSERVICE or PGDATABASE, and by nothing else', () => {
    assert.equal(addressOfEnvironment({}), undefined);
    const others = {
      PGUSER: 'me',
      PGPORT: '6000',
      PGPASSWORD: 'x',
      PGSSLMODE: 'require',
      PGHOST: '',
      DATABASE_URL: '',
    };
    assert.equal(addressOfEnvironment(others), undefined);
    assert.equal(
      addressOfEnvironment({ ...others, PGHOST: 'h' }),
      'postgresql://me:x@h:6000/me?sslmode=require',
    );
    assert.match(addressOfEnvironment({ PGDATABASE: 'app', PGUSER: 'me' }) ?? '', /\/app(\?|$)/);
    assert.equal(
      addressOfEnvironment({ ...others, PGHOSTADDR: '10.0.0.1', PGDATABASE: 'app' }),
      'postgresql:///app?port=6000&user=me&password=x&hostaddr=10.0.0.1&sslmode=require',
    );
  });

  test('fills what DATABASE_URL leaves open, and changes nothing that it says', () => {
    const environment = {
      DATABASE_URL: 'postgresql://h/x?sslmode=verify-full',
      PGHOST: 'other',
      PGUSER: 'me',
      PGPASSWORD: 'secret',
      PGSSLMODE: 'disable',
      PGAPPNAME: 'mine',
    };
    assert.equal(
      addressOfEnvironment(environment),
      'postgresql://me:secret@h/x?application_name=mine&sslmode=verify-full',
    );
  });

  test('is refused by the name of the variable', () => {
    for (const [name, value] of [
      ['PGSSLMODE', 'on'],
      ['PGPORT', 'five'],
      ['PGTARGETSESSIONATTRS', 'leader'],
      ['PGCONNECT_TIMEOUT', 'long'],
    ] as const) {
      assert.throws(() => addressOfEnvironment({ PGHOST: 'h', [name]: value }), {
        code: 'INVALID_INPUT',
        message: new RegExp(`^${name}: `),
      });
    }
  });
});

suite('a service', () => {
  const FILE = `# ours
[other]
host=elsewhere
[app]
host=db.example.org
port=6000
# of the app
dbname=tasks
user=service
sslmode=verify-full
[bad]
hostname=x
`;

  test('is read from the file that is named, below the address and above the environment', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pulp-service-'));
    const PGSERVICEFILE = join(folder, 'services.conf');
    await writeFile(PGSERVICEFILE, FILE);
    const environment = { PGSERVICEFILE, PGUSER: 'me', PGAPPNAME: 'mine' };
    const ofService = {
      host: 'db.example.org',
      port: '6000',
      dbname: 'tasks',
      user: 'service',
      sslmode: 'verify-full',
      application_name: 'mine',
    };
    assert.deepEqual(partsOf('postgresql://?service=app', environment), ofService);
    assert.deepEqual(partsOf('postgresql://you@/?service=app', environment), { ...ofService, user: 'you' });
    const named = addressOfEnvironment({ ...environment, PGSERVICE: 'app' }) ?? '';
    assert.deepEqual(partsOf(named), ofService);
    assert.deepEqual(
      partsOf(`postgresql:///?service=app&servicefile=${encodeURIComponent(PGSERVICEFILE)}`).host,
      'db.example.org',
    );
    for (const [service, message] of [
      ['none', /there is no service "none" in .*services\.conf/],
      ['bad', /services\.conf:12: "hostname" is no parameter/],
    ] as const) {
      assert.throws(() => addressOfEnvironment({ ...environment, PGSERVICE: service }), {
        code: 'INVALID_INPUT',
        message,
      });
    }
    assert.throws(() => addressOfEnvironment({ PGSERVICE: 'app', PGSERVICEFILE: join(folder, 'absent') }), {
      code: 'INVALID_INPUT',
      message: /cannot read the file of services/,
    });
    await writeFile(join(folder, 'pg_service.conf'), FILE);
    const ofMachine = addressOfEnvironment({ PGSERVICE: 'other', PGSYSCONFDIR: folder, PGUSER: 'me' });
    assert.equal(ofMachine, 'postgresql://me@elsewhere/me');
    await rm(folder, { recursive: true });
  });
});
