import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import { enqueueMany } from '../../src/tasks/enqueue.ts';
import { unfinished } from '../faults/endings.ts';
import { connect } from '../support/database.ts';
import type { Figure, Scenario } from './scenario.ts';
import { median } from './statistics.ts';
import { horseNoop, inlineNoop } from './tasks.ts';
import { payloadBatches } from './workload.ts';

const PULP = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const TASKS_FILE = fileURLToPath(new URL('./fleet-tasks.mjs', import.meta.url));

const NAMES = [
  ...Array.from({ length: 22 }, (_, number) => `worker-${number}`),
  ...Array.from({ length: 8 }, (_, number) => `reserved-resource-worker-${number}`),
];
const CONCURRENCY = 20;
const TASKS = 60_000;

/** After so long an idle process has given its memory back, in milliseconds. */
const REST_MS = 20_000;

/** What is measured of memory, by a part of the command that such a process was started with. */
const PROCESSES = {
  'an idle worker': 'bin/run.js worker',
  'its guardian': 'guardian-process',
  'an idle horse': 'horses/horse.',
};

/** Many workers that start at once on a small host, and what they take there when they are idle. */
export const fleet: Scenario = {
  name: 'fleet',
  measure: async () => {
    await using client = await connect(process.env['DATABASE_URL'] ?? '');
    for (const payloads of payloadBatches(TASKS)) {
      await enqueueMany(
        payloads.map((kwargs) => ({
          task: kwargs.number % 10 === 0 ? horseNoop : inlineNoop,
          resources: kwargs.number % 5 === 1 ? [`/bench/${kwargs.number % 1000}/`] : [],
          kwargs,
        })),
      );
    }
    const startedAt = performance.now();
    const workers = NAMES.map((name) =>
      spawn(
        process.execPath,
        [PULP, 'worker', '--name', name, '--concurrency', String(CONCURRENCY), '--tasks', TASKS_FILE],
        { stdio: 'ignore', env: { ...process.env, PULP_LOG_LEVEL: 'fatal' } },
      ),
    );
    try {
      while ((await unfinished(client)) > 0) await pause(500);
      const seconds = (performance.now() - startedAt) / 1000;
      await pause(REST_MS);
      return [
        {
          name: `${NAMES.length} workers × ${CONCURRENCY}, from their start to the end of 60,000 tasks`,
          ...{ value: seconds, unit: 's', target: { atMost: 120 } },
        },
        { name: 'leases lost meanwhile', value: await lost(client), unit: '', target: { atMost: 0 } },
        ...memory(),
      ];
    } finally {
      const running = workers.filter(({ exitCode }) => exitCode === null);
      const ends = running.map((worker) => once(worker, 'exit'));
      for (const worker of running) worker.kill('SIGTERM');
      await Promise.all(ends);
    }
  },
};

async function lost(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `select count(*) from pulp.event where stream_kind = 'worker' and type = 'WorkerMissing'`,
  );
  return Number(rows[0]?.count);
}

/** Proportional set sizes: what processes share is divided among them. */
function memory(): Figure[] {
  const found = readdirSync('/proc').flatMap((pid) => {
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
    const kb = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
    return kb === undefined ? [] : [{ command, mb: Number(kb) / 1024 }];
  });
  return Object.entries(PROCESSES).map(([name, part]) => ({
    name: `${name}, one of many`,
    value: median(found.filter(({ command }) => command.includes(part)).map(({ mb }) => mb)),
    unit: 'MB',
    target: { atMost: name === 'an idle worker' ? 60 : 30 },
  }));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // no process, or it has ended
  }
}
