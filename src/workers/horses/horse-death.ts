import { failedBecause, type Outcome } from '../outcome.ts';

/** How the process of a horse ended. */
export interface HorseDeath {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said itself of why it was to die. */
  readonly lastWords?: Outcome;
  /** Why its worker killed it, if it had a reason beside the run. */
  readonly verdict?: string;
  /** Whether it had loaded the task types. */
  readonly wasReady: boolean;
  /** The last of what it wrote to stderr since its run began. */
  readonly output: string;
}

/** V8 says so on stderr before it aborts. */
const HEAP_IS_FULL = /FATAL ERROR: .*(heap out of memory|heap limit|Allocation failed|invalid table size)/i;

/** What a run has come to that has not ended before its process did. */
export function outcomeOfDeath(death: HorseDeath): Outcome {
  const { code, signal, lastWords, verdict, output } = death;
  if (lastWords !== undefined) return lastWords;
  if (signal !== null && signal !== 'SIGKILL' && HEAP_IS_FULL.test(output)) {
    return failedBecause('OUT_OF_MEMORY', 'the process of the task ran out of memory: its heap was full', {
      remedy: 'Let it hold less at once, or raise the limit: NODE_OPTIONS=--max-old-space-size=MEGABYTES.',
      output,
    });
  }
  const when = death.wasReady ? 'without a result' : 'while it loaded the task types';
  if (verdict !== undefined) {
    return failedBecause('HORSE_DIED', `the process of the task was killed, since it ${verdict}`, { output });
  }
  if (signal === 'SIGKILL') {
    return failedBecause('HORSE_DIED', `the process of the task was killed by SIGKILL ${when}`, {
      remedy:
        'It was not its worker that killed it: the kernel may have run out of memory; see its log (`dmesg`).',
      output,
    });
  }
  const how = signal === null ? `exited with code ${code ?? 'unknown'}` : `was ended by ${signal}`;
  return failedBecause('HORSE_DIED', `the process of the task ${how} ${when}`, { output });
}
