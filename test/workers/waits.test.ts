import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  createGroup,
  dispatchGroup,
  enqueueMany,
  enqueueWithReservation,
  explainTask,
  listTasks,
  readTask,
  waitForGroup,
  type Task,
} from '../../src/index.ts';
import { whyText } from '../../src/cli/why-text.ts';
import { Engine } from '../support/worker.ts';

const TASKS_FILE = fileURLToPath(new URL('wait-tasks.ts', import.meta.url));

const codeOf = ({ error }: Task) => (error as { readonly code?: string } | null)?.code;

for (const type of ['wait.horse', 'wait.inline']) {
  suite(`a ${type} task that waits for another`, () => {
    test('is told at once where that one needs what it holds, and why names the circle', async () => {
      await using engine = await Engine.create(TASKS_FILE);
      await engine.worker({ concurrency: 3 });
      const parent = await enqueueWithReservation(type, ['/same/'], { kwargs: { resources: ['/same/'] } });
      const ended = await parent.wait({ timeout: 20_000 });
      assert.deepEqual([ended.state, codeOf(ended)], ['failed', 'WOULD_DEADLOCK']);
      const [child] = await listTasks({ parent: parent.id, limit: 1 });
      assert(child !== undefined);
      const text = whyText(await explainTask(parent.id), 30).join('\n');
      assert.match(
        text,
        new RegExp(`task ${child.id} \\(wait.child\\) needs /same/, which task ${parent.id} holds`),
      );
      const limited = await enqueueWithReservation(type, ['/same/'], {
        kwargs: { resources: ['/same/'], timeout: 300 },
      });
      const late = await limited.wait({ timeout: 20_000 });
      assert.equal(codeOf(late), 'WAIT_TIMEOUT', 'it ends by itself');
      const fine = await enqueueWithReservation(type, ['/a/'], { kwargs: { resources: ['/b/'] } });
      assert.equal((await fine.wait({ timeout: 20_000 })).result, 'completed');
      assert.deepEqual(await engine.violations(), []);
    });

    test('is told at once where no hand is left, so that the others go on', async () => {
      await using engine = await Engine.create(TASKS_FILE);
      await engine.worker({ concurrency: 3 });
      const parents = await enqueueMany(Array.from({ length: 3 }, () => ({ task: type })));
      const ended = await Promise.all(parents.map((parent) => parent.wait({ timeout: 30_000 })));
      const outcomes = ended.map((task) => codeOf(task) ?? task.result);
      assert.deepEqual(outcomes.sort(), ['WOULD_DEADLOCK', 'completed', 'completed']);
      assert.deepEqual(await engine.violations(), []);
    });
  });
}

suite('groups and dependencies with a worker', () => {
  test('go on by themselves', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker({ concurrency: 3 });
    const group = await createGroup({
      description: 'a net',
      finally: { task: 'wait.child', resources: ['/a/'] },
    });
    const [first, second] = await enqueueMany([
      { task: 'wait.child', group: group.id },
      { task: 'wait.child', group: group.id, resources: ['/a/'] },
    ]);
    assert(first !== undefined && second !== undefined);
    const last = await enqueueWithReservation('wait.child', [], {
      group: group.id,
      after: [first.id, second.id],
    });
    await dispatchGroup(group.id);
    const ended = await waitForGroup(group.id, { timeout: 20_000 });
    assert.deepEqual([ended.members, ended.completed, ended.dispatched], [4, 4, true]);
    const [lastTask, finallyTask] = [await readTask(last.id), await readTask(group.finallyTask ?? '')];
    assert(lastTask?.finished_at != null && finallyTask?.started_at != null);
    assert(lastTask.finished_at <= finallyTask.started_at);
    await assert.rejects(enqueueWithReservation('wait.child', [], { group: group.id }), {
      code: 'GROUP_DISPATCHED',
    });
    await assert.rejects(waitForGroup('none'), { code: 'MISSING_GROUP', exitCode: 3 });
    await assert.rejects(enqueueWithReservation('wait.child', [], { after: [group.id] }), {
      code: 'MISSING_DEPENDENCY',
      message: `after: there is no task ${group.id}`,
    });
    assert.deepEqual(await engine.violations(), []);
  });
});
