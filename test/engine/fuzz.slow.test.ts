import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Client } from 'pg';
import { writePayload } from '../../src/tasks/payload.ts';
import { connect, createDatabase } from '../support/database.ts';

/** How many documents are tried: a few hundred by default. */
const DOCUMENTS = Number(process.env['PULP_FUZZ'] ?? 300);
const PER_CALL = 50;

/** After how many documents it is told how far it is. */
const TOLD_EVERY = 5000;

/** What a document may cost, in milliseconds: so much in any case, and so much for each of its bytes. */
const BASE_MS = 1000;
const MS_PER_BYTE = 0.03;

/** How a document may be refused: with a code of ours, or as what jsonb does not take. */
const REFUSALS = /^(PU004|PU003|22003|22P02|22P05|22021|54001)$/;

/** Numbers, keys and texts that are near a limit, or mean something elsewhere. */
const ATOMS = [
  ...['0', '-0', '1e-400', '1e308', '1.8e308', '-1e400', '1e131071', '1e200000', '1e-16383', '0.1', '1e16'],
  ...['9007199254740991', '9007199254740992', '-9007199254740993', '9007199254740993.5', '1e22'],
  ...[
    'null',
    'true',
    '""',
    '"\\u0000"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"__proto__"',
    `"${'9'.repeat(20)}"`,
  ],
  ...['"%s"', `"'; drop"`, '"\\\\"', '"\\u001b[2J"', '"\\u202e"'],
  ...['NaN', 'Infinity', '01', "'a'", '[1,]'],
];
const KEYS = ['a', '', '__proto__', 'constructor', '$secret', '\u202e', "'", '\\', 'args', 'x'.repeat(2000)];

const written: fc.Memo<string> = fc.memo((depth) => {
  const atom = fc.oneof(
    { weight: 3, arbitrary: fc.json({ maxDepth: 1 }) },
    { weight: 2, arbitrary: fc.constantFrom(...ATOMS) },
  );
  if (depth <= 1) return atom;
  return fc.oneof(
    atom,
    fc.array(written(depth - 1), { maxLength: 5 }).map((members) => `[${members.join()}]`),
    fc
      .array(fc.tuple(fc.constantFrom(...KEYS), written(depth - 1)), { maxLength: 5 })
      .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`),
    fc
      .tuple(fc.constantFrom(40, 63, 64, 65, 3000), written(depth - 1))
      .map(([levels, value]) => `${'['.repeat(levels)}${value}${']'.repeat(levels)}`),
    fc
      .tuple(fc.constantFrom(100, 5000), written(1))
      .map(([times, value]) => `[${Array.from({ length: times }, () => value).join()}]`),
  );
});

/** Requests: a payload, or options that nobody would give. */
const request = fc.oneof(
  written(4).map((value) => `{"name":"t","args":[${value}]}`),
  written(4).map((value) => `{"name":"t","kwargs":{"k":${value}}}`),
  fc
    .tuple(
      fc.constantFrom(
        'name',
        'queue',
        'priority',
        'delay',
        'at',
        'retries',
        'timeout',
        'group',
        'correlation_id',
        'id',
        'resources',
      ),
      written(2),
    )
    .map(([key, value]) => `{"name":"t",${JSON.stringify(key)}:${value}}`),
  written(3),
);

/** What workers publish. */
const publication = written(4).map(
  (value) => `[{"name":"t","isolation":"horse","on_worker_loss":"cancel","schema":{"kwargs":${value}}}]`,
);

suite('whatever comes in', () => {
  test('is taken or refused with a code, at a cost that its length bounds, and the log stays in order', async (t) => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await createAttempt(client);
    for (let seen = 0; seen < DOCUMENTS; seen += PER_CALL) {
      if (seen % TOLD_EVERY === 0) t.diagnostic(`${seen} of ${DOCUMENTS} documents`);
      await attempt(client, 'enqueue', fc.sample(request, PER_CALL));
      await attempt(client, 'publish', fc.sample(publication, PER_CALL / 5));
    }
    const { rows } = await client.query<{ args: unknown; kwargs: unknown }>(
      'select args, kwargs from pulp.task',
    );
    for (const { args, kwargs } of rows) {
      writePayload(args, 'args');
      writePayload(kwargs, 'kwargs');
    }
    assert.deepEqual((await client.query('select * from pulp.verify()')).rows, []);
  });
});

/** Makes a function that does one thing with a text, and says how it ended and what it took. */
async function createAttempt(client: Client): Promise<void> {
  await client.query(`
    create function pg_temp.attempt(what text, document text, out code text, out ms float8) language plpgsql as $$
    declare
      begun constant timestamptz := clock_timestamp();
    begin
      begin
        case what
          when 'enqueue' then perform pulp.enqueue_batch(jsonb_build_array(document::jsonb));
          when 'publish' then perform pulp.check_publications(document::jsonb);
        end case;
        code := '';
      exception when others then
        code := sqlstate;
      end;
      ms := extract(epoch from clock_timestamp() - begun) * 1000;
    end $$`);
}

async function attempt(client: Client, what: string, documents: readonly string[]): Promise<void> {
  const sound = documents.filter((document) => !document.includes('\0'));
  const { rows } = await client.query<{ document: string; code: string; ms: number }>(
    'select document, code, ms from unnest($2::text[]) as document cross join lateral pg_temp.attempt($1, document)',
    [what, sound],
  );
  const wrong = rows.filter(
    ({ document, code, ms }) =>
      (code !== '' && !REFUSALS.test(code)) || ms > BASE_MS + MS_PER_BYTE * Buffer.byteLength(document),
  );
  assert.deepEqual(
    wrong.map(({ document, code, ms }) => [document.slice(0, 300), code, ms]),
    [],
  );
}
