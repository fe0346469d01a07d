import type { ClaimAt } from '../../queries/claims-at.ts';
import { read } from '../api/client.ts';
import type { Wire } from '../api/wire.ts';
import { useLive } from '../use-live.ts';
import { Problem } from './problem.tsx';
import { ResourceLink, TaskLink } from './task-link.tsx';
import { counted } from './words.ts';

/** The line of a resource. */
interface Line {
  readonly resource: string;
  readonly held_by: readonly { readonly id: string; readonly name: string }[];
  readonly waiting: number;
}

/** Resources with who holds them, and how many wait. */
export function ResourceLines({ lines }: { readonly lines: readonly Line[] }) {
  if (lines.length === 0) return <p class="empty">Nobody stands in line for a resource.</p>;
  return (
    <ul class="lines">
      {lines.map(({ resource, held_by, waiting }) => (
        <li key={resource}>
          <ResourceLink resource={resource} />
          <span>
            {held_by.length === 0 ? (
              'nobody holds it yet'
            ) : (
              <>
                <span class="hint">held by</span>{' '}
                {held_by.map(({ id, name }) => (
                  <TaskLink key={id} id={id} name={name} />
                ))}
              </>
            )}
          </span>
          <strong>{counted(waiting, 'task')} in line</strong>
        </li>
      ))}
    </ul>
  );
}

/** How many claims of the past are read. */
const MOST_CLAIMS = 1000;

interface LinesThenProps {
  readonly at: string;
  /** Whether only resources are shown for which somebody waited. */
  readonly isBrief?: boolean;
}

/** The lines of resources as they stood at a moment. */
export function LinesThen({ at, isBrief = false }: LinesThenProps) {
  const { data, error } = useLive(
    `claims ${at}`,
    (signal) => read<{ claims: readonly Wire<ClaimAt>[] }>('claims', { at, limit: MOST_CLAIMS }, signal),
    { isPast: true },
  );
  const lines = Object.entries(Object.groupBy(data?.claims ?? [], ({ resource }) => resource)).map(
    ([resource, claims = []]) => ({
      resource,
      held_by: claims
        .filter(({ state }) => state === 'granted')
        .map(({ task_id, name }) => ({ id: task_id, name })),
      waiting: claims.filter(({ state }) => state === 'waiting').length,
    }),
  );
  return (
    <>
      {error !== undefined && <Problem error={error} />}
      {data?.claims.length === MOST_CLAIMS && <p class="hint">These are the first {MOST_CLAIMS} claims.</p>}
      {data !== undefined && (
        <ResourceLines lines={isBrief ? lines.filter(({ waiting }) => waiting > 0) : lines} />
      )}
    </>
  );
}
