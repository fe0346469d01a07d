import * as Flags from '@oclif/core/flags';
import type { InferredFlags } from '@oclif/core/interfaces';
import { sqlDuration } from '../duration.ts';
import { ENQUEUE_OPTIONS } from '../tasks/enqueue-options.ts';
import { UNIQUE_THEN, UNIQUE_WHILE, type Unique } from '../tasks/unique.ts';

/** At most one task at a time for a key; see `Unique`. */
export const uniqueFlags = {
  unique: Flags.boolean({ summary: ENQUEUE_OPTIONS.unique.help }),
  'unique-key': Flags.string({
    helpValue: 'KEY',
    summary: 'What it is to be the only one of its type for. Default: its arguments.',
  }),
  'unique-for': Flags.string({
    helpValue: '10m',
    summary: 'How long it is the only one, whatever becomes of it.',
  }),
  'unique-while': Flags.option({
    options: UNIQUE_WHILE,
    summary:
      'Until it starts, or until it is final. Default: until it is final, unless --unique-for is given.',
  })(),
  'unique-then': Flags.option({
    options: UNIQUE_THEN,
    summary: 'Give the one that is there, cancel it and take its place, or refuse this one. Default: keep.',
  })(),
};

/** What these flags say. */
type UniqueValues = InferredFlags<typeof uniqueFlags>;

/** What the flags say of it; undefined: nothing. */
export function uniqueOf(flags: Partial<UniqueValues>): boolean | Unique | undefined {
  const unique = {
    key: flags['unique-key'],
    for: sqlDuration(flags['unique-for']),
    while: flags['unique-while'],
    then: flags['unique-then'],
  };
  return Object.values(unique).some((said) => said !== undefined)
    ? unique
    : flags.unique === true || undefined;
}
