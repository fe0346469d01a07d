import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { fileURLToPath } from 'node:url';
import { CommandLine } from '../cli/command-line.ts';
import { connect, createDatabase } from '../support/database.ts';
import { HeldOutput } from '../../src/secrets/held-output.ts';
import { Redactor } from '../../src/secrets/redaction.ts';
import * as tasks from './canary-tasks.ts';
import { secretsFrom, WAYS } from './canary-ways.ts';

const TASKS_FILE = fileURLToPath(new URL('./canary-tasks.ts', import.meta.url));

/** How much of a secret is a part that gives it away, in characters. */
const PART = 8;

const secret = secretsFrom('secret');
const other = secretsFrom('other');

/** The parts of what is written of a secret that are not also written of something else. */
function tellTales(way: (token: string, pem: string) => string): readonly string[] {
  const parts = (text: string) =>
    Array.from({ length: Math.max(0, text.length - PART + 1) }, (_, at) => text.slice(at, at + PART));
  const innocent = new Set(parts(way(other.token, other.pem)));
  const found = parts(way(secret.token, secret.pem)).filter(
    (part) => !innocent.has(part) && !part.includes('\n'),
  );
  assert.ok(found.length > 10);
  return found;
}

const TELL_TALES = Object.entries(WAYS).map(([name, way]) => [name, tellTales(way)] as const);

/** The ways of which something is left in a text. */
function leaksIn(text: string): readonly string[] {
  const unfolded = text.replaceAll(String.raw`\n`, '\n');
  return TELL_TALES.flatMap(([name, tales]) => {
    const part = tales.find((tale) => text.includes(tale) || unfolded.includes(tale));
    return part === undefined ? [] : [`${name}: ${part}`];
  });
}

suite('a canary', () => {
  test('is found in every way that it is written, and nothing else is', () => {
    assert.ok(Object.keys(WAYS).length >= 40);
    const redactor = new Redactor(Object.values(secret));
    for (const [name, way] of Object.entries(WAYS)) {
      const said = redactor.text(`before ${way(secret.token, secret.pem)} after`);
      assert.deepEqual(leaksIn(said), [], `${name}: ${said}`);
      assert.match(said, /^before .*\(secret\).* after$/s);
      const innocent = `before ${way(other.token, other.pem)} after`;
      assert.equal(redactor.text(innocent), innocent);
    }
  });

  test('is found wherever what is written is cut', () => {
    const redactor = new Redactor(Object.values(secret));
    for (const [name, way] of Object.entries(WAYS)) {
      const whole = `before ${way(secret.token, secret.pem)} after\n`;
      const places = Array.from(whole, (_, at) => at);
      const check = (cuts: readonly number[]) => {
        let said = '';
        const output = new HeldOutput(redactor, (late) => (said += late));
        for (const [index, from] of [0, ...cuts].entries())
          said += output.take(whole.slice(from, cuts[index]));
        output.end();
        assert.deepEqual(leaksIn(said), [], `${name}, cut at ${cuts.join(', ')}: ${said}`);
        assert.match(said, /^before .*\(secret\).* after\n$/s);
      };
      check(places);
      for (const place of places) check([place]);
      const cuts = fc.uniqueArray(fc.nat(whole.length), { minLength: 2, maxLength: 6 });
      fc.assert(
        fc.property(
          cuts.map((some) => some.toSorted((a, b) => a - b)),
          check,
        ),
        { numRuns: 20 },
      );
    }
  });

  test('is in nothing that comes of a task: result, error, progress, log, output, last words', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({
      DATABASE_URL: database.url,
      PULP_SECRET_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    });
    const worker = await pulp.worker('--tasks', TASKS_FILE);
    const lines = Object.values(tasks).map(({ name }) => JSON.stringify({ name, kwargs: secret }));
    const { stdout } = await pulp.run(['task', 'enqueue', '--from', '-', '--tasks', TASKS_FILE], {
      input: lines.join('\n'),
    });
    await pulp.run(['task', 'wait', ...stdout.trim().split('\n')]);
    worker.process.kill('SIGTERM');
    await worker.ended;
    await using client = await connect(database.url);
    const { rows } = await client.query<{ name: string; state: string; said: string }>(
      `select name, state, concat(result, error, progress, args, kwargs) as said from pulp.task order by name`,
    );
    assert.deepEqual(
      rows.map(({ name, state }) => `${name} ${state}`),
      Object.values(tasks)
        .map(({ name }) => `${name} ${/error|crash/.test(name) ? 'failed' : 'completed'}`)
        .sort(),
    );
    for (const { name, said } of rows) assert.deepEqual(leaksIn(said), [], name);
    const { rows: events } = await client.query<{ said: string }>(
      `select string_agg(data::text, ' ') as said from pulp.event`,
    );
    assert.deepEqual(leaksIn(events[0]?.said ?? ''), []);
    assert.deepEqual(leaksIn(worker.log), []);
    for (const { name, said } of rows.filter((row) => /result|error|progress|crash/.test(row.name)))
      assert.match(said, /\(secret\)/, name);
    assert.ok(worker.log.split('(secret)').length > 4 * Object.keys(WAYS).length);
  });
});
