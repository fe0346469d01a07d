/** The thread of a worker that gives its signs of life and stands for election: see `Upkeep`. */
import { parentPort, workerData } from 'node:worker_threads';
import { Heartbeat } from '../manager/heartbeat.ts';
import type { Log } from '../log.ts';
import { ResourceManager } from '../manager/resource-manager.ts';
import type { FromUpkeep, ToUpkeep, UpkeepData } from './upkeep.ts';

const { databaseUrl, worker, standIn, finished } = workerData as UpkeepData;
const counter = new Int32Array(finished);

const log: Log = { info: logger('info'), warn: logger('warn'), error: logger('error') };

const heartbeat = new Heartbeat({
  databaseUrl,
  worker,
  log,
  takeFinished: () => Atomics.exchange(counter, 0, 0),
  onGivenUp: (why) => {
    tell({ type: 'given up', why });
  },
});
const manager = new ResourceManager({ databaseUrl, worker, standIn, log });

parentPort?.on('message', (message: ToUpkeep) => {
  if (message.type === 'stop') {
    void stop();
    return;
  }
  heartbeat.beatFor(message.incarnation);
  if (message.incarnation !== undefined) manager.start();
});

async function stop(): Promise<void> {
  await Promise.all([manager[Symbol.asyncDispose](), heartbeat[Symbol.asyncDispose]()]);
  parentPort?.close();
}

function logger(level: keyof Log): Log['info'] {
  return (fields, message) => {
    tell({ type: 'log', level, fields, message });
  };
}

function tell(message: FromUpkeep): void {
  parentPort?.postMessage(message);
}
