import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { z } from 'zod';
import { defineTask, secret } from '../../src/index.ts';
import { WAYS } from './canary-ways.ts';

/** Task types that give away a secret in every way, each by another outlet. */

const kwargs = z.object({ token: secret(z.string()), pem: secret(z.string()) });

const told = ({ token, pem }: z.infer<typeof kwargs>) => Object.values(WAYS).map((way) => way(token, pem));

export const result = defineTask('canary.result', {
  kwargs,
  run: ({ kwargs }) => ({
    told: told(kwargs),
    bytes: Array.from(Buffer.from(`user:${kwargs.token}`)),
    pieces: kwargs.token.match(/.{1,3}/g),
  }),
});

export const error = defineTask('canary.error', {
  kwargs,
  run: ({ kwargs }) => {
    throw new Error(told(kwargs).join('\n\n'), { cause: told(kwargs) });
  },
});

export const progress = defineTask('canary.progress', {
  kwargs,
  run: ({ kwargs, progress }) => {
    progress({ told: told(kwargs) });
  },
});

export const log = defineTask('canary.log', {
  kwargs,
  run: ({ kwargs, log }) => {
    for (const text of told(kwargs)) log.info({ text }, text);
  },
});

export const writes = defineTask('canary.writes', {
  kwargs,
  run: ({ kwargs }) => {
    for (const text of told(kwargs)) console.log(text);
  },
});

/** Letter by letter, which is no whole secret at any time. */
const writeLetters = ({ kwargs: given }: { readonly kwargs: z.infer<typeof kwargs> }) => {
  for (const text of told(given)) for (const letter of `${text}\n`) process.stdout.write(letter);
};

export const letters = defineTask('canary.letters', { kwargs, run: writeLetters });

export const lettersInline = defineTask('canary.letters-inline', {
  kwargs,
  isolation: 'inline',
  run: writeLetters,
});

/** Past all that Node knows of. */
export const raw = defineTask('canary.raw', {
  kwargs,
  run: ({ kwargs }) => {
    for (const text of told(kwargs)) writeSync(1, `${text}\n`);
    spawnSync('cat', { input: told(kwargs).join('\n'), stdio: ['pipe', 'inherit', 'inherit'] });
  },
});

/** Its last words become a part of its error. */
export const crash = defineTask('canary.crash', {
  kwargs,
  run: ({ kwargs }) => {
    for (const text of told(kwargs)) writeSync(2, `${text}\n`);
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  },
});
