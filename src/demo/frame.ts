import { TASK_STATES } from '../constants.ts';
import { styleOfEvent, styleOfState } from './colours.ts';
import { span, type Line } from './line.ts';
import type { ClaimNow, Snapshot, TaskNow } from './observer.ts';
import type { DemoRun } from './scenario.ts';
import { called, seconds, told, wait, work } from './words.ts';

/** How many columns a progress bar has; without so much room beside the words there is none. */
const BAR_COLUMNS = 20;
const COLUMNS_FOR_BARS = 64;

/** How many of the lines that are left over tell of what happened last, at least. */
const NEWS_ROWS = 4;

/** How wide the names of resources and tasks are set. */
const NAME_COLUMNS = 20;

interface Room {
  readonly columns: number;
  readonly rows: number;
}

/** The snapshots' events so far, as lines; the live view shows the last ones. */
const news = new WeakMap<DemoRun, Line[]>();

/** A snapshot as lines: who runs where, who holds and waits in line for each resource, who waits for whom, what happened. */
export function frame(snapshot: Snapshot, run: DemoRun, room: Room): Line[] {
  const tasks = new Map(snapshot.tasks.map((task) => [task.id, task]));
  return [];
}
