import type { StartedTask } from '../run-records.ts';
import type { Outcome } from '../outcome.ts';

/**
 * What a worker says to a horse. Tasks are told apart by their places in the line of the horse: the first one that it is sent
 * has 1, the next 2, and so on.
 */
export type ToHorse =
  /** Run it, after those that were sent before. */
  | { readonly type: 'run'; readonly place: number; readonly task: StartedTask }
  /** End the run of this place: cancelled, or its time is up. */
  | { readonly type: 'abort'; readonly place: number; readonly reason: string }
  /** What comes from now on may be run: nothing was left behind by the run that was thought to. */
  | { readonly type: 'resume' };

/** What a horse says to its worker. */
export type FromHorse =
  /** The task types are loaded. */
  | { readonly type: 'ready' }
  /** The run of this place is about to begin, unless it is taken back; see `Revoker` for whether it has. */
  | { readonly type: 'begun'; readonly place: number }
  /** The task of this place does not run here: it was taken back, or what ran before has left the process unfit for it. */
  | { readonly type: 'declined'; readonly place: number }
  | { readonly type: 'progress'; readonly place: number; readonly progress: string }
  | EndOfRun
  /** No other task is to run in this process: something is not as it was. Said while none runs. */
  | { readonly type: 'spent' }
  /** The process is done for; should its run not end before it does, this is why. */
  | { readonly type: 'dying'; readonly outcome: Outcome };

export interface EndOfRun {
  readonly type: 'ended';
  readonly place: number;
  readonly outcome: Outcome;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** For how much of that the process had nothing to do, in milliseconds. */
  readonly idleMs: number;
  /** No other task is to run in this process. */
  readonly spent: boolean;
  /**
   * Only if processes were started meanwhile: the children that are still there. They may have children of their own. The horse
   * declines what it is sent until it is told to resume.
   */
  readonly children?: readonly number[];
}

/** What a horse is told when it is made. */
export interface HorseSettings {
  readonly tasksFile: string;
  readonly worker: string;
  readonly workerDirectory: string;
}

/** The file descriptor in a horse of what it says to its worker. */
export const CHANNEL_FD = 3;

/** The file descriptor in a horse of what its worker says to it. */
export const ORDERS_FD = 5;

/** Variables of a worker that its horses do not get: systemd's, which would take what they say for the worker's word. */
export const WORKERS_OWN_VARIABLES: readonly string[] = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];
