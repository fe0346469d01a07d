/**
 * Measures the HTTP server beside what it is built of, each in turn: `node test/bench/http.ts` on the database of `DATABASE_URL`, else the embedded one. Prints
 * ratios of medians of rounds: a task by GET and a bare route that does one select by key; single enqueues by POST and by the
 * TypeScript API, by as many callers.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Pool } from 'pg';
import { pino } from 'pino';
import { startServer } from '../../src/http/server.ts';
import { closeConnection, enqueueWithReservation } from '../../src/index.ts';
import { getDatabaseUrl } from '../../src/postgres/database-url.ts';
import { median } from './statistics.ts';

const CALLERS = 16;
const ROUND_MS = 3000;
const ROUNDS = 3;

const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });

/** How many were done in a second. */
async function rate(once: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (performance.now() - begun < ROUND_MS) {
        await once();
        done += 1;
      }
    }),
  );
  return (done * 1000) / (performance.now() - begun);
}

async function ask(url: string, body?: string): Promise<void> {
  const sent = request(url, {
    agent,
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
  for await (const _ of response);
  if (response.statusCode >= 300) throw new Error(`${url}: ${response.statusCode}`);
}

/** The servers, in a process of their own: so their callers take nothing of its time. */
async function serveAll(): Promise<void> {
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    log: pino({ level: 'silent' }),
    version: '0',
    everybody: { actor: 'bench', role: 'operator' },
  });
  const pool = new Pool({ connectionString: await getDatabaseUrl(), max: 5 });
  const bare = new Hono().get('/tasks/:id', async (context) => {
    const { rows } = await pool.query('select * from pulp.task where id = $1', [context.req.param('id')]);
    return context.json(rows[0] as object);
  });
  const listener = serve({ fetch: bare.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
    process.send?.({ ours: server.url, bare: `http://127.0.0.1:${port}` });
  });
  process.once('disconnect', () => {
    void Promise.all([server.stop(), pool.end(), closeConnection()]).then(() => listener.close());
  });
}

async function measure(): Promise<void> {
  const servers = fork(fileURLToPath(import.meta.url), ['serve']);
  const [{ ours, bare }] = (await once(servers, 'message')) as [{ ours: string; bare: string }];
  const task = await enqueueWithReservation('bench', ['/a/'], { unchecked: true, kwargs: { a: 1 } });
  const body = JSON.stringify({ name: 'bench', unchecked: true, kwargs: { a: 1 } });
  const contests = {
    'GET of a task / bare route': [
      () => ask(`${ours}/api/v1/tasks/${task.id}`),
      () => ask(`${bare}/tasks/${task.id}`),
    ],
    'POST of a task / TypeScript': [
      () => ask(`${ours}/api/v1/tasks`, body),
      async () => {
        await enqueueWithReservation('bench', [], { unchecked: true, kwargs: { a: 1 } });
      },
    ],
  } as const;
  for (const [name, [mine, other]] of Object.entries(contests)) {
    const rates: { mine: number; other: number }[] = [];
    await rate(mine);
    await rate(other);
    for (let round = 0; round < ROUNDS; round += 1)
      rates.push({ mine: await rate(mine), other: await rate(other) });
    const a = median(rates.map((one) => one.mine));
    const b = median(rates.map((one) => one.other));
    console.log(`${name}: ${Math.round(a)} / ${Math.round(b)} a second = ${(a / b).toFixed(2)}`);
  }
  servers.disconnect();
  agent.destroy();
  await closeConnection();
}

await (process.argv[2] === 'serve' ? serveAll() : measure());
