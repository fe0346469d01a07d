import assert from 'node:assert/strict';
import { Command, pick } from '../command.ts';

/** Gives some task another priority or queue, whatever its state. */
export function set(number: number, priority: number | null, queue: string | null): Command {
  return new Command(
    `set task ${number} to priority ${priority ?? 'as it is'}, queue ${queue ?? 'as it is'}`,
    async (model, engine) => {
      const task = pick(model.tasks.values(), number);
      assert(task !== undefined);
      assert.equal(await engine.set(task.id, priority, queue), model.set(task.id, priority, queue));
    },
    (model) => model.tasks.size > 0,
  );
}
