import * as Flags from '@oclif/core/flags';

/** Of commands that change something: why. */
export const reasonFlag = Flags.string({ helpValue: 'TEXT', summary: 'Why, for the record.' });
