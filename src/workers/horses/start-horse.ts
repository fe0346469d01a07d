import { spawn, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dyingWithParent } from '../../processes/dying-with-parent.ts';
import type { HorseSettings } from './horse-protocol.ts';
import { taskEnvironment } from './task-environment.ts';

const HORSE_FILE = fileURLToPath(new URL(`./horse${extname(import.meta.url)}`, import.meta.url));

export interface HorseStart extends HorseSettings {
  /** Its mark in the environment, which nobody else's begins with. */
  readonly mark: string;
  /** Words before its command, by which it enters its cgroup. */
  readonly entering: readonly string[];
  /** The file by which tasks are taken back from it; undefined: it is sent one at a time, and keeps it. */
  readonly revocation: number | undefined;
}

/** Options of Node that are followed by code, which it runs in place of a file. */
const CODE_OPTIONS = ['-e', '--eval', '-p', '--print', '-pe'];

/** The options of our own process that a horse has, too: not the port of its debugger, nor what it was given to run. */
export function inheritedOptions(options: readonly string[]): readonly string[] {
  return options.filter(
    (option, place) =>
      !/^--(inspect|input-type|eval=|print=)/.test(option) &&
      !CODE_OPTIONS.includes(option) &&
      !CODE_OPTIONS.includes(options[place - 1] ?? ''),
  );
}

/** Starts the process of a horse. */
export function startHorse(start: HorseStart): ChildProcess {
  const { tasksFiles, worker, workerDirectory, mark, entering, revocation } = start;
  const told: HorseSettings = { tasksFiles, worker, workerDirectory };
  const options = inheritedOptions(process.execArgv);
  const command = [process.execPath, ...options, HORSE_FILE, JSON.stringify(told)];
  const [file = '', ...args] = [...dyingWithParent(), ...entering, ...command];
  return spawn(file, args, {
    detached: true, // a session and process group of its own: what the task starts can be killed with it
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', revocation ?? 'ignore', 'pipe'],
    env: taskEnvironment(mark),
  });
}
