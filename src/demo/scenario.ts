import type { EnqueueRequest } from '../tasks/enqueue.ts';
import type { TaskType } from '../tasks/define-task.ts';
import { copy, hang, mirror, publish, read, scan, sync, unpack } from './tasks.ts';

/** One demonstration: all that it puts into the database bears its name, so that runs do not meet. */
export interface DemoRun {
  /** The group of its tasks, the queue that only its workers serve, and the beginning of its workers' names. */
  readonly group: string;
  readonly workers: readonly string[];
}

/** How many tasks each worker has in hand at most. */
export const CONCURRENCY = 3;

/** How long the task that hangs may do so before the demonstration cancels it, in seconds. */
export const PATIENCE_SECONDS = 5;

/** How many tasks end otherwise than completed: the one that is canceled, and the one that finds a damaged archive. */
export const EXPECTED_ENDS = { canceled: 1, failed: 1 } as const;

/** How many content units are scanned. */
const SCANS = 10;

/** What happens in a demonstration, in the order in which it is enqueued. */
export function scenario({ group }: DemoRun): EnqueueRequest[] {
  const path = (repository: string) => `/${group}/${repository}/`;
  const request = (
    task: TaskType,
    kwargs: object,
    claims: Pick<EnqueueRequest, 'resources' | 'sharedResources'>,
    options: Partial<EnqueueRequest> = {},
  ): EnqueueRequest => ({ task, kwargs, queue: group, group, correlationId: group, ...claims, ...options });
  const alone = (task: TaskType, repository: string, options?: Partial<EnqueueRequest>) =>
    request(task, { repository }, { resources: [path(repository)] }, options);
  const syncing = (repository: string, packages: number) =>
    request(sync, { repository, packages }, { resources: [path(repository)] });
  const reading = (repository: string, times: number) =>
    Array.from({ length: times }, () =>
      request(read as TaskType, { repository }, { sharedResources: [path(repository)] }),
    );
  const copying = (from: string, repository: string) =>
    request(copy, { repository, from }, { resources: [path(repository)], sharedResources: [path(from)] });

  return [
    syncing('zoo', 20),
    syncing('fedora', 30),
    // Nobody gets past it until it is canceled; a timeout ends it if the demonstration is killed.
    alone(hang, 'kernel', { timeout: '60s' }),
    alone(mirror, 'photos', { retries: 2 }),
    alone(publish, 'zoo'),
    ...reading('zoo', 3),
    copying('zoo', 'fedora'),
    ...reading('kernel', 3),
    alone(publish, 'photos'),
    ...reading('fedora', 3),
    syncing('zoo', 15),
    alone(unpack, 'kernel'),
    alone(publish, 'fedora'),
    alone(publish, 'zoo'),
    syncing('kernel', 20),
    ...reading('photos', 2),
    ...reading('zoo', 2),
    alone(publish, 'kernel'),
    ...reading('kernel', 2),
    alone(publish, 'photos', { delay: '5s' }),
    // They claim nothing, so they could run at once, all before the rest; but the rest goes first.
    ...Array.from({ length: SCANS }, (_, index) =>
      request(scan as TaskType, { unit: `unit-${index + 1}` }, {}, { priority: -1 }),
    ),
  ];
}
