import type { StartedTask } from '../run-records.ts';
import type { Outcome } from '../outcome.ts';

/** What a worker says to a horse. */
export type ToHorse =
  | { readonly type: 'run'; readonly task: StartedTask }
  /** End the run: cancelled, or its time is up. */
  | { readonly type: 'abort'; readonly reason: string };

/** What a horse says to its worker. */
export type FromHorse =
  /** The task types are loaded. A run may be sent before that. */
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly id: string; readonly progress: string }
  | EndOfRun
  /** No other task is to run in this process: something is not as it was. Said while none runs. */
  | { readonly type: 'spent' }
  /** The process is done for; should its run not end before it does, this is why. */
  | { readonly type: 'dying'; readonly outcome: Outcome };

export interface EndOfRun {
  readonly type: 'ended';
  readonly id: string;
  readonly outcome: Outcome;
  /** No other task is to run in this process. */
  readonly spent: boolean;
  /** Only if processes were started meanwhile: the children that are still there. They may have children of their own. */
  readonly children?: readonly number[];
}

/** What a horse is told when it is made. */
export interface HorseSettings {
  readonly tasksFile: string;
  readonly worker: string;
  readonly workerDirectory: string;
}

/** The file descriptor of the channel in a horse. */
export const CHANNEL_FD = 3;

/** Variables of a worker that its horses do not get: systemd's, which would take what they say for the worker's word. */
export const WORKERS_OWN_VARIABLES: readonly string[] = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];
