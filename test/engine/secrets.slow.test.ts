import assert from 'node:assert/strict';
import { createCipheriv, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import { z } from 'zod';
import { defineTask, enqueueMany, enqueueWithReservation, explainTask, PulpError } from '../../src/index.ts';
import { sealArguments } from '../../src/secrets/arguments.ts';
import { secretRealm } from '../../src/secrets/secret-realm.ts';
import { secret } from '../../src/secrets/secret.ts';
import { newTaskId } from '../../src/new-task-id.ts';
import { connect } from '../support/database.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './secret-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./secret-tasks.ts', import.meta.url));

const PATIENCE = { timeout: 20_000 };

/** Its spelling differs in JSON, in URLs and in base64. */
const CANARY = 'canary-7f3a1c "sings"\nat dawn';
const WORD = 'canary-word-55';
const CANARIES = /canary-|sings|at dawn|Y2FuYXJ5|918273645/;

const GIVEN = {
  args: ['hello', WORD] as [string, string],
  kwargs: {
    token: `  ${CANARY}`,
    account: 918273645,
    headers: { authorization: 'canary-header' },
    mirrors: [
      { url: 'https://mirror/', password: 'canary-mirror' },
      { url: 'https://open/', password: null },
    ],
  },
};

const KEYS = { k1: newKey(), k2: newKey(), stranger: newKey() };

suite('secrets in arguments', () => {
  test('reach the code, and nothing that is stored', async () => {
    useKeys(`k1:${KEYS.k1}`);
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    await engine.worker();
    const types = [tasks.tells, tasks.tellsInline, tasks.betrays, tasks.betraysInline, tasks.strays];
    const handles = await enqueueMany(types.map((task) => ({ task, ...GIVEN })));
    const ended = await Promise.all(handles.map((handle) => handle.wait(PATIENCE)));

    const digest = tasks.digestOf(CANARY, WORD);
    for (const { result } of ended.slice(0, 2)) {
      assert.deepEqual(result, {
        greeting: 'hello',
        digest,
        account: '(secret)',
        url: 'https://example.org/?token=(secret)',
        basic: '(secret)',
        said: '{"token":"(secret)"}',
        mirrors: ['(secret)', null],
      });
    }
    for (const { state, error } of ended.slice(2)) {
      assert.equal(state, 'failed');
      const { message, code, cause } = error as { message: string; code: string; cause: { message: string } };
      assert.equal(message, `(secret) was refused; ${digest}`);
      assert.equal(cause.message, '(secret)');
      assert.match(code, /^\(secret\)$|^UNCAUGHT_EXCEPTION$/);
    }
    assert.doesNotMatch(await wholeDatabase(client), CANARIES);
    assert.deepEqual(await engine.violations(), []);
  });

  test('are encrypted with the first key and decrypted with any', async () => {
    useKeys(`k1:${KEYS.k1}`);
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    const before = await enqueueWithReservation(tasks.tellsInline, [], GIVEN);
    useKeys(`k2:${KEYS.k2}, k1:${KEYS.k1}`);
    const after = await enqueueWithReservation(tasks.tellsInline, [], GIVEN);
    const { rows } = await client.query<{ key: string }>(
      `select kwargs #>> '{token,$secret,key}' as key from pulp.task order by enqueued_at`,
    );
    assert.deepEqual(
      rows.map(({ key }) => key),
      ['k1', 'k2'],
    );
    await engine.worker();
    for (const handle of [before, after]) assert.equal((await handle.wait(PATIENCE)).state, 'completed');
  });

  test('cannot be read without their key, changed, or moved, and the task is not tried again', async () => {
    useKeys(`k1:${KEYS.k1}`);
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    const other = newTaskId();
    const here = await secretRealm();
    const sealed = (id: string, realm = here) =>
      sealArguments(GIVEN, tasks.tells.secretPlaces(), { name: tasks.tells.name, id, realm }) as {
        args: unknown[];
        kwargs: Record<string, { $secret: Record<string, string> }>;
      };
    const enqueueSealed = async (change: (args: ReturnType<typeof sealed>, id: string) => object) => {
      const id = newTaskId();
      await client.query('select pulp.enqueue($1, $2, $3, options => $4)', [
        tasks.tells.name,
        JSON.stringify(sealed(id).args),
        JSON.stringify(change(sealed(id), id)),
        { id, retries: 3 },
      ]);
      return id;
    };
    const ids = {
      whole: await enqueueSealed(({ kwargs }) => kwargs),
      ofAnotherTask: await enqueueSealed(({ kwargs }) => ({
        ...kwargs,
        token: sealed(other).kwargs['token'],
      })),
      ofAnotherPlace: await enqueueSealed(({ kwargs, args }) => ({ ...kwargs, token: args[1] })),
      changed: await enqueueSealed(({ kwargs }) => ({
        ...kwargs,
        token: { $secret: { ...kwargs['token']?.$secret, data: Buffer.alloc(40).toString('base64') } },
      })),
      short: await enqueueSealed(({ kwargs }) => ({
        ...kwargs,
        token: { $secret: { ...kwargs['token']?.$secret, data: '' } },
      })),
      ofAnotherDatabase: await enqueueSealed((_, id) => sealed(id, randomUUID()).kwargs),
      besideAnotherArgument: await enqueueSealed(({ kwargs }) => ({ ...kwargs, mirrors: [] })),
      ofVersionOne: await enqueueSealed(({ kwargs }, id) => ({
        ...kwargs,
        token: sealedBefore(`  ${CANARY}`, [tasks.tells.name, id, ['kwargs', 'token']]),
      })),
      unknownKey: await enqueueSealed(({ kwargs }) => ({
        ...kwargs,
        token: { $secret: { ...kwargs['token']?.$secret, key: 'k0' } },
      })),
    };
    const worker = await engine.worker();
    const codes = await endedWith(ids);
    assert.deepEqual(codes, {
      whole: 'completed 1',
      ofAnotherTask: 'SECRET_UNREADABLE 1',
      ofAnotherPlace: 'SECRET_UNREADABLE 1',
      changed: 'SECRET_UNREADABLE 1',
      short: 'SECRET_UNREADABLE 1',
      ofAnotherDatabase: 'SECRET_UNREADABLE 1',
      besideAnotherArgument: 'SECRET_UNREADABLE 1',
      ofVersionOne: 'completed 1',
      unknownKey: 'NO_SECRET_KEY 1',
    });
    await engine.stop(worker);

    const { id: another } = await enqueueWithReservation(tasks.tells, [], { ...GIVEN, retries: 3 });
    useKeys(`k1:${KEYS.stranger}`);
    const stranger = await engine.worker();
    assert.deepEqual(await endedWith({ another }), { another: 'SECRET_UNREADABLE 1' });
    await engine.stop(stranger);

    // That a worker has no keys is no fault of the task: it waits for one that has.
    useKeys(`k1:${KEYS.k1}`);
    const { id: waiting } = await enqueueWithReservation(tasks.tells, [], GIVEN);
    for (const setting of [undefined, 'k1:no key']) {
      useKeys(setting);
      const without = await engine.worker();
      assert.deepEqual((await explainTask(waiting)).reasons, ['unknown_type']);
      await engine.stop(without);
    }
    useKeys(`k1:${KEYS.k1}`);
    await engine.worker();
    assert.deepEqual(await endedWith({ waiting }), { waiting: 'completed 1' });

    async function endedWith(ids: Readonly<Record<string, string>>) {
      const found: Record<string, string> = {};
      for (const [name, id] of Object.entries(ids)) {
        const { TaskHandle } = await import('../../src/index.ts');
        const { state, error, attempt } = await new TaskHandle(id).wait(PATIENCE);
        found[name] = `${(error as { code: string } | null)?.code ?? state} ${attempt}`;
      }
      return found;
    }
  });

  test('of the same task are the same content when it is enqueued again, others are not', async () => {
    useKeys(`k1:${KEYS.k1}`);
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    const id = newTaskId();
    await enqueueWithReservation(tasks.tells, [], { ...GIVEN, id });
    await enqueueWithReservation(tasks.tells, [], { ...GIVEN, id: id.toUpperCase() });
    await assert.rejects(
      enqueueWithReservation(tasks.tells, [], { ...GIVEN, args: ['hello', 'canary-other'], id }),
      { code: 'ID_CONFLICT' },
    );
    await enqueueWithReservation(tasks.tells, [], GIVEN);
    const { rows } = await client.query<{ token: object }>(
      `select kwargs #> '{token,$secret}' as token from pulp.task`,
    );
    assert.equal(rows.length, 2);
    assert.notDeepEqual(rows[0], rows[1], 'envelopes of two tasks have nothing in common');
  });

  test('are not enqueued without keys, nor shown in a refusal', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    for (const [keys, code] of [
      [undefined, 'NO_SECRET_KEYS'],
      [`k1:${KEYS.k1.slice(4)}`, 'BAD_SECRET_KEYS'],
      [`k1:${KEYS.k1},k1:${KEYS.k2}`, 'BAD_SECRET_KEYS'],
    ] as const) {
      useKeys(keys);
      const refusal = await refusalOf(enqueueWithReservation(tasks.tells, [], GIVEN));
      assert.equal(refusal.code, code);
      assert.match(refusal.remedy, /PULP_SECRET_KEYS/);
      assert.ok(!refusal.message.includes(KEYS.k1.slice(4, 20)), refusal.message);
    }
    useKeys(`k1:${KEYS.k1}`);
    const own = await refusalOf(
      enqueueWithReservation(tasks.refusesInItsOwnWords, [], { kwargs: { token: CANARY } }),
    );
    assert.equal(own.message, 'kwargs.token: (secret) is no good');
    await enqueueWithReservation(tasks.harmless, []);
    const { rows } = await client.query<{ count: string }>('select count(*) from pulp.event');
    assert.equal(rows[0]?.count, '1');
  });

  test('are encrypted for types that are only published, and refused from SQL', async () => {
    useKeys(`k1:${KEYS.k1}`);
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    const early = await enqueueWithReservation(tasks.tells.name, [], { ...GIVEN, unchecked: true });
    await engine.worker();
    const later = await enqueueWithReservation(tasks.tells.name, [], GIVEN);
    for (const task of [early, later]) {
      const { result } = await task.wait(PATIENCE);
      assert.equal((result as { digest: string }).digest, tasks.digestOf(CANARY, WORD));
    }
    const stored = await client.query<{ stored: string }>(
      `select string_agg(args::text || kwargs::text, ' ') as stored from pulp.task where id = $1`,
      [later.id],
    );
    assert.doesNotMatch(stored.rows[0]?.stored ?? CANARY, CANARIES);

    const plain: Readonly<Record<string, [args: unknown[], kwargs: object]>> = {
      'args.1: is a secret': [['hello', 'plain'], {}],
      'kwargs.token: is a secret': [['hello'], { token: 'plain' }],
      'kwargs.account: is a secret': [['hello'], { account: 5 }],
      'kwargs.headers.*: is a secret': [['hello'], { headers: { a: { not: 'sealed' } } }],
      'kwargs.mirrors.*.password: is a secret': [['hello'], { mirrors: [{}, { password: 'plain' }] }],
    };
    for (const [message, [args, kwargs]] of Object.entries(plain)) {
      await assert.rejects(
        client.query('select pulp.enqueue($1, $2, $3, options => $4)', [
          tasks.tells.name,
          JSON.stringify(args),
          JSON.stringify(kwargs),
          { unchecked: true },
        ]),
        ({ message: said, code }: { message: string; code: string }) =>
          said.startsWith(message) && code === 'PU011',
        message,
      );
    }
    const fine = { mirrors: [{ password: null }], headers: {} };
    await client.query('select pulp.enqueue($1, $2, $3)', [tasks.tells.name, '["hello"]', fine]);
    await client.query('select pulp.enqueue($1)', [tasks.harmless.name]);
  });

  test('stay so where other releases have marked them, whose code is not here', async () => {
    useKeys(`k1:${KEYS.k1}`);
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    await engine.worker();
    const types = [tasks.echoes, tasks.echoesInline];
    const marked = types.map(({ name }) => ({
      name,
      schema: {
        secrets: [
          ['kwargs', 'note'],
          ['kwargs', 'headers', true],
          ['kwargs', 'headers', 'a'],
        ],
      },
      ...{ isolation: 'horse', on_worker_loss: 'cancel', release: '0' },
    }));
    await client.query('select pulp.publish_task_types($1, $2)', ['another', JSON.stringify(marked)]);
    const kwargs = { note: CANARY, headers: { a: WORD }, open: 'open' };
    const handles = await enqueueMany([
      ...types.map((task) => ({ task, kwargs })),
      ...types.map(({ name }) => ({ task: name, kwargs })),
    ]);
    for (const handle of handles) {
      const { error, result } = await handle.wait(PATIENCE);
      assert.equal(error, null);
      assert.deepEqual(result, { digest: tasks.digestOf(CANARY, WORD), note: '(secret)', open: 'open' });
    }
    assert.doesNotMatch(await wholeDatabase(client), CANARIES);
  });

  test('are found wherever a caller gives them, or refused by defineTask', () => {
    const found = (kwargs: z.ZodType) => defineTask('x', { kwargs, run: () => undefined }).secretPlaces();
    const mark = secret(z.string());
    const places: readonly (readonly [z.ZodType, readonly unknown[]])[] = [
      [z.object({ plain: z.string(), list: z.array(z.number()) }), []],
      [z.object({ a: mark.min(3).optional().describe('what for') }), [['kwargs', 'a']]],
      [z.object({ a: z.object({ b: z.tuple([mark], z.number()) }) }), [['kwargs', 'a', 'b', 0]]],
      [z.object({ a: z.union([mark, z.number()]).default(1) }), [['kwargs', 'a']]],
      [z.object({ a: mark.transform((text) => text.length) }), [['kwargs', 'a']]],
      [z.object({ a: z.lazy(() => mark) }), [['kwargs', 'a']]],
      [z.object({}).catchall(z.array(mark)), [['kwargs', true, true]]],
      [z.object({ a: z.string() }).and(z.object({ b: secret(z.object({ c: mark })) })), [['kwargs', 'b']]],
      [
        z.discriminatedUnion('by', [
          z.object({ by: z.literal('token'), token: mark }),
          z.object({ by: z.literal('name'), name: z.string() }),
        ]),
        [['kwargs', 'token']],
      ],
    ];
    for (const [schema, expected] of places) assert.deepEqual(found(schema), expected);

    const tree: z.ZodType = z.object({
      token: mark,
      get children() {
        return z.array(tree);
      },
    });
    const hidden: Readonly<Record<string, z.ZodType>> = {
      preprocess: z.preprocess((value) => value, z.object({ a: mark })),
      'a key': z.record(mark, z.string()),
      'a map': z.object({ a: z.map(z.string(), mark) }),
      'an end of a pipe': z.object({
        a: z
          .string()
          .transform((text) => ({ text }))
          .pipe(z.object({ text: mark })),
      }),
      'a recursive schema': tree,
      'the whole': secret(z.object({ a: z.string() })),
    };
    for (const [what, schema] of Object.entries(hidden)) {
      assert.throws(() => found(schema), { code: 'INVALID_INPUT' }, what);
    }
    const forward = defineTask('forward', {
      kwargs: z.object({ a: z.lazy(() => later) }),
      run: () => undefined,
    });
    const later = secret(z.string());
    assert.deepEqual(forward.secretPlaces(), [['kwargs', 'a']]);
  });
});

/** As version 1 encrypted, which bound a secret to the type, task and place alone. */
function sealedBefore(text: string, bound: readonly unknown[]): object {
  const context = Buffer.from(JSON.stringify(bound));
  const keys = Buffer.from(
    hkdfSync('sha256', Buffer.from(KEYS.k1, 'base64'), context, 'pulp-tasking secret', 64),
  );
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keys.subarray(0, 32), iv).setAAD(context);
  const data = Buffer.concat([cipher.update(JSON.stringify(text)), cipher.final(), cipher.getAuthTag()]);
  return { $secret: { key: 'k1', iv: iv.toString('base64'), data: data.toString('base64') } };
}

function newKey(): string {
  return randomBytes(32).toString('base64');
}

function useKeys(keys: string | undefined): void {
  if (keys === undefined) delete process.env['PULP_SECRET_KEYS'];
  else process.env['PULP_SECRET_KEYS'] = keys;
}

async function refusalOf(enqueueing: Promise<unknown>): Promise<PulpError> {
  try {
    await enqueueing;
  } catch (error) {
    assert.ok(error instanceof PulpError);
    return error;
  }
  throw new assert.AssertionError({ message: 'it was enqueued' });
}

/** All rows of all tables as text. */
async function wholeDatabase(client: Client): Promise<string> {
  const { rows: tables } = await client.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema in ('pulp', 'pulp_boss')`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await client.query<{ text: string }>(`select x::text as text from ${name} x`);
    texts.push(...rows.map(({ text }) => text));
  }
  assert.ok(texts.length > 0);
  return texts.join('\n');
}
