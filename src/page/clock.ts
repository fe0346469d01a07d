import { computed, signal } from '@preact/signals';

/** How far the server's clock is told to the second only, in milliseconds. */
const TOLD_TO_MS = 2000;

/** How much the server's clock is ahead of this browser's, in milliseconds; what is less than it tells counts as nothing. */
const ahead = signal(0);

const ticks = signal(0);
setInterval(() => {
  ticks.value += 1;
}, 1000);

/** The present by the server's clock, in milliseconds. */
export function presentMs(): number {
  return Date.now() + ahead.peek();
}

/** The present by the server's clock, in milliseconds, every second. */
export const present = computed(() => {
  return Date.now() + ahead.value + 0 * ticks.value;
});

/** Is told the server's time, as an answer has it. */
export function hearTime(date: string | null): void {
  const difference = Date.parse(date ?? '') - Date.now();
  if (Number.isNaN(difference)) return;
  const known = Math.abs(difference) < TOLD_TO_MS ? 0 : difference;
  if (Math.abs(known - ahead.peek()) >= TOLD_TO_MS) ahead.value = known;
}
