import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TracedTask } from '../../src/queries/trace.ts';
import { connect, createDatabase } from '../support/database.ts';
import { CommandLine } from './command-line.ts';

type Branch = [name: string, ...children: Branch[]];

test('trace shows the tasks of a correlation under those that enqueued them', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
  const enqueue = async (name: string, options: object = {}) => {
    const { rows } = await client.query<{ id: string }>(`select pulp.enqueue($1, options => $2) as id`, [
      name,
      options,
    ]);
    return rows[0]?.id ?? '';
  };
  const root = await enqueue('root');
  const child = await enqueue('child', { parent_id: root, correlation_id: root });
  await enqueue('grandchild', { parent_id: child, correlation_id: root });
  await enqueue('stranger');
  await enqueue('detached', { parent_id: child });
  await enqueue('one', { correlation_id: 'request-1' });
  await enqueue('two', { correlation_id: 'request-1' });
  const ring = '0b9f2e8c-6f5e-4c52-9f43-5a5c1f1b7a10';
  await enqueue('ring', { id: ring, parent_id: ring });

  const tree = async (what: string) => {
    const { code, data } = await pulp.json(['trace', what]);
    assert.equal(code, 0);
    return (data as { roots: TracedTask[] }).roots.map(branch);
  };
  const whole = [['root', ['child', ['grandchild'], ['detached']]]];
  const [byRoot, byChild, byRequest, byRing, table, limited, unknown] = await Promise.all([
    tree(root),
    tree(child),
    tree('request-1'),
    tree(ring),
    pulp.run(['trace', child]),
    pulp.run(['trace', 'request-1', '--limit', '1']),
    pulp.run(['trace', 'request-2']),
  ]);
  assert.deepEqual(byRoot, whole);
  assert.deepEqual(byChild, whole);
  assert.deepEqual(byRequest, [['one'], ['two']]);
  assert.deepEqual(byRing, [['ring']]);
  const [header, ...rows] = table.stdout.trimEnd().split('\n');
  assert.match(header ?? '', /^TASK +STATE +WAITED +RAN +ATTEMPT +ID$/);
  assert.deepEqual(
    rows.map((row) => /^ *\w+/.exec(row)?.[0]),
    ['root', '  child', '    grandchild', '    detached'],
  );
  assert.match(limited.stderr, /^There are more/);
  assert.equal(unknown.code, 3);
  assert.match(unknown.stderr, /^Error: there is no task with the correlation id request-2\nTry: /);
});

function branch({ name, children }: TracedTask): Branch {
  return [name, ...children.map(branch)];
}
