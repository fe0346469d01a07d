import { formatDuration } from '../duration.ts';
import type { ResourceContention, ResourceHolder } from '../queries/resource.ts';
import type { ResourceLimit } from '../queries/resource-limit.ts';

/** How many stand in line, by how they want the resource. */
export function lineText({
  exclusive_in_line: exclusive,
  shared_in_line: shared,
}: {
  readonly exclusive_in_line: number;
  readonly shared_in_line: number;
}): string {
  const parts = [exclusive > 0 && `${exclusive} exclusive`, shared > 0 && `${shared} shared`];
  return parts.filter((part) => part !== false).join(', ') || '-';
}

/** Who holds a resource now, as far as they are named. */
export function heldByText({
  holders,
  held_by: named,
}: Pick<ResourceContention, 'holders' | 'held_by'>): string {
  const texts = named.map(({ id, name, worker }) =>
    worker === null ? `${name} ${id}` : `${name} ${id} on ${worker}`,
  );
  if (holders > named.length) texts.push(`${holders - named.length} more`);
  return texts.join(', ') || '-';
}

/** Whose a claim is: the type of a task, or whose hold it is, and what for. */
export function claimantText(name: string, hold: ResourceHolder['hold']): string {
  if (hold === null) return name;
  return `${name} of ${hold.actor ?? 'somebody'}${hold.reason === null ? '' : `: ${hold.reason}`}`;
}

/** How a resource is claimed, and how much of it where a number was asked for. */
export function modeText(mode: string, units: number | null): string {
  return units === null ? mode : `${mode}, ${units} units`;
}

/** The limits of a resource, by what they are called. */
export function limitFacts(limit: ResourceLimit | undefined): Readonly<Record<string, string>> {
  if (limit === undefined) return {};
  const { capacity, units_free, rate, per_seconds } = limit;
  return {
    ...(capacity !== null && {
      capacity: `${capacity} ${capacity === 1 ? 'unit' : 'units'}, ${units_free} free`,
    }),
    ...(rate !== null && { rate: `${rate} granted in ${formatDuration((per_seconds ?? 0) * 1000)}` }),
  };
}
