import type { Sample } from './rounds.ts';
import { median, medianRatio } from './statistics.ts';

/** What is timed of an entry. */
export type Measure = 'enqueue' | 'drain';

/** A contestant's rate must be at least so many times a baseline's. Both are named as in `Contestant.name`. */
export interface Target {
  readonly measure: Measure;
  readonly contestant: string;
  readonly baseline: string;
  readonly atLeast: number;
}

/** A target with what was measured of it; without a ratio when one of its two did not run. */
export interface Verdict extends Target {
  readonly ratio?: number;
  readonly outcome: 'pass' | 'miss' | 'not run';
}

/** Holds the samples against the targets, round by round. */
export function judge(samples: readonly Sample[], targets: readonly Target[]): Verdict[] {
  return targets.map((target) => {
    const rates = ratesOf(samples, target.contestant, target.measure);
    const baseline = ratesOf(samples, target.baseline, target.measure);
    if (rates.length === 0 || baseline.length === 0) return { ...target, outcome: 'not run' };
    const ratio = medianRatio(rates, baseline);
    return { ...target, ratio, outcome: ratio >= target.atLeast ? 'pass' : 'miss' };
  });
}

/** The report as plain text: a table of each measure, then the targets. */
export function formatReport(samples: readonly Sample[], verdicts: readonly Verdict[]): string {
  const sections = [rateTable(samples, 'drain'), rateTable(samples, 'enqueue')];
  if (verdicts.length > 0) sections.push(verdictTable(verdicts));
  return sections.join('\n\n') + '\n';
}

/** A rate as it is printed: whole tasks per second. */
export function formatRate(rate: number): string {
  return Math.round(rate).toLocaleString('en');
}

function rateTable(samples: readonly Sample[], measure: Measure): string {
  const contestants = [...new Set(samples.map((sample) => sample.contestant))];
  const rows = contestants.map(({ name, settings }) => {
    const rates = ratesOf(samples, name, measure);
    const tasks = samples.find((sample) => sample.contestant.name === name)?.tasks ?? 0;
    return [
      name,
      formatRate(median(rates)),
      `${formatRate(Math.min(...rates))}–${formatRate(Math.max(...rates))}`,
      tasks.toLocaleString('en'),
      settings,
    ];
  });
  return align([[`${measure}, tasks/s`, 'median', 'min–max', 'tasks', 'settings'], ...rows], [1, 2, 3]);
}

function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ measure, contestant, baseline, atLeast, ratio, outcome }) => [
    `${contestant} / ${baseline}`,
    measure,
    ratio === undefined ? '' : ratio.toFixed(2),
    `≥ ${atLeast.toFixed(2)}`,
    outcome,
  ]);
  return align([['median ratio within a round', 'of', 'ratio', 'target', ''], ...rows], [2, 3]);
}

function ratesOf(samples: readonly Sample[], contestant: string, measure: Measure): number[] {
  return samples
    .filter((sample) => sample.contestant.name === contestant)
    .toSorted((a, b) => a.round - b.round)
    .map((sample) => (measure === 'drain' ? sample.drainRate : sample.enqueueRate));
}

/** Lays rows out in columns; the columns numbered in `rightAligned` hold figures. */
function align(rows: readonly string[][], rightAligned: readonly number[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          rightAligned.includes(column)
            ? cell.padStart(widths[column] ?? 0)
            : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
