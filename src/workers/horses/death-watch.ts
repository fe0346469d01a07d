import { readdirSync, readFileSync } from 'node:fs';
import { parseStat } from '../../processes/process-stat.ts';

/** A process that was killed and is still there. */
export interface LingeringProcess {
  readonly pid: number;
  /** The kernel's letter, see proc_pid_stat(5): D waits in the kernel, and heeds no signal until that is over. */
  readonly state: string;
}

/** After a kill, when those that are still there are told of, in milliseconds from one time to the next; the last one repeats. */
export const TELLING_MS = [5_000, 60_000, 600_000, 3_600_000] as const;

export interface DeathWatchSettings {
  /** The processes that are to be gone, as far as they are known. */
  readonly processes: () => readonly number[];
  readonly onLingering: (processes: readonly LingeringProcess[], killedForMs: number) => void;
  readonly tellingMs?: readonly number[];
}

/** Tells of processes that go on though they were killed, at first soon, then ever less often. */
export class DeathWatch {
  readonly #settings: DeathWatchSettings;
  #killedAt: number | undefined;
  #told = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: DeathWatchSettings) {
    this.#settings = settings;
  }

  /** They were killed, just now or before. */
  begin(): void {
    if (this.#killedAt !== undefined) return;
    this.#killedAt = performance.now();
    this.#wait();
  }

  /** Nothing is left. */
  end(): void {
    clearTimeout(this.#timer);
    this.#killedAt = undefined;
  }

  /** For how many milliseconds they have been dying; undefined if they are not. */
  get killedForMs(): number | undefined {
    return this.#killedAt === undefined ? undefined : performance.now() - this.#killedAt;
  }

  /** Those that are there in this moment. */
  get lingering(): readonly LingeringProcess[] {
    return this.#settings.processes().flatMap((pid) => {
      const state = stateOf(pid);
      return state === undefined ? [] : [{ pid, state }];
    });
  }

  #wait(): void {
    const { tellingMs = TELLING_MS } = this.#settings;
    const ms = tellingMs[Math.min(this.#told, tellingMs.length - 1)] ?? 0;
    this.#timer = setTimeout(() => {
      this.#told += 1;
      this.#settings.onLingering(this.lingering, this.killedForMs ?? 0);
      this.#wait();
    }, ms).unref();
  }
}

/**
 * What a process does, or the one thread that keeps it from ending: the first thread of a killed process is gone, while another
 * waits for a disk. Undefined if all have ended.
 */
function stateOf(pid: number): string | undefined {
  const states = threadsOf(pid).flatMap((thread) => {
    try {
      const { state, hasEnded } = parseStat(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1'));
      return hasEnded ? [] : [state];
    } catch {
      return []; // it ended just now
    }
  });
  return states.includes('D') ? 'D' : states[0];
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}
