import { computed, signal } from '@preact/signals';
import { at } from '../moment.ts';

const clock = signal(Date.now());
setInterval(() => {
  clock.value = Date.now();
}, 1000);

/** The moment that is looked at, in milliseconds: of the present, to the second. */
export const now = computed(() => (at.value === undefined ? clock.value : Date.parse(at.value)));
