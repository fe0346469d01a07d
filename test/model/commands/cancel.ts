import assert from 'node:assert/strict';
import { Command, pick } from '../command.ts';

/** Cancels some task, whatever its state. */
export function cancel(number: number, reason: string | null): Command {
  return new Command(
    `cancel task ${number} (${reason ?? 'no reason'})`,
    async (model, engine) => {
      const task = pick(model.tasks.values(), number);
      assert(task !== undefined);
      assert.equal(await engine.cancel(task.id, reason), model.cancel(task.id, reason));
    },
    (model) => model.tasks.size > 0,
  );
}
