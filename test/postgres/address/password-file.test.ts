import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { passwordFromFile } from '../../../src/postgres/address/password-file.ts';

const FILE = String.raw`# localhost:5432:app:me:commented
localhost:5432:app:me:exact
db\:1:5432:*:me:with:colons and \\ and \:
*:*:other:*:any
broken line
*:*:*:x:y
`;

suite('the file of passwords', () => {
  test('gives the password of the first line that fits, and none where others can read it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pulp-pass-'));
    const path = join(folder, 'pgpass');
    await writeFile(path, FILE, { mode: 0o600 });
    const login = { host: 'localhost', port: '5432', database: 'app', user: 'me' };
    assert.equal(await passwordFromFile(login, path), 'exact');
    assert.equal(
      await passwordFromFile({ ...login, host: 'db:1' }, path),
      String.raw`with:colons and \ and :`,
    );
    assert.equal(await passwordFromFile({ ...login, database: 'other', host: 'h' }, path), 'any');
    assert.equal(await passwordFromFile({ ...login, user: 'x', host: 'h' }, path), 'y');
    assert.equal(await passwordFromFile({ ...login, user: 'nobody' }, path), undefined);
    assert.equal(await passwordFromFile(login, join(folder, 'absent')), undefined);
    for (const mode of [0o640, 0o604]) {
      await chmod(path, mode);
      const warned = once(process, 'warning');
      assert.equal(await passwordFromFile(login, path), undefined);
      const [warning] = (await warned) as [Error];
      assert.match(warning.message, /group or world access; its mode should be 0600/);
    }
    await rm(folder, { recursive: true });
  });
});
