import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { hostAddresses } from '../../src/subscriptions/host-addresses.ts';
import { NameServer } from '../support/name-server.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'names-'));
after(() => {
  rmSync(folder, { recursive: true });
});

/** Files of the system as they are written here. */
function files({ hosts = '', resolver = '' }: { readonly hosts?: string; readonly resolver?: string }) {
  const hostsFile = join(folder, 'hosts');
  const resolverFile = join(folder, 'resolv.conf');
  writeFileSync(hostsFile, hosts);
  writeFileSync(resolverFile, resolver);
  return { hostsFile, resolverFile };
}

suite('the addresses of a host', () => {
  test('are those of the hosts file, whatever the name servers say', async () => {
    await using names = await NameServer.create({ 'db.example': ['192.0.2.9'] });
    const sources = {
      ...files({
        hosts: `# those of this host
127.0.0.1\tlocalhost
::1       localhost ip6-localhost # as it comes
192.0.2.1 other.example DB.example
nonsense  db.example
`,
      }),
      servers: [names.address],
    };
    assert.deepEqual(await hostAddresses('localhost', sources), [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]);
    assert.deepEqual(await hostAddresses('db.example', sources), [{ address: '192.0.2.1', family: 4 }]);
    assert.deepEqual(names.asked, []);
  });

  test('are looked for in the domains of resolv.conf, as many dots as it says before the name itself', async () => {
    await using names = await NameServer.create({
      'hook.shop.svc.cluster.example': ['192.0.2.1'],
      'hook.shop.corp.example': 'fails',
      'public.example.org': ['192.0.2.2', '192.0.2.3'],
    });
    const sources = {
      ...files({
        resolver: 'domain ignored.example\nsearch corp.example svc.cluster.example\noptions edns0 ndots:5\n',
      }),
      servers: [names.address],
    };
    const of = async (host: string) => (await hostAddresses(host, sources)).map(({ address }) => address);
    const asked = () => [...new Set(names.asked.splice(0))];
    assert.deepEqual(await of('hook.shop'), ['192.0.2.1']);
    assert.deepEqual(asked(), ['hook.shop.corp.example', 'hook.shop.svc.cluster.example']);
    assert.deepEqual(await of('public.example.org'), ['192.0.2.2', '192.0.2.3']);
    assert.deepEqual(await of('public.example.org.'), ['192.0.2.2', '192.0.2.3']);
    asked();
    files({ resolver: 'search svc.cluster.example' });
    assert.deepEqual(await of('hook.shop'), ['192.0.2.1']);
    assert.deepEqual(asked(), ['hook.shop', 'hook.shop.svc.cluster.example']);
  });

  test('are none for three reasons, each told', async () => {
    const names = await NameServer.create({ 'fails.example': 'fails', 'silent.example': 'silent' });
    const sources = { ...files({}), servers: [names.address] };
    await assert.rejects(hostAddresses('unknown.example', sources), {
      message: 'no address is known of unknown.example',
    });
    await assert.rejects(hostAddresses('fails.example', sources), {
      message: 'the name servers cannot tell the address of fails.example (ESERVFAIL)',
    });
    const silent = hostAddresses('silent.example', sources).catch((error: unknown) => error);
    await until(() => names.asked.includes('silent.example'));
    await names[Symbol.asyncDispose](); // from now on its host says that nobody is there
    assert.match(String(await silent), /no name server answers for silent.example/);
  });
});
