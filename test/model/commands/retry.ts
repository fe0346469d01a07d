import assert from 'node:assert/strict';
import { Command, pick } from '../command.ts';

/** Has some task run again, whatever its state. */
export function retry(number: number, reason: string | null): Command {
  return new Command(
    `retry task ${number} (${reason ?? 'no reason'})`,
    async (model, engine) => {
      const task = pick(model.tasks.values(), number);
      assert(task !== undefined);
      assert.equal(await engine.retry(task.id, reason), model.retry(task.id));
    },
    (model) => model.tasks.size > 0,
  );
}
