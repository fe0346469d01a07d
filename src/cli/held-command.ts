import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PulpError } from '../errors.ts';
import { getDatabaseUrl } from '../postgres/database-url.ts';
import { currentIdentity } from '../postgres/identity.ts';
import { dyingWithParent } from '../processes/dying-with-parent.ts';
import { exitCodeOf, onEndSignal } from '../processes/end-signals.ts';
import { monotonicMs } from '../processes/monotonic-clock.ts';
import { processStat } from '../processes/process-stat.ts';
import type { ResourceHold } from '../tasks/resource-holds.ts';
import { Guardian } from '../workers/horses/guardian.ts';

/** What a command is told that it is to end, and how long it is given for that, in milliseconds. */
const GRACE_MS = 2000;

/** By this its processes know the hold, and their guardian knows them. */
const HOLD_VARIABLE = 'PULP_HOLD';

/** How often the guardian is told how long the hold stands, in milliseconds. */
const TELLING_MS = 1000;

/** What is left of the hold's lease when the guardian ends the command, in milliseconds: later than we do, unless we are stopped. */
const LEFT_AT_END_MS = 3000;

/** How a command is run under a hold. */
export interface HeldCommandOptions {
  /** Nothing is run if it has aborted. Later signals are passed on to the command. */
  readonly interruption: AbortSignal;
  /** Tells the user of what does not end the command. */
  readonly warn: (warning: string) => void;
}

/** @throws PulpError BAD_USAGE if the system would find no program to run by this name */
export function checkProgram(command: string): void {
  const folders = command.includes('/') ? [''] : (process.env['PATH'] ?? '/usr/bin:/bin').split(delimiter);
  if (folders.some((folder) => isProgram(join(folder, command)))) return;
  throw cannotBeRun(command, 'there is no such program');
}

/**
 * Runs a command while resources are held, with the fence in its environment (`PULP_FENCE`), in a process group of its own; gives how it
 * exits, as shells write it. When the hold is over before, the group is ended; when this process dies, all that the command has started.
 *
 * @throws PulpError BAD_USAGE if it cannot be run; HOLD_OVER if it was ended; the reason of the interruption
 */
export async function runHeld(
  hold: ResourceHold,
  [command = '', ...args]: readonly string[],
  { interruption, warn }: HeldCommandOptions,
): Promise<number> {
  const databaseUrl = await getDatabaseUrl();
  interruption.throwIfAborted();
  using guardian = guardianOf(hold, databaseUrl, warn);
  const [file = '', ...words] = [...dyingWithParent(), command, ...args];
  const env = { ...process.env, PULP_FENCE: String(hold.fence), [HOLD_VARIABLE]: hold.id };
  const child = spawn(file, words, { stdio: 'inherit', env, detached: true });
  if (child.pid !== undefined) guardian.watch(child.pid);
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
  const unheard = onEndSignal(signalGroup);
  process.on('SIGQUIT', signalGroup);
  hold.signal.addEventListener('abort', end);
  if (hold.signal.aborted) end();
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    if (isOver) signalGroup('SIGKILL'); // whoever of its group went on
    hold.signal.throwIfAborted();
    return signal === null ? (code ?? 0) : exitCodeOf(signal);
  } catch (error) {
    if (child.pid !== undefined) throw error;
    throw cannotBeRun(command, (error as Error).message, error);
  } finally {
    unheard();
    process.off('SIGQUIT', signalGroup);
    hold.signal.removeEventListener('abort', end);
  }
}

/** Who ends the command when this process cannot: it is dead, or stopped until the lease of the hold is over. */
function guardianOf(hold: ResourceHold, databaseUrl: string, warn: HeldCommandOptions['warn']) {
  const guardian = new Guardian(`${HOLD_VARIABLE}=${hold.id}`, {
    info: () => undefined,
    warn: () => {
      warn('the guardian of the command ended; a new one is made');
    },
    error: () => undefined,
  });
  guardian.tell({ type: 'holding', databaseUrl, hold: hold.id, identity: currentIdentity() });
  const tellLease = () => {
    guardian.tell({ type: 'lease', endsAt: monotonicMs() + hold.leftMs - LEFT_AT_END_MS });
  };
  tellLease();
  const timer = setInterval(tellLease, TELLING_MS).unref();
  return {
    watch: (pid: number) => {
      const startTime = processStat(pid)?.startTime ?? '';
      guardian.tell({ type: 'watch', pid, startTime, cgroup: undefined });
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
      guardian.tell({ type: 'dismissed' });
      guardian.end();
    },
  };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function cannotBeRun(command: string, why: string, cause?: unknown): PulpError {
  return new PulpError('BAD_USAGE', `${command} cannot be run: ${why}`, {
    remedy: 'Check its name; nothing is held.',
    exitCode: 2,
    cause,
  });
}
