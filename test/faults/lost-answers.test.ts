import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, suite, test, type TestContext } from 'node:test';
import {
  actOn,
  cancel,
  closeConnection,
  enqueueMany,
  enqueueWithReservation,
  markWorkerOffline,
  retry,
  waitForGroup,
} from '../../src/index.ts';
import { createToken, readToken } from '../../src/http/access/token.ts';
import { purgeTask, purgeTasks, requestPurge } from '../../src/maintenance/purge.ts';
import { outages } from '../../src/waiting/outages.ts';
import { enqueueLines, type Line } from '../../src/tasks/enqueue-lines.ts';
import { ended } from '../engine/settling.ts';
import { WorkerSession } from '../engine/worker-session.ts';
import { connect, createDatabase, type TestDatabase } from '../support/database.ts';
import { COMMIT, FaultyProxy, type Loss } from '../support/faulty-proxy.ts';
import { until } from '../support/until.ts';

/** How often the network fails in each test; `PULP_FAULTS=long` asks for the long form. */
const CUTS = process.env['PULP_FAULTS'] === 'long' ? 1000 : 50;

const LOSSES: readonly Loss[] = ['answer', 'request', 'connection'];

const ENQUEUE = /pulp\.enqueue_columns/;
const CANCEL = /pulp\.cancel/;

interface Step {
  /** Distinguishes the tasks of this step by their name. */
  readonly name: string;
  /** Loses the next connection that says this; resolves when it has happened. */
  readonly loseNext: (at: RegExp) => Promise<void>;
}

/** What one step was told. */
type Told = { readonly ids: readonly string[] } | { readonly error: unknown };

let steps = 0;
let database: TestDatabase;
let observer: Awaited<ReturnType<typeof connect>>;
let proxy: FaultyProxy;

before(async () => {
  database = await createDatabase();
  observer = await connect(database.url);
  proxy = await FaultyProxy.open(database.url);
  process.env['DATABASE_URL'] = proxy.url;
});

after(async () => {
  await closeConnection();
  await proxy[Symbol.asyncDispose]();
  await observer[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function idsOf(name: string): Promise<readonly string[]> {
  const { rows } = await observer.query<{ id: string }>(
    'select id from pulp.task where name = $1 order by position',
    [name],
  );
  return rows.map((row) => row.id);
}

/**
 * Repeats a step with the network failing each time in another way, and holds what it was told against what is there.
 *
 * @param expected how many tasks a step enqueues
 */
async function cutOften(
  t: TestContext,
  expected: number,
  cuts: number,
  step: (step: Step) => Promise<readonly string[]>,
): Promise<void> {
  let acknowledged = 0;
  let refused = 0;
  for (let cut = 0; cut < cuts; cut++) {
    const loss = LOSSES[cut % LOSSES.length] ?? 'answer';
    const name = `step${++steps}`;
    let happened = false;
    const told: Told = await step({
      name,
      loseNext: async (at) => {
        await proxy.loseNext(at, loss);
        happened = true;
      },
    }).then(
      (ids) => ({ ids }),
      (error: unknown) => ({ error }),
    );
    assert.ok(happened, 'the connection was cut');
    const there = await idsOf(name);
    if ('error' in told) {
      refused++;
      assert.match(String(told.error), /nothing was written/);
      assert.deepEqual(there, []);
    } else {
      acknowledged++;
      assert.deepEqual(there, told.ids);
      assert.equal(there.length, expected);
    }
  }
  t.diagnostic(
    `${cuts} cuts: ${acknowledged} acknowledged, ${refused} refused; 0 tasks lost, 0 doubled, 0 left by a refused call`,
  );
}

async function* linesOf(name: string, count: number): AsyncGenerator<Line> {
  for (let number = 1; number <= count; number++) {
    await Promise.resolve();
    yield {
      number,
      bytes: Buffer.from(JSON.stringify({ name, unchecked: true, resources: [`/${number}/`] })),
    };
  }
}

suite('an answer that is lost', () => {
  /** What a step gives whose answer is lost where this is asked for. */
  async function losing<T>(asked: RegExp, step: () => Promise<T>): Promise<T> {
    const cut = proxy.loseNext(asked, 'answer');
    const given = step();
    await Promise.race([cut, given]); // or it would be waited for in vain, where it fails before
    return given;
  }

  async function endedTasks(count: number): Promise<readonly string[]> {
    const handles = await enqueueMany(
      Array.from({ length: count }, () => ({ task: 'purged', unchecked: true })),
    );
    for (const { id } of handles) await cancel(id);
    return handles.map(({ id }) => id);
  }

  test('has no purge take more than it may', async () => {
    await endedTasks(3);
    const there = async () => (await observer.query('select from pulp.task')).rowCount ?? 0;
    const before = await there();
    const finishedBefore = new Date(Date.now() + 60_000);
    await assert.rejects(
      losing(/pulp\.purge_tasks/, () => purgeTasks({ finishedBefore, limit: 1 })),
      { code: 'DATABASE_UNREACHABLE' },
    );
    assert.equal(await there(), before - 1);
  });

  test('has a task purged, a purge requested and a token made once, and tells of them', async () => {
    const [id = ''] = await endedTasks(1);
    assert.equal(await losing(/pulp\.purge_task\(/, () => purgeTask(id)), true);
    const finishedBefore = new Date(Date.now() - 60_000);
    const requested = await losing(/pulp\.request_purge/, () =>
      requestPurge({ finishedBefore, states: ['failed'] }),
    );
    assert.deepEqual(await idsOf('pulp.purge'), [requested]);
    const made = await losing(/pulp\.create_token/, () => createToken({ actor: 'alice', role: 'observer' }));
    assert.equal((await readToken(made.token))?.actor, 'alice');
  });

  const RETRIES: Readonly<Record<string, (id: string) => Promise<string | undefined>>> = {
    retry: (id) => retry(id),
    actOn: async (id) => (await actOn([id], { verb: 'retry' }))[0]?.state,
  };
  for (const [name, runAgain] of Object.entries(RETRIES)) {
    for (const outcome of ['failed', 'completed']) {
      test(`of ${name} has a task run again once, also where that ${outcome} before it is asked for again`, async () => {
        await using worker = await WorkerSession.open(database.url, { name: `${name}-${outcome}` });
        const id = await worker.enqueue();
        await worker.finish([ended(await worker.startOne(), 'failed')]);
        const lost = proxy.loseNext(/pulp\.retry/, 'answer');
        const told = runAgain(id);
        await lost;
        await proxy.refuse(); // until it has run
        await until(async () => {
          const runs = await worker.start(1);
          await worker.finish(runs.map((run) => ended(run, outcome)));
          return runs.length > 0;
        });
        await proxy.accept();
        assert.equal(await told, outcome);
        const events = await worker.events(id);
        assert.equal(events.filter((type) => type === 'TaskRequeued').length, 1);
        assert.equal((await worker.task(id))['state'], outcome);
      });
    }
  }

  test('of markWorkerOffline ends no worker of that name that came meanwhile', async () => {
    await (await WorkerSession.open(database.url, { name: 'reborn' })).client.end();
    const lost = proxy.loseNext(/mark_worker_offline/, 'answer');
    const told = assert.rejects(markWorkerOffline('reborn'), {
      code: 'DATABASE_UNREACHABLE',
      message: /before its answer came/,
    });
    await lost;
    await proxy.refuse(); // until another one has come
    await until(async () => {
      const { rows } = await observer.query(
        `select from pulp.worker where name = 'reborn' and state = 'missing'`,
      );
      return rows.length > 0;
    });
    await using another = await WorkerSession.open(database.url, { name: 'reborn' });
    await proxy.accept();
    await told;
    await another.client.query('select pulp.check_incarnation($1, $2)', [another.name, another.incarnation]);
  });

  test('and an outage are waited out by who waits for a group', async () => {
    const handle = await enqueueWithReservation('of-a-group', [], { group: 'outage', unchecked: true });
    const waiting = waitForGroup('outage', { timeout: 60_000 });
    const told = once(outages, 'lost');
    await until(() => proxy.connections > 1);
    await proxy.refuse();
    await told;
    await proxy.accept();
    await observer.query('select pulp.cancel($1)', [handle.id]);
    assert.equal((await waiting).canceled, 1);
  });
});

suite('a connection that is lost at the commit', () => {
  test('of enqueueWithReservation', async (t) => {
    await cutOften(t, 1, CUTS, async ({ name, loseNext }) => {
      const cut = loseNext(ENQUEUE);
      const task = await enqueueWithReservation(name, ['/a/'], { unchecked: true });
      await cut;
      return [task.id];
    });
  });

  test('of enqueueMany, in one statement', async (t) => {
    await cutOften(t, 10, CUTS, async ({ name, loseNext }) => {
      const cut = loseNext(ENQUEUE);
      const tasks = await enqueueMany(Array.from({ length: 10 }, () => ({ task: name, unchecked: true })));
      await cut;
      return tasks.map((task) => task.id);
    });
  });

  test('of enqueueMany, in one transaction of several statements', async (t) => {
    await cutOften(t, 1001, CUTS / 5, async ({ name, loseNext }) => {
      const cut = loseNext(COMMIT);
      const tasks = await enqueueMany(Array.from({ length: 1001 }, () => ({ task: name, unchecked: true })));
      await cut;
      return tasks.map((task) => task.id);
    });
  });

  test('of a bulk enqueue', async (t) => {
    await cutOften(t, 10, CUTS, async ({ name, loseNext }) => {
      const cut = loseNext(COMMIT);
      const ids = enqueueLines(linesOf(name, 10), undefined);
      await cut;
      return ids;
    });
  });

  test('of cancel', async (t) => {
    for (let cut = 0; cut < CUTS; cut++) {
      const { id } = await enqueueWithReservation('any', ['/a/'], { unchecked: true });
      const happened = proxy.loseNext(CANCEL, LOSSES[cut % LOSSES.length] ?? 'answer');
      assert.equal(await cancel(id, 'no longer needed'), 'canceled');
      await happened;
      const { rows } = await observer.query<{ type: string }>(
        `select type from pulp.event where stream_kind = 'task' and stream_id = $1 and type ~ 'Cancel'`,
        [id],
      );
      assert.deepEqual(
        rows.map((row) => row.type),
        ['TaskCanceled'],
      );
    }
    t.diagnostic(`${CUTS} cuts: every cancellation acknowledged, recorded once`);
  });
});
