import type { ModelWorker, OnWorkerLoss } from './engine-model.ts';

/** What becomes of a run of each type whose worker is lost. */
export const ON_WORKER_LOSS: ReadonlyMap<string, OnWorkerLoss> = new Map([
  ['plain', 'cancel'],
  ['tenacious', 'retry'],
  ['fatal', 'fail'],
]);

/** A type that no worker knows. */
export const STRANGER = 'stranger';

/** Few, so that tasks get in each other's way. */
export const RESOURCES: readonly string[] = ['/a/', '/b/', '/c/', '/d/'];

/** The queue at which a crowd works. */
export const QUEUE = 'crowded';

export const QUEUES: readonly string[] = ['first', 'second'];

/** The workers of a model run, before their births. The first knows all types. */
export function newWorkers(): ModelWorker[] {
  const offline = { state: 'offline' as const, session: undefined };
  return [
    { ...offline, name: 'polyglot', queues: ['first', 'second'], types: ['plain', 'tenacious', 'fatal'] },
    { ...offline, name: 'steady', queues: ['second', 'first'], types: ['plain', 'tenacious'] },
    { ...offline, name: 'choosy', queues: ['first'], types: ['fatal'] },
  ];
}
