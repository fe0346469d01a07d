import assert from 'node:assert/strict';
import { isFinal, type PauseKind } from '../../src/constants.ts';
import { STRANGER } from './cast.ts';
import type { Command } from './command.ts';
import { togglePause } from './commands/toggle-pause.ts';
import { cancel } from './commands/cancel.ts';
import { grant } from './commands/grant.ts';
import { release } from './commands/hold.ts';
import { finish, type Ending } from './commands/report.ts';
import { setCapacity } from './commands/set-capacity.ts';
import { start } from './commands/start.ts';
import { linger, passHour } from './commands/surroundings.ts';
import { bear } from './commands/worker-life.ts';
import type { EngineModel } from './engine-model.ts';
import type { EngineUnderTest } from './engine-under-test.ts';

/** More than there ever are. */
const ALL = 1000;

/** Delays, and so the longest wait for something to do. */
const HOURS = 2;

/** Lets every task come to its end under ordinary conditions; fails if one does not. */
export async function finishAll(model: EngineModel, engine: EngineUnderTest): Promise<void> {
  const step = async (command: Command) => {
    if (command.check(model)) await command.run(model, engine);
  };
  const unfinished = () => [...model.tasks.values()].filter(({ state }) => !isFinal(state));
  const completed: Ending[] = Array.from({ length: ALL }, () => ({
    outcome: 'completed',
    value: 1,
    retry: false,
  }));
  const workers = [...model.workers.keys()];

  if (model.foreignLocks.length > 0) await step(linger({ resource: '', mode: 'shared', units: 1 }));
  for (const [index, task] of [...model.tasks.values()].entries()) {
    if (task.content.name === STRANGER) await step(cancel(index, 'nobody knows it'));
  }
  for (const pause of [...model.pauses]) {
    const [kind, name = ''] = pause.split(' ');
    await step(togglePause(kind as PauseKind, name));
  }
  while (model.holds.size > 0) await step(release(0));
  for (const resource of [...model.capacities.keys()]) await step(setCapacity(resource, undefined));
  for (const worker of workers) await step(bear(worker));
  // Each round ends at least the oldest of those that wait for nothing but others.
  for (let rounds = unfinished().length + HOURS; rounds > 0 && unfinished().length > 0; rounds -= 1) {
    await step(passHour());
    await step(grant(ALL));
    for (const worker of workers) {
      await step(start(worker, ALL));
      await step(finish(worker, completed));
    }
  }
  assert.deepEqual(unfinished(), [], 'every task comes to its end');
}
