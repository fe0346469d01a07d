import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archiveLeaves } from '../../src/events/archive.ts';
import { purgeTasks } from '../../src/maintenance/purge.ts';
import { connect } from '../support/database.ts';
import { pastTasks } from '../support/past-tasks.ts';
import type { Scenario } from './scenario.ts';

/** How many tasks there are at most, and how many are made in one statement. */
const MOST_TASKS = 100_000;
const BATCH = 10_000;

/** How fast tasks of a past month are purged, and its events moved into a file. */
export const retention: Scenario = {
  name: 'retention',
  measure: async ({ backlog, settle }) => {
    const tasks = Math.min(backlog, MOST_TASKS);
    await using client = await connect(process.env['DATABASE_URL'] ?? '');
    for (let made = 0; made < tasks; made += BATCH) {
      await pastTasks(client, '2025_01', Math.min(BATCH, tasks - made));
    }
    await settle();

    const started = performance.now();
    const purged = await purgeTasks({ finishedBefore: new Date() });
    const between = performance.now();
    const folder = await mkdtemp(join(tmpdir(), 'pulp-bench-archive-'));
    try {
      const [archived] = await archiveLeaves({ before: new Date(), folder });
      const rate = (count: number, ms: number) => count / (ms / 1000);
      return [
        {
          name: 'tasks purged',
          value: rate(purged, between - started),
          unit: 'a second',
          target: { atLeast: 2000 },
        },
        {
          name: 'events archived',
          value: rate(archived?.events ?? 0, performance.now() - between),
          unit: 'a second',
          target: { atLeast: 10_000 },
        },
      ];
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};
