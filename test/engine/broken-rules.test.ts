import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';

type Step = readonly [type: string, data?: Readonly<Record<string, unknown>>, position?: number];

const free: Step = [
  'TaskEnqueued',
  { name: 't', queue: 'default', exclusive_resources: [], shared_resources: [] },
];
const claiming: Step = [
  'TaskEnqueued',
  { name: 't', queue: 'default', exclusive_resources: ['/a/'], shared_resources: [] },
];
const granted: Step = ['ReservationGranted', { queue: 'default' }];
const released: Step = ['ReservationReleased'];
const completed: Step = ['TaskCompleted', { result: null }];
const started = (attempt: number): Step => ['TaskStarted', { worker: 'w', attempt }];
const again = (type: string): Step => [type, { run_after: null, position: 1 }];
const requeued: Step = ['TaskRequeued', { had_run: true }];

const IN_ORDER: Readonly<Record<string, readonly Step[]>> = {
  'a run': [free, started(1), completed],
  'a run with claims': [claiming, granted, started(1), released, completed],
  'a retry': [
    claiming,
    granted,
    started(1),
    released,
    again('TaskRetryScheduled'),
    granted,
    started(2),
    released,
    completed,
  ],
  'an interruption, a snooze': [
    free,
    started(1),
    again('TaskInterrupted'),
    started(1),
    again('TaskSnoozed'),
    started(1),
    completed,
  ],
  'a cancel that waits': [
    free,
    started(1),
    ['TaskCancelRequested', {}],
    ['TaskProgressed', { progress: 1 }],
    ['TaskCanceled', {}],
  ],
  'a requeue of one that ran': [free, started(1), ['TaskFailed', {}], requeued, started(2), completed],
  'a requeue of one that did not': [
    free,
    ['TaskCanceled', {}],
    ['TaskRequeued', { had_run: false }],
    started(1),
    completed,
  ],
  'a key that is free after the end, and a purge': [
    free,
    started(1),
    completed,
    ['UniqueKeyReleased'],
    ['TaskPurged'],
  ],
  'a skip': [free, ['TaskSkipped', { reason: 'no' }]],
};

/** What is out of order, and the events that break each rule. */
const OUT_OF_ORDER: Readonly<Record<string, readonly [readonly Step[], Readonly<Record<string, number>>]>> = {
  'a position that falls': [
    [free, ['TaskStarted', { worker: 'w', attempt: 1 }, 0], completed],
    { positions_rise: 2 },
  ],
  'a second end': [[free, started(1), completed, ['TaskFailed', {}]], { final_once: 4 }],
  'a run after the end': [[free, started(1), completed, started(2)], { final_once: 4 }],
  'a report long after the end': [
    [free, started(1), completed, ['UniqueKeyReleased'], ['TaskProgressed', {}]],
    { final_once: 5 },
  ],
  'a requeue of one that runs': [[free, started(1), requeued], { requeued_from_end: 3 }],
  'a second run': [[free, started(1), started(2)], { one_run_at_a_time: 3 }],
  'a run of one that is to be canceled': [
    [free, started(1), ['TaskCancelRequested', {}], started(2)],
    { one_run_at_a_time: 4 },
  ],
  'a retry of no run': [[free, again('TaskRetryScheduled')], { one_run_at_a_time: 2 }],
  'a second retry of a run': [
    [free, started(1), again('TaskRetryScheduled'), again('TaskRetryScheduled'), started(2)],
    { one_run_at_a_time: 4 },
  ],
  'a second interruption of a run': [
    [free, started(1), again('TaskInterrupted'), again('TaskInterrupted'), started(0)],
    { one_run_at_a_time: 4 },
  ],
  'an end of no run': [[free, completed], { one_run_at_a_time: 2 }],
  'a requeue that is wrong about the run before': [
    [free, ['TaskCanceled', {}], requeued, started(1)],
    { one_run_at_a_time: 3 },
  ],
  'a requeue after a purge': [
    [free, started(1), ['TaskFailed', {}], ['TaskPurged'], requeued],
    { final_once: 5 },
  ],
  'an attempt left out': [[free, started(2), completed], { attempts_counted: 2 }],
  'an interruption counted': [
    [free, started(1), again('TaskInterrupted'), started(2)],
    { attempts_counted: 4 },
  ],
  'no attempt': [[free, ['TaskStarted', { worker: 'w' }]], { attempts_counted: 2 }],
  'claims not granted': [[claiming, started(1)], { run_without_reservation: 2 }],
  'claims granted twice': [[claiming, granted, granted, started(1)], { run_without_reservation: 4 }],
  'claims granted in the attempt before': [
    [claiming, granted, started(1), released, again('TaskRetryScheduled'), started(2)],
    { run_without_reservation: 6 },
  ],
  'claims kept at the end': [[claiming, granted, started(1), completed], { claims_released: 4 }],
  'claims kept by one that waits again': [
    [claiming, granted, started(1), again('TaskSnoozed')],
    { claims_released: 4 },
  ],
  'claims kept by one canceled in line': [[claiming, granted, ['TaskCanceled', {}]], { claims_released: 3 }],
  'two things': [[claiming, started(2), completed, completed], { attempts_counted: 2, final_once: 4 }],
};

interface Folded {
  readonly refusal: string | null;
  readonly state: string | null;
  readonly broken: readonly { rule: string; problem: string }[] | null;
}

function eventOf([type, data = {}, position]: Step, place: number, version: number): object {
  return {
    position: position ?? 10 + place,
    version,
    type,
    data,
    stream_kind: 'task',
    stream_id: '01999999-0000-7000-8000-000000000001',
    recorded_at: '2026-01-01T00:00:00Z',
  };
}

/** Folds these events; one that is undefined is not there. */
async function fold(client: Client, steps: readonly (Step | undefined)[], firstVersion = 1): Promise<Folded> {
  const events = steps.flatMap((step, place) => (step ? [eventOf(step, place, firstVersion + place)] : []));
  const { rows } = await client.query<Folded>(
    `select f.refusal, (f.task).state, to_jsonb(f.broken) as broken
     from pulp.fold_task_stream(array(select e from jsonb_populate_recordset(null::pulp.event, $1) e order by version)) f`,
    [JSON.stringify(events)],
  );
  assert(rows[0] !== undefined);
  return rows[0];
}

test('the rules that the events of a task keep among themselves', async (t) => {
  await using database = await createDatabase();
  await using client = await connect(database.url);

  for (const [what, steps] of Object.entries(IN_ORDER)) {
    await t.test(`find nothing in ${what}`, async () => {
      const { refusal, broken } = await fold(client, steps);
      assert.deepEqual({ refusal, broken }, { refusal: null, broken: null });
    });
  }

  for (const [what, [steps, rules]] of Object.entries(OUT_OF_ORDER)) {
    await t.test(`tell ${what}, and by which event`, async () => {
      const { broken } = await fold(client, steps);
      const told = (broken ?? []).map(({ rule, problem }) => [
        rule,
        Number(/^event (\d+),/.exec(problem)?.[1]),
      ]);
      assert.deepEqual(Object.fromEntries(told), rules);
    });
  }

  await t.test('judge what comes before a gap, and the event after it', async () => {
    const { refusal, broken } = await fold(client, [free, started(1), undefined, started(1), completed]);
    assert.match(refusal ?? '', /cannot follow/);
    assert.deepEqual(
      broken?.map(({ rule }) => rule),
      ['one_run_at_a_time'],
    );
  });

  await t.test('judge no stream whose beginning is gone', async () => {
    const { refusal, broken } = await fold(client, [started(1), completed, completed], 2);
    assert.match(refusal ?? '', /cannot follow/);
    assert.equal(broken, null);
    assert.deepEqual(await fold(client, [completed, completed, ['TaskPurged']], 2), {
      refusal: null,
      state: null,
      broken: null,
    });
  });

  await t.test('judge a purged task that is there as a whole, and tell no task', async () => {
    const { state, broken } = await fold(client, [free, started(1), completed, completed, ['TaskPurged']]);
    assert.deepEqual([state, broken?.map(({ rule }) => rule)], [null, ['final_once']]);
    assert.match(
      (await fold(client, [free, undefined, completed, ['TaskPurged']])).refusal ?? '',
      /cannot follow/,
    );
  });
});
