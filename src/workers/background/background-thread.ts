/** The thread of a worker that prolongs its lease, has its guardian and stands for election: see `Background`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Log } from '../../log.ts';
import { ResourceManager } from '../../leader/resource-manager.ts';
import { forcedEndMs, leaseMs, selfEndMs } from '../../worker-ttl.ts';
import { inDatabase } from '../../postgres/current-database.ts';
import { SharedClient } from '../../postgres/shared-client.ts';
import { IdleMemory } from '../../processes/idle-memory.ts';
import type { BackgroundData, FromBackground, ToBackground } from './background.ts';
import { monotonicMs } from '../../processes/monotonic-clock.ts';
import { markEntry } from '../../processes/task-process.ts';
import { Guardian } from '../horses/guardian.ts';
import { Heartbeat } from '../lease/heartbeat.ts';
import { Lease } from '../lease/lease.ts';

/** How long a statement waits for a lock at most, in milliseconds: whoever holds one may hold it for ever. */
const LOCK_MS = 1000;

const { databaseUrl, worker, standIn, mark, lease: memory, finished } = workerData as BackgroundData;
const counter = new Int32Array(finished);
const lease = new Lease(memory);
const log: Log = { info: logger('info'), warn: logger('warn'), error: logger('error') };

/** A statement of the leader may take so long, and no longer: heartbeats wait behind it. */
const STATEMENT_MS = Math.round(leaseMs() / 4);

/** How long the database may take to answer, in milliseconds: it may have much to do, as when all workers start at once, and to connect again makes it more. */
const ANSWER_MS = leaseMs() / 3;

/** Aborted: the database is not waited for any more. */
const unwanted = new AbortController();

const connection = new SharedClient(databaseUrl, `pulp background ${worker}`, {
  connectTimeoutMs: ANSWER_MS,
  answerTimeoutMs: ANSWER_MS,
  signal: unwanted.signal,
  settings: {
    // What a crash forgets is done or said again, and whoever builds on it commits after it: nothing waits for a disk or a standby.
    synchronous_commit: 'off',
    statement_timeout: String(STATEMENT_MS),
    lock_timeout: String(Math.min(LOCK_MS, STATEMENT_MS)),
  },
});
const idleMemory = new IdleMemory();
let isUntold = false;
const guardian = new Guardian(markEntry(mark), log);
const heartbeat = new Heartbeat({
  ...{ connection, worker, lease, log },
  takeFinished: () => Atomics.exchange(counter, 0, 0),
  onConfirmed: (incarnation, orders) => {
    tellLease();
    tell({ type: 'confirmed', incarnation, orders });
  },
  onOver: (incarnation) => {
    tellLease();
    tell({ type: 'over', incarnation });
  },
});
const manager = new ResourceManager({
  ...{ connection, worker, standIn, log },
  stand: (client, candidacy) => heartbeat.stand(client, candidacy),
  onUntold: (untold) => {
    if (untold !== isUntold) tell({ type: 'untold', untold });
    isUntold = untold;
  },
});

parentPort?.on('message', (message: ToBackground) => {
  switch (message.type) {
    case 'registered':
      register(message.incarnation);
      break;
    case 'beat':
      heartbeat.beat();
      break;
    case 'stopping':
      manager.resign();
      break;
    case 'farewell':
      heartbeat.beatFor(undefined);
      break;
    case 'leaving':
      heartbeat.beatFor(undefined);
      guardian.tell(message);
      break;
    case 'end':
      if (message.atOnce) unwanted.abort();
      void end();
      break;
    default:
      guardian.tell(message);
  }
});

void connection
  .get()
  .catch(() => undefined) // the first sign of life says it
  .then(() => {
    tell({ type: 'ready' });
  });

function register(incarnation: string | undefined): void {
  heartbeat.beatFor(incarnation);
  if (incarnation === undefined) {
    guardian.tell({ type: 'through' });
    return;
  }
  guardian.tell({ type: 'registered', databaseUrl, worker, incarnation });
  tellLease();
  inDatabase({ url: databaseUrl }, () => {
    manager.start();
  });
  idleMemory.idle();
}

/** The guardian acts when the worker has not: a while after its lease is over. */
function tellLease(): void {
  const ms = Math.max(0, lease.leftMs) + forcedEndMs() - selfEndMs();
  guardian.tell({ type: 'lease', endsAt: monotonicMs() + ms });
}

async function end(): Promise<void> {
  await Promise.all([manager[Symbol.asyncDispose](), heartbeat[Symbol.asyncDispose]()]);
  await connection[Symbol.asyncDispose]();
  guardian.end();
  parentPort?.close();
}

function logger(level: keyof Log): Log['info'] {
  return (fields, message) => {
    tell({ type: 'log', level, fields, message });
  };
}

function tell(message: FromBackground): void {
  parentPort?.postMessage(message);
}
