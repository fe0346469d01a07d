import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { WebhookSender } from '../../src/leader/send-webhooks.ts';
import { sendWebhook } from '../../src/subscriptions/webhook.ts';
import { hostAddresses } from '../../src/subscriptions/host-addresses.ts';
import { WebhookNetworks } from '../../src/subscriptions/webhook-networks.ts';
import {
  keyOf,
  newWebhookSecret,
  openWebhookSecret,
  sealWebhookSecret,
} from '../../src/subscriptions/webhook-secret.ts';
import { connect, createDatabase } from '../support/database.ts';
import { FullPool } from '../support/full-pool.ts';
import { checkLog } from '../support/log-checker.ts';
import { memoryLog } from '../support/memory-log.ts';
import { NameServer } from '../support/name-server.ts';
import { until } from '../support/until.ts';
import { Receiver } from '../support/webhook-receiver.ts';

const SECRET = newWebhookSecret();

/** The rest of the environment is as it is; networks of the receiver are allowed. */
async function withNetworks<T>(work: () => Promise<T>): Promise<T> {
  process.env['PULP_WEBHOOK_NETWORKS'] = '127.0.0.0/8';
  try {
    return await work();
  } finally {
    delete process.env['PULP_WEBHOOK_NETWORKS'];
  }
}

async function subscribe(client: Client, url: string, more: object = {}): Promise<void> {
  await client.query('select pulp.create_subscription($1, $2)', [
    { name: 'hook', url, types: ['TaskEnqueued'], kinds: ['task'], ...more },
    JSON.stringify(SECRET),
  ]);
}

async function enqueue(client: Client, number: number, kwargs: object = {}): Promise<void> {
  await client.query(
    `select pulp.enqueue_batch((select jsonb_agg(jsonb_build_object('name', 't', 'kwargs', $2::jsonb)) from generate_series(1, $1)))`,
    [number, kwargs],
  );
}

/** Looks again and again, as the leader does, until so many messages are settled. */
async function send(client: Client, messages: number, log = memoryLog().log): Promise<void> {
  let settled = 0;
  using sender = new WebhookSender(client, {
    log,
    onSettled: () => {
      settled += 1;
    },
  });
  await until(async () => {
    await sender.look();
    return settled >= messages;
  }, 60_000);
}

async function stateOf(client: Client) {
  const { rows } = await client.query(
    `select state, reason, given::integer, failures, last_error, lease_until is null as free from pulp.subscription`,
  );
  return rows[0] as unknown;
}

async function logged(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ cursor: string }>(
    `select pulp.event_cursor(tx, position) as cursor from pulp.event where type = 'TaskEnqueued' order by tx, position`,
  );
  return rows.map(({ cursor }) => cursor);
}

/** A receiver that answers each message with this text, whatever it is, and ends the connection. */
async function rawReceiver(answer: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

suite('webhooks', () => {
  for (const [what, answer, why] of [
    [
      'changes the protocol',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      'it answered 101',
    ],
    ['answers nothing', '', 'socket hang up'],
    ['speaks another protocol', '220 mail.example.org ESMTP\r\n', 'Expected HTTP'],
    ['only says that it goes on', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'socket hang up'],
    ['breaks off', 'HTTP/1.1 500 Oh\r\nContent-Length: 100\r\n\r\nno', 'it answered 500: no'],
  ] as const) {
    test(`a receiver that ${what} has failed`, async () => {
      await using receiver = await rawReceiver(answer);
      const sent = withNetworks(() =>
        sendWebhook({ url: receiver.url, body: '{}', secret: SECRET, id: 'x' }, new WebhookNetworks(), {
          signal: new AbortController().signal,
        }),
      );
      await assert.rejects(sent, (error: Error) => error.message.includes(why));
    });
  }

  test('that failed before leave room for the others, and so do those that were looked at just now', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await enqueue(client, 1);
    // Others on this server have transactions open, too, and nothing is given that they might put something before.
    await until(async () => (await client.query(`select from pulp.events_after('0:0')`)).rowCount === 1);
    const names = Array.from({ length: 20 }, (_, number) => `a${number}`);
    for (const name of [...names, 'z'])
      await subscribe(client, 'http://example.org/', { name, from: 'beginning' });
    await client.query(
      `update pulp.subscription set read_at = clock_timestamp() - interval '1 hour', failures = 1, failing_since = now(),
         next_attempt_at = clock_timestamp() where name <> 'z';
       update pulp.subscription set read_at = clock_timestamp() - interval '1 minute' where name = 'z'`,
    );
    const take = async (most: number) => {
      const { rows } = await client.query<{ names: string[] }>(
        `select array(select d ->> 'name' from jsonb_array_elements(deliveries) d) as names from pulp.take_deliveries($1, 60, 8)`,
        [most],
      );
      return rows[0]?.names ?? [];
    };
    assert.deepEqual(await take(1), ['z']);
    assert.equal((await take(16)).length, 8);
    assert.deepEqual(await take(16), []);
  });

  test('that are made anew are not held for those of the same name before', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const asked: ServerResponse[] = [];
    await using wrong = await Receiver.create((response) => asked.push(response));
    await using right = await Receiver.create((response, place) => {
      if (place === 1) asked.push(response);
      else response.writeHead(204).end();
    });
    await enqueue(client, 3);
    let settled = 0;
    using sender = new WebhookSender(client, {
      log: memoryLog().log,
      onSettled: () => {
        settled += 1;
      },
    });
    const sending = (receiver: Receiver, messages: number) =>
      until(async () => {
        await sender.look();
        return receiver.got.length === messages;
      });
    await withNetworks(async () => {
      await subscribe(client, wrong.url, { from: 'beginning' });
      await sending(wrong, 1);
      await client.query(`select pulp.delete_subscription('hook')`);
      await subscribe(client, right.url, { from: 'beginning' });
      await sending(right, 1);
      asked[0]?.writeHead(204).end(); // only now the first one answers
      await until(() => settled === 1);
      asked[1]?.writeHead(500).end();
      await until(() => settled === 2);
      await client.query('update pulp.subscription set next_attempt_at = null');
      await sending(right, 2);
      await until(() => settled === 3);
    });
    assert.deepEqual(right.got[1]?.events, right.got[0]?.events);
    assert.partialDeepStrictEqual(await stateOf(client), { given: 3, failures: 0 });
  });

  test('get every event once and in order, some at a time, with a signature that only who has the secret can make', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using receiver = await Receiver.create((response) => response.writeHead(204).end());
    await subscribe(client, receiver.url);
    await enqueue(client, 250);
    await withNetworks(() => send(client, 3));
    assert.deepEqual(receiver.cursors, await logged(client));
    assert.deepEqual(
      receiver.got.map(({ events }) => events.length),
      [100, 100, 50],
    );
    const ids = new Set(receiver.got.map(({ headers }) => headers['webhook-id']));
    assert.equal(ids.size, 3);
    for (const { headers, text } of receiver.got) {
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${text}`;
      const signature = createHmac('sha256', keyOf(SECRET)).update(signed).digest('base64');
      assert.equal(headers['webhook-signature'], `v1,${signature}`);
      assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 60);
    }
    assert.partialDeepStrictEqual(await stateOf(client), {
      state: 'active',
      given: 250,
      failures: 0,
      free: true,
    });
    assert.deepEqual(await checkLog(client), []);
  });

  test('that fail get the same message again, and what follows after it', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const log = memoryLog().log;
    await using receiver = await Receiver.create((response, place) => {
      if (place === 1) response.writeHead(500).end(`not ${'now '.repeat(100_000)}`);
      else if (place === 2) response.destroy();
      else response.writeHead(200).end('x'.repeat(10_000_000));
    });
    await subscribe(client, receiver.url);
    await enqueue(client, 100);
    await withNetworks(() => send(client, 1, log));
    assert.partialDeepStrictEqual(await stateOf(client), {
      failures: 1,
      last_error: `it answered 500: not ${'now '.repeat(49)}`.slice(0, 217),
    });
    await enqueue(client, 1);
    const due = () =>
      client.query('update pulp.subscription set next_attempt_at = now() where next_attempt_at is not null');
    await due();
    await withNetworks(() => send(client, 1, log));
    assert.partialDeepStrictEqual(await stateOf(client), {
      state: 'active',
      failures: 2,
      last_error: 'socket hang up',
    });
    await due();
    await withNetworks(() => send(client, 2, log));
    const [first, second, third, fourth] = receiver.got;
    assert.equal(first?.text, third?.text);
    assert.equal(first?.headers['webhook-id'], third?.headers['webhook-id']);
    assert.equal(second?.text, third?.text);
    assert.equal(fourth?.events.length, 1);
    assert.deepEqual(receiver.cursors.slice(200), await logged(client));
    assert.partialDeepStrictEqual(await stateOf(client), {
      state: 'active',
      given: 101,
      failures: 0,
      last_error: null,
    });
  });

  test('that fail for too long stop where they are, and go on from there when they are resumed', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const log = memoryLog().log;
    let isWell = false;
    await using receiver = await Receiver.create((response) => response.writeHead(isWell ? 200 : 503).end());
    await subscribe(client, receiver.url, { give_up_seconds: 3 });
    await enqueue(client, 3);
    using sender = new WebhookSender(client, { log, onSettled: () => undefined });
    await withNetworks(() =>
      until(async () => {
        await client.query(
          'update pulp.subscription set next_attempt_at = now() where next_attempt_at is not null',
        );
        return !(await sender.look());
      }),
    );
    assert.partialDeepStrictEqual(await stateOf(client), {
      state: 'stopped',
      reason: 'it answered 503',
      given: 0,
    });
    const tried = receiver.got.length;
    await client.query(`select pulp.resume_subscription('hook', 'it is back')`);
    isWell = true;
    await withNetworks(() => send(client, 1, log));
    assert.equal(receiver.got.length, tried + 1);
    assert.deepEqual(
      receiver.got.at(-1)?.events.map(({ cursor }) => cursor),
      await logged(client),
    );
    const { rows } = await client.query(
      `select type, data ->> 'reason' as reason from pulp.event where stream_id = 'subscription/hook' order by version`,
    );
    assert.deepEqual(rows.slice(1), [
      { type: 'SubscriptionStopped', reason: 'it answered 503' },
      { type: 'SubscriptionResumed', reason: 'it is back' },
    ]);
    assert.deepEqual(await checkLog(client), []);
  });

  test('wait for nobody: one that hangs holds up no other, and what was under way is sent again by who leads next', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using hanging = await Receiver.create(() => undefined);
    await using receiver = await Receiver.create((response) => response.writeHead(200).end());
    await subscribe(client, hanging.url, { name: 'hanging' });
    await subscribe(client, receiver.url, { name: 'well' });
    await enqueue(client, 1);
    await withNetworks(() => send(client, 1));
    assert.equal(receiver.got.length, 1);
    assert.equal(hanging.got.length, 1);
    const { rows } = await client.query(
      `select given::integer, failures, lease_until > now() as leased from pulp.subscription where name = 'hanging'`,
    );
    assert.deepEqual(rows, [{ given: 0, failures: 0, leased: true }]);
    await client.query(`update pulp.subscription set lease_until = now() where name = 'hanging'`);
    using again = new WebhookSender(client, { log: memoryLog().log, onSettled: () => undefined });
    await withNetworks(async () => {
      await again.look();
      await until(() => hanging.got.length === 2);
    });
    assert.equal(hanging.got[0]?.text, hanging.got[1]?.text);
  });

  test('are not sent what is set back, paused or deleted meanwhile, as if it was done', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const answers: ServerResponse[] = [];
    await using receiver = await Receiver.create((response) => answers.push(response));
    await subscribe(client, receiver.url, { from: 'beginning' });
    await enqueue(client, 3);
    let settled = 0;
    using sender = new WebhookSender(client, { log: memoryLog().log, onSettled: () => (settled += 1) });
    const round = async (meanwhile: string) => {
      await until(async () => {
        await withNetworks(() => sender.look());
        return answers.length > 0;
      });
      await client.query(meanwhile);
      answers.shift()?.writeHead(200).end();
      await until(() => settled > 0);
      settled = 0;
    };
    await round(`select pulp.pause_subscription('hook')`);
    assert.partialDeepStrictEqual(await stateOf(client), { state: 'paused', given: 3 });
    await client.query(
      `select pulp.replay_subscription('hook', 'beginning'), pulp.resume_subscription('hook')`,
    );
    await round(`select pulp.replay_subscription('hook', 'beginning')`);
    assert.partialDeepStrictEqual(await stateOf(client), { given: 3 }, 'the place that was set stays');
    await round(`select pulp.delete_subscription('hook')`);
    assert.equal(receiver.got.length, 3);
    assert.deepEqual(await checkLog(client), []);
  });

  test('that lag behind what another history left are stopped, and say so', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using receiver = await Receiver.create((response) => response.writeHead(200).end());
    await subscribe(client, receiver.url);
    await client.query(`update pulp.subscription set cursor = '7:1:1'`);
    using sender = new WebhookSender(client, { log: memoryLog().log, onSettled: () => undefined });
    await sender.look();
    assert.match(JSON.stringify(await stateOf(client)), /"stopped","reason":"the position 7:1:1 lies ahead/);
    assert.equal(await sender.look(), false);
  });

  test('are small enough for their receivers, whatever the events are', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using receiver = await Receiver.create((response) => response.writeHead(200).end());
    await subscribe(client, receiver.url);
    const noise = Array.from({ length: 20_000 }, () => Math.random().toString(36).slice(2)).join('');
    await enqueue(client, 12, { noise });
    await withNetworks(() => send(client, 3));
    assert.deepEqual(receiver.cursors, await logged(client));
    for (const { text } of receiver.got) assert.ok(text.length < 2_000_000, String(text.length));
  });
});

suite('a message to a webhook', () => {
  const message = { secret: SECRET, id: 'a', body: '{"events": []}' };
  const signal = new AbortController().signal;

  test('follows no redirect, and waits for a while only', async () => {
    await using receiver = await Receiver.create((response, place) => {
      if (place === 1) response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end();
      if (place === 3) response.writeHead(500).write('more to come');
    });
    const networks = new WebhookNetworks('127.0.0.1/32');
    const url = receiver.url;
    await assert.rejects(
      sendWebhook({ ...message, url }, networks, { signal }),
      /it answered 302, and redirects are not followed/,
    );
    await assert.rejects(
      sendWebhook({ ...message, url }, networks, { signal, timeoutMs: 200 }),
      /did not answer within 0.2 s/,
    );
    await assert.rejects(sendWebhook({ ...message, url }, networks, { signal, timeoutMs: 300 }), {
      message: 'it answered 500: more to come',
    });
    await assert.rejects(
      sendWebhook({ ...message, url }, networks, { signal: AbortSignal.abort() }),
      /abort/,
    );
  });

  test('to a port that does not speak TLS says so in a line, with what to do', async () => {
    await using receiver = await Receiver.create(() => undefined);
    const url = receiver.url.replace('http:', 'https:');
    await assert.rejects(sendWebhook({ ...message, url }, new WebhookNetworks('127.0.0.1/32'), { signal }), {
      message:
        'what listens there does not speak TLS: give the port that does, or a URL that begins with http:',
    });
  });

  test('goes to no address that is not public, by whatever name, unless its network is allowed', async () => {
    const none = new WebhookNetworks('');
    for (const host of [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:a9fe:a9fe]',
      '10.1.2.3',
      '169.254.169.254',
      '192.168.1.1',
      '100.100.0.1',
      '0.0.0.0',
      '[fe80::1]',
      '[fd00::1]',
      '[64:ff9b::7f00:1]',
      '[2002:7f00:1::]',
      '224.0.0.1',
      '255.255.255.255',
    ]) {
      await assert.rejects(
        sendWebhook({ ...message, url: `http://${host}:1/` }, none, { signal }),
        { code: 'ADDRESS_NOT_PUBLIC' },
        host,
      );
    }
    for (const address of ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c']) none.check(address);
    new WebhookNetworks('10.0.0.0/8, fd00::/8').check('10.1.2.3');
    new WebhookNetworks('10.0.0.0/8, fd00::/8').check('fd00::1');
    for (const text of ['10.0.0.0', '10.0.0.0/33', 'private', '10.0.0.0/8;::1/128', 'fd00::/129']) {
      assert.throws(() => new WebhookNetworks(text), { code: 'INVALID_INPUT' }, text);
    }
  });

  test('takes no thread of the pool that the worker itself needs to look for its database', async () => {
    await using receiver = await Receiver.create((response) => response.writeHead(204).end());
    await using _ = new FullPool();
    const url = receiver.url.replace('127.0.0.1', 'localhost');
    await sendWebhook({ ...message, url }, new WebhookNetworks('127.0.0.0/8'), { signal, timeoutMs: 5000 });
    assert.equal(receiver.got.length, 1);
  });

  test('reaches the receiver while the names of many others hang', async () => {
    await using receiver = await Receiver.create((response) => response.writeHead(204).end());
    const hosts = Array.from({ length: 50 }, (_, number) => `silent-${number}.example`);
    await using names = await NameServer.create({
      'hook.example': ['127.0.0.1'],
      ...Object.fromEntries(hosts.map((host) => [host, 'silent'] as const)),
    });
    const addressesOf = (host: string) => hostAddresses(host, { servers: [names.address] });
    const networks = new WebhookNetworks('127.0.0.0/8', addressesOf);
    const end = new AbortController();
    const hanging = hosts.map((host) =>
      sendWebhook({ ...message, url: `http://${host}/` }, networks, { signal: end.signal }).catch(
        (error: unknown) => error,
      ),
    );
    await until(() => hosts.every((host) => names.asked.includes(host)));
    const url = receiver.url.replace('127.0.0.1', 'hook.example');
    await sendWebhook({ ...message, url }, networks, { signal });
    assert.equal(receiver.got.length, 1);
    await assert.rejects(sendWebhook({ ...message, url }, new WebhookNetworks('', addressesOf), { signal }), {
      code: 'ADDRESS_NOT_PUBLIC',
    });
    end.abort();
    await Promise.all(hanging);
  });

  test('is signed with a secret that is kept encrypted where there are keys, and bound to its subscription', () => {
    assert.equal(openWebhookSecret(sealWebhookSecret(SECRET, 'hook', 'realm'), 'hook', 'realm'), SECRET);
    process.env['PULP_SECRET_KEYS'] = `k:${Buffer.alloc(32, 7).toString('base64')}`;
    try {
      const sealed = sealWebhookSecret(SECRET, 'hook', 'realm');
      assert.ok(!JSON.stringify(sealed).includes(SECRET.slice(6)));
      assert.equal(openWebhookSecret(sealed, 'hook', 'realm'), SECRET);
      assert.throws(() => openWebhookSecret(sealed, 'other', 'realm'), { code: 'SECRET_UNREADABLE' });
    } finally {
      delete process.env['PULP_SECRET_KEYS'];
    }
    assert.throws(() => openWebhookSecret(null, 'hook', 'realm'), { code: 'NO_WEBHOOK_SECRET' });
    for (const bad of ['', 'secret', 'whsec_', 'whsec_c2hvcnQ=', `whsec_${'A'.repeat(200)}`]) {
      assert.throws(() => keyOf(bad), { code: 'INVALID_INPUT' }, bad);
    }
  });
});
