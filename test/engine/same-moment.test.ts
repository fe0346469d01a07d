import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { codeOf } from '../support/code-of.ts';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { untilWaiting } from '../support/until-waiting.ts';

const ID = '01999999-0000-7000-8000-000000000001';

interface Made {
  readonly statement: string;
  /** What the first does with it at once. */
  readonly then?: string;
  /** What the second is told. */
  readonly second: string;
  /** What finds nothing afterwards. */
  readonly finds?: string;
}

/** What is made under a name of the caller's. */
const MADE: Readonly<Record<string, Made>> = {
  group: { statement: `select pulp.create_group('g')`, second: 'PU043' },
  schedule: {
    statement: `select pulp.create_schedule('{"name": "s", "kind": "every", "rule": "3600", "item": {"name": "t"}}', now() + interval '1 hour')`,
    second: 'PU028',
  },
  subscription: { statement: `select pulp.create_subscription('{"name": "s"}')`, second: 'PU038' },
  hold: {
    statement: `select pulp.request_hold('{/a/}', options => '{"id": "${ID}", "seconds": 60}')`,
    second: 'accepted',
  },
  'hold that is over': {
    statement: `select pulp.request_hold('{/a/}', options => '{"id": "${ID}", "seconds": 60}')`,
    then: `select pulp.release_hold('${ID}')`,
    second: 'accepted',
    finds: 'select from pulp.hold',
  },
  task: { statement: `select pulp.enqueue('t', options => '{"id": "${ID}"}')`, second: 'accepted' },
  quota: { statement: `select pulp.set_quota('somebody', '{"max_tasks": 5}')`, second: 'accepted' },
  pause: { statement: `select pulp.pause('queue', 'default')`, second: 'accepted' },
  limit: { statement: `select pulp.set_capacity('/a/', 5)`, second: 'accepted' },
  retention: {
    statement: `select pulp.set_retention('queue', 'default', '{"failed": 60}')`,
    second: 'accepted',
  },
};

suite('of two who make the same at the same moment, the second', () => {
  // A statement that is about to write in the log stops at its table; one that has looked before has not seen the first then.
  for (const stop of ['begin', 'lock table pulp.event_single in share mode']) {
    for (const [what, { statement, then = 'select', second, finds = 'select limit 0' }] of Object.entries(
      MADE,
    )) {
      test(`is told so, or finds it made: ${what}, ${stop === 'begin' ? 'stopped by what the first wrote' : 'stopped when it had looked'}`, async () => {
        await using database = await createDatabase();
        await using client = await connect(database.url);
        await using first = await connect(database.url);
        await using beside = await connect(database.url);
        await first.query('begin');
        await first.query(statement);
        await first.query(then);
        await first.query(stop === 'begin' ? 'select' : stop);
        const asked = codeOf(client.query(statement));
        await untilWaiting(beside);
        await first.query('commit');
        assert.equal(await asked, second);
        assert.equal((await client.query(finds)).rowCount, 0);
        assert.deepEqual(await checkLog(client), []);
      });
    }
  }
});
