import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { getUrl, UnsupportedResourceError } from '../../src/index.ts';
import { resourceName, resourceNames, type Resource } from '../../src/tasks/resource.ts';
import { connect, createDatabase } from '../support/database.ts';

/** What resources may be written as, and what their one name is. */
const NAMES: readonly (readonly [string, string])[] = [
  ['/r/7/', '/r/7/'],
  ['/r 8/', '/r%208/'],
  ['/r%208/', '/r%208/'],
  ['/ü/', '/%C3%BC/'],
  ['/%c3%bc/', '/%C3%BC/'],
  ['/😀/', '/%F0%9F%98%80/'],
  ['/%41%7e%2Fb/', '/A~%2Fb/'],
  ['/50%/', '/50%25/'],
  ['/%%34%31/', '/%2541/'],
  ['/a|b^c"d/', '/a%7Cb%5Ec%22d/'],
  ['/a/./b/../c', '/a/c'],
  ['/a/%2E%2e', '/'],
  ['/../..', '/'],
  ['//a//b/', '//a//b/'],
  ['/a?b=1', '/a'],
  ['/a#b', '/a'],
  ['https://a.example/r/9/?x#y', '/r/9/'],
  ['HTTPS://user:pw@A.example:8443/r/9/', '/r/9/'],
  ['https://a.example', '/'],
  ['https://a.example?x', '/'],
  ['http:///a.example\\r\\9', '/r/9'],
  ['https://a.example//r', '//r'],
  [' /a/\n', '/a/'],
  ['foo://h/r', '/r'],
  ['orders', 'orders'],
  ['orders 7', 'orders 7'],
  ['a/../b', 'a/../b'],
  ['urn:isbn:0', 'urn:isbn:0'],
  ['Köln', 'Köln'],
];

suite('the name of a resource', () => {
  for (const [text, name] of NAMES) {
    test(`${JSON.stringify(text)} is ${name}`, () => {
      assert.equal(resourceName(text), name);
      const forms: Resource[] = [text, { url: text }];
      if (/^\w+:\/\//.test(text)) forms.push(new URL(text), { url: new URL(text) });
      if (/^\s*\/(?!\/)/.test(text)) forms.push(new URL(text, 'http://localhost:1/x/y'));
      assert.deepEqual(new Set(resourceNames(forms, 'resources')), new Set([name]));
    });
  }

  test('is the same in SQL, of every text, and stays as it is', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const some = (unit: fc.Arbitrary<string>) =>
      fc.array(unit, { maxLength: 12 }).map((units) => units.join(''));
    const unit = fc.oneof(
      fc.constantFrom(
        '/',
        '.',
        '%',
        ':',
        '?',
        '#',
        ' ',
        '\t',
        '\\',
        '~',
        '..',
        '://',
        '%2e',
        '%2F',
        '%41',
        '%c3',
        '/../',
        'a',
        'Z',
        'ä',
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((c) => c !== '\0' && c.isWellFormed()),
    );
    const texts = fc.sample(
      fc
        .tuple(fc.constantFrom('', '/', 'http://h', 'ftp://', 'x-y://h', 'file://'), some(unit))
        .map((parts) => parts.join('')),
      3000,
    );
    const { rows } = await client.query<{ name: string }>(
      'select pulp.resource_name(text) as name from unnest($1::text[]) with ordinality as t(text, o) order by o',
      [[...NAMES.map(([text]) => text), ...texts]],
    );
    for (const [index, text] of [...NAMES.map(([text]) => text), ...texts].entries()) {
      const name = resourceName(text);
      assert.equal(rows[index]?.name, name, JSON.stringify(text));
      assert.equal(resourceName(name), name, JSON.stringify(text));
      if (text.startsWith('http://') && URL.canParse(text)) {
        assert.equal(getUrl(new URL(text)), name, JSON.stringify(text));
      }
    }
  });

  test('is stored, once, however often and in which forms it is claimed', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const [id] = (
      await client.query<{ id: string }>(
        `select pulp.enqueue('t', resources => '{/r 1/,/r%201/,http://h/r%201/}', shared_resources => '{/r 1/,/ö/,b}') as id`,
      )
    ).rows;
    const { rows } = await client.query(
      'select exclusive_resources, shared_resources from pulp.task where id = $1',
      [id?.id],
    );
    assert.deepEqual(rows, [{ exclusive_resources: ['/r%201/'], shared_resources: ['/%C3%B6/', 'b'] }]);
  });

  test('of what has no path or is nothing is refused', () => {
    for (const wrong of [new URL('urn:isbn:0'), { url: '' }, {}, null, undefined, 7]) {
      assert.throws(() => resourceNames([wrong as never], 'resources'), UnsupportedResourceError);
    }
    for (const wrong of [null, undefined, '/a/', { url: '/a/' }]) {
      assert.throws(() => resourceNames(wrong as never, 'resources'), UnsupportedResourceError);
    }
  });
});
