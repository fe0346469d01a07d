import assert from 'node:assert/strict';
import { Command, pick } from '../command.ts';
import { claimsOf, type Content } from '../engine-model.ts';

/** Somebody asks for resources without a task: is refused, or stands in line. */
export function hold(wanted: Pick<Content, 'exclusive' | 'shared' | 'units'>): Command {
  const claims = claimsOf(wanted);
  return new Command(
    `hold ${JSON.stringify(wanted)}`,
    async (model, engine) => {
      const answer = await engine.hold(claims);
      if (model.isBeyondCapacity(claims)) assert.equal(answer, 'PU004');
      else model.hold(answer, claims);
    },
    () => claims.length > 0,
  );
}

/** Somebody lets go of what he holds, or leaves the line. */
export function release(number: number): Command {
  return new Command(
    `release hold ${number}`,
    async (model, engine) => {
      const held = pick(model.holds.values(), number);
      assert(held !== undefined);
      await engine.release(held.id);
      model.release(held.id);
    },
    (model) => model.holds.size > 0,
  );
}
