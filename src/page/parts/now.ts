import { computed } from '@preact/signals';
import { present } from '../clock.ts';
import { at } from '../moment.ts';

/** The moment that is looked at, in milliseconds: of the present, to the second. */
export const now = computed(() => (at.value === undefined ? present.value : Date.parse(at.value)));
