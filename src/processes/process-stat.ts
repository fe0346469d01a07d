import { readFileSync } from 'node:fs';

/** Flag of the kernel's own threads. */
const PF_KTHREAD = 0x0020_0000;

/** What Linux tells of a process. */
export interface ProcessStat {
  /** What it does, as the kernel's letter: R runs, S sleeps, D waits and heeds no signal, T is stopped, Z has ended, … */
  readonly state: string;
  /** It has ended, and only waits for its parent to take note. */
  readonly hasEnded: boolean;
  /** It has not ended and is none of the kernel's own threads. */
  readonly isProgram: boolean;
  /** It was stopped by a signal or a debugger, and does nothing. */
  readonly isStopped: boolean;
  readonly parent: number;
  /** The process that leads its session. */
  readonly session: number;
  /** With its id this names a process for good: ids are used again. */
  readonly startTime: string;
  /** Grows with each process that it started and that has ended (their page faults). */
  readonly endedChildren: string;
}

/** Looks at a process; undefined if there is none of this id, or no /proc. */
export function processStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Reads what a file `/proc/PID/stat` says, see proc_pid_stat(5). */
export function parseStat(text: string): ProcessStat {
  // Field 2 is the program's name in parentheses and may hold anything; the rest is plain.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ', 20);
  const field = (number: number) => fields[number - 3] ?? '';
  const hasEnded = 'ZX'.includes(field(3));
  return {
    state: field(3),
    hasEnded,
    isProgram: !hasEnded && (Number(field(9)) & PF_KTHREAD) === 0,
    isStopped: 'Tt'.includes(field(3)),
    parent: Number(field(4)),
    session: Number(field(6)),
    endedChildren: field(11),
    startTime: field(22),
  };
}
