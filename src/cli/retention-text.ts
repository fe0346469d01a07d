import { formatDuration } from '../duration.ts';
import type { Retention } from '../queries/retention.ts';
import { formatTable } from './table.ts';

/** For how long things are kept, one a line. */
export function retentionTable(retention: readonly Retention[]): string {
  return formatTable(
    ['WHAT', 'IS KEPT', 'SINCE', 'BY'],
    retention.map((each) => [whatText(each), keepText(each), each.since.toISOString(), each.actor ?? '']),
  );
}

/** The same in one line. */
export function retentionLine(retention: readonly Retention[]): string {
  if (retention.length === 0) return 'none: everything is kept until it is purged or archived by hand';
  return retention.map((each) => `${whatText(each)}: ${keepText(each)}`).join('; ');
}

function whatText({ kind, name }: Retention): string {
  switch (kind) {
    case 'all':
      return 'tasks';
    case 'log':
      return 'months of the log';
    default:
      return `tasks of ${kind} ${name}`;
  }
}

function keepText({ keep }: Retention): string {
  if ('folder' in keep) return `${formatDuration(keep.seconds * 1000)}, then ${keep.folder}`;
  return Object.entries(keep)
    .map(([state, kept]) => `${state} ${typeof kept === 'number' ? formatDuration(kept * 1000) : 'for ever'}`)
    .join(', ');
}
