import assert from 'node:assert/strict';
import { Command } from '../command.ts';
import { compareTime } from '../engine-model.ts';

/** Passes of the resource manager, each of so much at most, until there is nothing more to do. */
export function grant(batch: number): Command {
  return new Command(`grant by ${batch}`, async (model, engine) => {
    model.judge();
    const due = model.due();
    const granted = await engine.grant(batch);
    const claiming = new Map(
      due.flatMap(({ task, due }) => (task.claims.length > 0 ? [[task.id, due]] : [])),
    );
    const order = await engine.orderInLine([...claiming.keys()]);
    const times = order.flatMap((id) => claiming.get(id) ?? []);
    assert.deepEqual(times, times.toSorted(compareTime), 'who is due first gets in line first');
    assert.equal(times.length, claiming.size, 'all who are due get in line');
    const expected = model.grant(order);
    assert.equal(granted, expected, `${granted} tasks were granted, and ${expected} could be`);
  });
}
