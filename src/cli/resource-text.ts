import type { ResourceContention } from '../projections/resource.ts';

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
