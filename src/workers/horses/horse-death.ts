import { memoryText, type Limits } from '../../tasks/task-limits.ts';
import { failedBecause, type Outcome, type TaskError } from '../runs/outcome.ts';

/** Which memory ran out when the kernel killed the process: what its limit allows, or that of its worker's service or machine. */
export type LackingMemory = 'limit' | 'service';

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
  /** Only if the kernel has killed for lack of memory since the run began. */
  readonly lackingMemory?: LackingMemory;
  /** The limits that were enforced. */
  readonly limits?: Limits;
}

/** V8 says so on stderr before it aborts. */
const HEAP_IS_FULL = /FATAL ERROR: .*(heap out of memory|heap limit|Allocation failed|invalid table size)/i;

/** What a run has come to that has not ended before its process did. */
export function outcomeOfDeath(death: HorseDeath): Outcome {
  const { code, signal, lastWords, verdict, output, limits = {} } = death;
  if (!death.wasReady && death.lackingMemory !== 'limit') {
    return { outcome: 'interrupted', by: 'host', reason: startFailure(death) };
  }
  if (lastWords !== undefined) return lastWords;
  if (signal === 'SIGKILL' && death.lackingMemory !== undefined) {
    return outOfMemory(death.lackingMemory, limits, output);
  }
  if (signal !== null && signal !== 'SIGKILL' && HEAP_IS_FULL.test(output)) {
    return failedBecause('OUT_OF_MEMORY', 'the process of the task ran out of memory: its heap was full', {
      remedy:
        limits.memory === undefined
          ? 'Let it hold less at once, or raise the limit: NODE_OPTIONS=--max-old-space-size=MEGABYTES.'
          : `Let it hold less at once, or raise limits.memory of its type (${memoryText(limits.memory)}), of which the heap gets a part.`,
      output,
    });
  }
  const when = 'without a result';
  if (verdict !== undefined && signal === 'SIGKILL') {
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

/** The kernel has killed it, and has counted why. */
function outOfMemory(lacking: LackingMemory, { memory }: Limits, output: string): Outcome {
  if (lacking === 'limit' && memory !== undefined) {
    const message = `the processes of the task reached their memory limit of ${memoryText(memory)}`;
    return failedBecause('OUT_OF_MEMORY', message, {
      remedy: 'Let it hold less at once, or raise limits.memory of its type in defineTask.',
      output,
    });
  }
  const message =
    "the process of the task was killed by the kernel: the memory of its worker's service, or of the machine, ran out";
  return failedBecause('OUT_OF_MEMORY', message, {
    remedy:
      'Give the service or the machine more memory, run fewer tasks beside each other (--concurrency), or set limits.memory for types that may take too much.',
    output,
  });
}

/** Why a horse did not come to run anything: that is its host's or its release's fault, and not the task's. */
function startFailure({ code, signal, lastWords, output }: HorseDeath): string {
  if (lastWords?.outcome === 'failed') {
    const { message } = JSON.parse(lastWords.error) as TaskError;
    return `no horse can be started: ${message}`;
  }
  const how = signal === null ? `it exited with code ${code ?? 'unknown'}` : `it was ended by ${signal}`;
  const last = output.trim().split('\n').at(-1) ?? '';
  return `no horse can be started: ${how} while it loaded the task types${last === '' ? '' : ` (${last})`}`;
}
