import { defineTask } from '../../src/index.ts';

/** A type whose tasks are unique. */
export const publish = defineTask('test.publish', {
  unique: true,
  isolation: 'inline',
  run: () => undefined,
});
