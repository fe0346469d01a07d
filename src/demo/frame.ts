import { TASK_STATES } from '../constants.ts';
import { styleOfState } from './colours.ts';
import { span, type Line, type Span } from './line.ts';
import type { ClaimNow, Snapshot, TaskNow } from './observer.ts';
import { CONCURRENCY, type DemoRun } from './scenario.ts';
import { called, seconds, wait, work } from './words.ts';

/** The size of a terminal, in characters. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
}

/** Without so many columns there are no progress bars. */
const COLUMNS_FOR_BARS = 60;
const BAR_COLUMNS = 20;

/** How wide the names of resources and tasks are set. */
const NAME_COLUMNS = 20;

/** With fewer rows there are no empty lines between the parts. */
const ROWS_FOR_GAPS = 30;

/** Of the rows left over, which part tells who waits for whom; the rest tells what happened last. */
const WAITING_SHARE = 0.5;

/**
 * A snapshot as at most as many lines as there are rows: who runs on which worker, who holds each resource and who
 * stands in its line, who waits for whom, what happened last. The lines may be longer than the columns.
 */
export function frame(snapshot: Snapshot, run: DemoRun, news: readonly Line[], room: Room): Line[] {
  const gap: Line[] = room.rows < ROWS_FOR_GAPS ? [] : [[]];
  const fixed = [
    ...heading(snapshot, run, room),
    ...gap,
    ...run.workers.flatMap((name) => workerLines(name, snapshot, room)),
    ...gap,
    title('Resources: who holds them ◂ who stands in line'),
    ...resourceLines(snapshot),
  ];
  const left = Math.max(0, room.rows - fixed.length - 2 * (gap.length + 1));
  const waits = waitLines(snapshot);
  const forWaits = Math.min(waits.length, Math.max(Math.ceil(left * WAITING_SHARE), left - news.length));
  const forNews = Math.min(news.length, left - forWaits);
  return [
    ...fixed,
    ...gap,
    title('Who waits for whom'),
    ...withRest(waits, forWaits),
    ...gap,
    title('What happened'),
    ...news.slice(news.length - forNews),
  ].slice(0, room.rows);
}

function heading(snapshot: Snapshot, run: DemoRun, { columns }: Room): Line[] {
  const counts = TASK_STATES.map((state) => ({
    state,
    count: snapshot.tasks.filter((task) => task.state === state).length,
  })).filter(({ count }) => count > 0);
  const total = snapshot.tasks.length;
  const bar: Span[] = [];
  let done = 0;
  for (const { state, count } of counts.toReversed()) {
    const from = Math.round((done * columns) / total);
    done += count;
    const to = Math.round((done * columns) / total);
    bar.push(span((state === 'waiting' ? '░' : '█').repeat(to - from), styleOfState(state)));
  }
  return [
    [span('Pulp tasking on Postgres', 'bold'), `  ${run.group}  ${seconds(snapshot.seconds)}`],
    bar,
    [
      `${total} tasks: `,
      ...separated(
        counts.map((c) => span(`${c.count} ${c.state}`, styleOfState(c.state))),
        ', ',
      ),
    ],
  ];
}

function workerLines(name: string, snapshot: Snapshot, room: Room): Line[] {
  const worker = snapshot.workers.find((candidate) => candidate.name === name);
  const inHand = snapshot.tasks.filter((task) => task.worker === name && isInHand(task));
  const state =
    worker === undefined ? 'starting' : `${worker.state}, ${inHand.length} of ${worker.concurrency}`;
  const runs = inHand.map((task): Line => {
    const words = `  ${called(task).padEnd(NAME_COLUMNS)} ${seconds(task.running_seconds ?? 0).padStart(7)}`;
    return [span(words, styleOfState(task.state)), ...progressOf(task, room)];
  });
  const idle: Line[] = Array.from({ length: Math.max(0, CONCURRENCY - runs.length) }, () => []); // what is below stays put
  return [[span(name, 'bold'), '  ', span(state, 'dim')], ...runs, ...idle];
}

function isInHand(task: TaskNow): boolean {
  return task.state === 'running' || task.state === 'canceling';
}

function progressOf(task: TaskNow, { columns }: Room): Line {
  if (task.progress === null) return task.state === 'canceling' ? ['  is to end'] : [];
  const { done, total } = task.progress;
  const filled = Math.round((done / total) * BAR_COLUMNS);
  const bar = columns < COLUMNS_FOR_BARS ? '' : '█'.repeat(filled) + '░'.repeat(BAR_COLUMNS - filled);
  return ['  ', span(bar, 'cyan'), ` ${done}/${total}`];
}

function resourceLines(snapshot: Snapshot): Line[] {
  const tasks = new Map(snapshot.tasks.map((task) => [task.id, task]));
  return snapshot.resources.map((resource) => {
    const line = snapshot.claims.filter((claim) => claim.resource === resource);
    const holders = line.filter((claim) => claim.state === 'granted').map((claim) => short(claim, tasks));
    const waiting = line.filter((claim) => claim.state === 'waiting').map((claim) => short(claim, tasks));
    return [
      `  ${resource.padEnd(NAME_COLUMNS)} `,
      ...(holders.length === 0 ? [span('nobody', 'dim')] : [span(holders.join(' + '), 'cyan')]),
      ...(waiting.length === 0 ? [] : [' ◂ ', span(waiting.join(', '), 'dim')]),
    ];
  });
}

function short(claim: ClaimNow, tasks: ReadonlyMap<string, TaskNow>): string {
  const task = tasks.get(claim.task_id);
  return task === undefined ? claim.task_id : `#${task.number} ${work(task)}`;
}

function waitLines(snapshot: Snapshot): Line[] {
  return snapshot.tasks.flatMap((task) => {
    const why = wait(task, snapshot);
    const line: Line = [`  ${called(task).padEnd(NAME_COLUMNS)} `, span(why ?? '', 'dim')];
    return why === undefined ? [] : [line];
  });
}

/** The first lines; if there are more, the last one says how many. */
function withRest(lines: readonly Line[], count: number): readonly Line[] {
  if (lines.length <= count || count === 0) return lines.slice(0, count);
  return [...lines.slice(0, count - 1), [span(`  and ${lines.length - count + 1} more`, 'dim')]];
}

function title(text: string): Line {
  return [span(text, 'bold')];
}

function separated(pieces: readonly Span[], separator: string): Line {
  return pieces.flatMap((piece, index) => (index === 0 ? [piece] : [separator, piece]));
}
