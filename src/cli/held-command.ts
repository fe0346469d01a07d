import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { PulpError } from '../errors.ts';
import type { ResourceHold } from '../tasks/resource-holds.ts';

/** What a command is told that it is to end, and how long it is given for that, in milliseconds. */
const GRACE_MS = 2000;

/** Signals that are passed on. */
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Runs a command while resources are held, with the fence in its environment (`PULP_FENCE`), in a process group of its own; gives how it
 * exits, as shells write it. When the hold is over before, the group is ended.
 *
 * @throws PulpError BAD_USAGE if it cannot be run; HOLD_OVER if it was ended
 */
export async function runHeld(
  hold: ResourceHold,
  [command = '', ...args]: readonly string[],
): Promise<number> {
  const env = { ...process.env, PULP_FENCE: String(hold.fence), PULP_HOLD: hold.id };
  const child = spawn(command, args, { stdio: 'inherit', env, detached: true });
  const signalGroup = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // it has ended
    }
  };
  let isOver = false;
  const end = () => {
    isOver = true;
    signalGroup('SIGTERM');
    setTimeout(signalGroup, GRACE_MS, 'SIGKILL').unref();
  };
  for (const signal of PASSED_ON) process.on(signal, signalGroup);
  hold.signal.addEventListener('abort', end);
  if (hold.signal.aborted) end();
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    if (isOver) signalGroup('SIGKILL'); // whoever of its group went on
    hold.signal.throwIfAborted();
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } catch (error) {
    if (child.pid !== undefined) throw error;
    throw new PulpError('BAD_USAGE', `${command} cannot be run: ${(error as Error).message}`, {
      remedy: 'Check its name; what was held is let go of.',
      exitCode: 2,
      cause: error,
    });
  } finally {
    for (const signal of PASSED_ON) process.off(signal, signalGroup);
    hold.signal.removeEventListener('abort', end);
  }
}
