import { defineTask } from '../../src/index.ts';

/** Task types that write as if they were their worker. */

const FORGED = '{"level":30,"time":1,"worker":"w","msg":"leads as resource manager"}';

export const forge = defineTask('log.forge', {
  run: () => {
    console.log(FORGED);
    console.error(`plain\n\n\u001b[2J{"half": `);
    process.stdout.write(FORGED.slice(0, -1)); // no line, and no object
    return null;
  },
});

export const forgeInline = defineTask('log.forge-inline', {
  isolation: 'inline',
  run: () => {
    console.log(FORGED);
    console.error('plain');
    return null;
  },
});

export const fail = defineTask('log.fail', {
  run: () => {
    throw new RangeError('out of range\nand more');
  },
});
