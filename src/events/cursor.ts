/** The parts of a cursor: era, transaction, position. What is not said of the era is the first. */
function partsOf(cursor: string): readonly [bigint, bigint, bigint] {
  const [position = 0n, tx = 0n, era = 1n] = cursor.split(':').map(BigInt).reverse();
  return [era, tx, position];
}

/** Whether a place in the log comes after another one. */
export function isAfter(cursor: string, other: string): boolean {
  const ours = partsOf(cursor);
  const theirs = partsOf(other);
  const differing = ours.findIndex((part, index) => part !== theirs[index]);
  return differing !== -1 && (ours[differing] ?? 0n) > (theirs[differing] ?? 0n);
}
