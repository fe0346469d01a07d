import { computed, effect, signal } from '@preact/signals';
import { query, setQuery } from './router.ts';
import { presentMs } from './clock.ts';

/** How fast the past is played: seconds a second. */
export const SPEED = 60;

/** How often the moment moves while it is played, in milliseconds. */
const FRAME_MS = 1000;

/** The moment that is looked at, as the address has it; undefined: now. */
export const at = computed(() => {
  const text = query.value.get('at');
  return text !== null && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : undefined;
});

/** Whether the past is being played. */
export const isPlaying = signal(false);

/** Looks at a moment of the past; what is not in the past is now. */
export function lookAt(moment: Date): void {
  setQuery({ at: moment.getTime() >= presentMs() - 500 ? undefined : moment.toISOString() });
}

/** Looks at what is, as it happens. */
export function goLive(): void {
  isPlaying.value = false;
  setQuery({ at: undefined });
}

/** Begins to play from the moment that is looked at, or ends it. */
export function togglePlay(): void {
  if (at.value === undefined) return;
  isPlaying.value = !isPlaying.value;
}

effect(() => {
  if (!isPlaying.value) return;
  const timer = setInterval(() => {
    const from = at.peek();
    if (from === undefined) {
      isPlaying.value = false;
      return;
    }
    lookAt(new Date(Date.parse(from) + SPEED * FRAME_MS));
  }, FRAME_MS);
  return () => {
    clearInterval(timer);
  };
});
