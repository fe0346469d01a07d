import { getDatabaseUrl } from '../../src/postgres/database-url.ts';
import { rebuild } from '../../src/maintenance/rebuild.ts';
import { verify } from '../../src/maintenance/verify.ts';
import { connect } from '../support/database.ts';
import { runTasks } from '../support/history.ts';
import type { Scenario } from './scenario.ts';
import { median } from './statistics.ts';

/** About a million events. */
const TASKS = 250_000;

/** What it costs to verify a million events, and to rebuild what they tell. */
export const verification: Scenario = {
  name: 'verify',
  measure: async ({ settle }) => {
    const url = await getDatabaseUrl();
    await using client = await connect(url);
    await runTasks(client, TASKS);
    await settle();

    const whole = await verify(url);
    const samples: number[] = [];
    for (let round = 0; round < 10; round++)
      samples.push((await verify(url, { sample: 1000 })).seconds * 1000);
    const sound = await rebuild(url, { dryRun: true });
    await client.query(`delete from pulp.task where get_byte(uuid_send(id), 15) % 3 = 0`);
    const emptied = await rebuild(url);
    await client.query(
      `update pulp.task set result = '"lost"', queue = 'other' where get_byte(uuid_send(id), 15) % 5 < 2`,
    );
    const damaged = await rebuild(url);
    const violations = [...whole.violations, ...emptied.violations, ...damaged.violations];
    if (violations.length > 0) throw new Error(`verification found ${JSON.stringify(violations[0])}`);

    const rate = ({ events, seconds }: { events: number; seconds: number }) => events / seconds;
    return [
      {
        name: `verify ${(whole.events ?? 0).toLocaleString('en')} events`,
        value: whole.seconds,
        unit: 's',
        target: { atMost: 10 },
      },
      { name: 'verify a sample of 1,000 tasks', value: median(samples), unit: 'ms', target: { atMost: 100 } },
      {
        name: 'fold and compare at rebuild',
        value: rate(sound),
        unit: 'events/s',
        target: { atLeast: 200_000 },
      },
      {
        name: `rebuild with a third of ${TASKS.toLocaleString('en')} rows gone`,
        value: rate(emptied),
        unit: 'events/s',
        target: { atLeast: 100_000 },
      },
      {
        name: `longest lock while ${damaged.findings.length.toLocaleString('en')} rows are put right`,
        value: damaged.longestLockMs,
        unit: 'ms',
        target: { atMost: 100 },
      },
    ];
  },
};
