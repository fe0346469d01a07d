import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalledRun } from './run-journal.ts';

/** A run as its own journal tells of it. Times in nanoseconds. */
export interface WitnessedRun extends JournalledRun {
  readonly pid: number;
  readonly startedAt: bigint;
  /** When its code left, or until when it certainly ran. */
  readonly ranUntil: bigint;
  /** Whether its code left by itself; false: it was cut off. */
  readonly ended: boolean;
  /** Runs whose resource it found in their hands: `<task>.<attempt>`. */
  readonly found: readonly string[];
}

/** The runs that kept a journal in this folder, by start. */
export async function readRuns(folder: string): Promise<readonly WitnessedRun[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.run'));
  const runs = await Promise.all(
    files.map(async (name) => parse(await readFile(join(folder, name), 'utf8'))),
  );
  return runs.filter((run) => run !== undefined).sort((a, b) => Number(a.startedAt - b.startedAt));
}

/** The run of a task's attempt, as far as it has come; undefined: its code has not begun. */
export async function readRun(folder: string, task: string, attempt = 1): Promise<WitnessedRun | undefined> {
  const text = await readFile(join(folder, `${task}.${attempt}.run`), 'utf8').catch(() => '');
  return parse(text);
}

/**
 * Pairs of runs that met on a resource though one of them had it for itself, each in words. Two witnesses are heard: the
 * spans of time, and the files that only one run at a time can have.
 */
export function meetings(runs: readonly WitnessedRun[]): readonly string[] {
  return [...overlaps(runs), ...findings(runs)];
}

function overlaps(runs: readonly WitnessedRun[]): string[] {
  const lines = new Map<string, { readonly run: WitnessedRun; readonly exclusive: boolean }[]>();
  for (const run of runs) {
    for (const resource of run.exclusive) lineOf(resource).push({ run, exclusive: true });
    for (const resource of run.shared) lineOf(resource).push({ run, exclusive: false });
  }
  return [...lines].flatMap(([resource, line]) =>
    line.flatMap((earlier, index) =>
      line
        .slice(index + 1)
        .filter(
          (later) => later.run.startedAt < earlier.run.ranUntil && (later.exclusive || earlier.exclusive),
        )
        .map((later) => {
          const ms = Number(earlier.run.ranUntil - later.run.startedAt) / 1e6;
          return `${resource}: ${nameOf(earlier.run)} went on for ${ms.toFixed(1)} ms beside ${nameOf(later.run)}`;
        }),
    ),
  );

  function lineOf(resource: string) {
    const line = lines.get(resource) ?? [];
    lines.set(resource, line);
    return line;
  }
}

/** Who found a resource in the hands of a run that ended by itself met it: that one's file goes before its end. */
function findings(runs: readonly WitnessedRun[]): string[] {
  const byName = new Map(runs.map((run) => [`${run.task}.${run.attempt}`, run]));
  return runs.flatMap((run) =>
    run.found
      .filter((name) => byName.get(name)?.ended === true)
      .map((name) => `${nameOf(run)} found a resource in the hands of ${name}, which ended later`),
  );
}

function nameOf({ task, attempt, worker, pid, ended }: WitnessedRun): string {
  return `${task}.${attempt} (${worker}, process ${pid}, ${ended ? 'ended' : 'cut off'})`;
}

/** Undefined: it was cut off before it could say what it is. */
function parse(text: string): WitnessedRun | undefined {
  const lines = text.split('\n').slice(0, -1); // what follows the last line end is a line cut off
  const entries = lines.map((line) => {
    const [at = '', what = '', ...detail] = line.split(' ');
    return { at: BigInt(at), what, detail: detail.join(' ') };
  });
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return undefined;
  return {
    ...(JSON.parse(first.detail) as JournalledRun & { readonly pid: number }),
    startedAt: first.at,
    ranUntil: last.at,
    ended: last.what === 'end',
    found: entries.filter((entry) => entry.what === 'found').map((entry) => entry.detail),
  };
}
