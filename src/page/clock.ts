import { signal } from '@preact/signals';

/** The server tells its time to the second: what differs by less counts as nothing, in milliseconds. */
const TOLD_TO_MS = 2000;

/** How much the server's clock is ahead of this browser's, in milliseconds. */
let aheadMs = 0;

/** The present by the server's clock, in milliseconds. */
export function presentMs(): number {
  return Date.now() + aheadMs;
}

/** The same, every second. */
export const present = signal(presentMs());
setInterval(() => {
  present.value = presentMs();
}, 1000);

/** Is told the server's time, as an answer has it. */
export function hearTime(date: string | null): void {
  const difference = Date.parse(date ?? '') - Date.now();
  if (Number.isNaN(difference)) return;
  const known = Math.abs(difference) < TOLD_TO_MS ? 0 : difference;
  if (Math.abs(known - aheadMs) >= TOLD_TO_MS) aheadMs = known;
}
