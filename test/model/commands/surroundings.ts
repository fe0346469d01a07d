import { Command } from '../command.ts';
import type { Claim } from '../engine-model.ts';

/** An hour passes. */
export function passHour(): Command {
  return new Command('an hour passes', async (model, engine) => {
    await engine.passHour();
    model.passHour();
  });
}

/** A session that is no worker's any more holds the lock of a resource still; or, if one does, it ends. */
export function linger(claim: Claim): Command {
  return new Command(
    `a session lingers on ${claim.resource} (${claim.mode}), or ends`,
    async (model, engine) => {
      const ended = model.foreignLocks.splice(0);
      for (const { resource, mode } of ended) await engine.unlock(resource, mode);
      if (ended.length === 0 && (await engine.tryLock(claim.resource, claim.mode)))
        model.foreignLocks.push(claim);
    },
  );
}
