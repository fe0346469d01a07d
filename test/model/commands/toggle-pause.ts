import type { PauseKind } from '../../../src/constants.ts';
import { Command } from '../command.ts';

/** Something is paused; or, if it is, it goes on. */
export function togglePause(kind: PauseKind, name: string): Command {
  return new Command(`${kind} ${name} is paused, or goes on`, async (model, engine) => {
    await engine.togglePause(kind, name, model.pauses.has(`${kind} ${name}`));
    model.togglePause(kind, name);
  });
}
