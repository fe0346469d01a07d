import { SHORT_MS, type ExpectedRun } from './run-times.ts';

/** A horse as far as the choice among them goes. */
export interface Candidate {
  /** It is warm and has nothing to do. */
  readonly isIdle: boolean;
  /** Since when, in milliseconds. */
  readonly idleSince: number;
  /** In how many milliseconds what it was sent is expected to have ended; Infinity: nobody knows. */
  readonly expectedMs: number;
}

/**
 * Which horse a run is to be sent to: an idle one, the warmest first; else, if it is short, the one that is free the soonest,
 * unless all that it was sent takes longer than a short run. Undefined: none for now.
 *
 * @param processors where so many horses are busy with short runs, one that needs the processor itself would have to wait for it
 *   in an idle horse as well: that stays idle, and can be done without
 */
export function chooseHorse<Horse extends Candidate>(
  horses: Iterable<Horse>,
  run: ExpectedRun | undefined,
  processors: number,
): Horse | undefined {
  let idle: Horse | undefined;
  let busy = 0;
  let soonest: { readonly horse: Horse; readonly ms: number } | undefined;
  for (const horse of horses) {
    if (horse.isIdle) {
      if (idle === undefined || horse.idleSince > idle.idleSince) idle = horse;
    } else if (run !== undefined) {
      const ms = horse.expectedMs;
      if (ms < Infinity) busy += 1;
      if (soonest === undefined || ms < soonest.ms) soonest = { horse, ms };
    }
  }
  if (run === undefined || soonest === undefined || soonest.ms + run.ms > SHORT_MS) return idle;
  return idle === undefined || (busy >= processors && !run.waits) ? soonest.horse : idle;
}

/** What there is, and what is wanting. */
export interface Shortage {
  /** What is expected of the runs for which there is no place. */
  readonly waiting: readonly (ExpectedRun | undefined)[];
  /** How many horses are on their way. */
  readonly starting: number;
  /** How many are there that no long run holds. */
  readonly brief: number;
  /** How many are enough for runs that are short, and may be on their way at once: more would only hold each other up. */
  readonly few: number;
}

/**
 * How many horses are to be made: one for each run that takes long, and fewer for those that are short and wait for
 * something else than the processor. More than a few would not get through those any faster that need the processor, and
 * most runs of which nothing is known will prove to be short.
 */
export function horsesToMake({ waiting, starting, brief, few }: Shortage): number {
  let processes = 0;
  let others = 0;
  for (const run of waiting) {
    if (run !== undefined && (run.waits || run.ms > SHORT_MS)) processes += Math.min(1, run.ms / SHORT_MS);
    else others += 1;
  }
  const wanting = Math.ceil(processes) + Math.max(0, Math.min(others, few - brief)) - starting;
  return Math.max(0, Math.min(wanting, few - starting));
}
