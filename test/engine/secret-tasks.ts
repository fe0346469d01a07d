import { createHash } from 'node:crypto';
import { z } from 'zod';
import { defineTask, type TaskContext } from '../../src/index.ts';
import { secret } from '../../src/secrets/secret.ts';

/** Task types that are given secrets, and are careless with them. */

const kwargs = z.object({
  token: secret(z.string().min(3)).trim(),
  account: secret(z.number()).optional(),
  headers: z.record(z.string(), secret(z.string())).default({}),
  mirrors: z.array(z.object({ url: z.string(), password: secret(z.string()).nullable() })).default([]),
});
const args = z.tuple([z.string(), secret(z.string())]);

type Context = TaskContext<z.output<typeof args>, z.output<typeof kwargs>>;

/** Tells everybody, and proves in a harmless way that it was given the secret. */
function tell({ kwargs: { token, account, mirrors }, args: [greeting, word], progress, log }: Context) {
  progress({ [token]: `the token is ${token}`, word });
  log.info({ token, nested: { word } }, `logged ${token}`);
  console.log(`printed ${token}`);
  process.stderr.write(Buffer.from(`written ${token}\n`));
  return {
    greeting,
    digest: digestOf(token, word),
    account,
    url: `https://example.org/?token=${encodeURIComponent(token)}`,
    basic: Buffer.from(token).toString('base64'),
    said: JSON.stringify({ token }),
    mirrors: mirrors.map(({ password }) => password),
  };
}

function betray(context: Context): never {
  const { digest } = tell(context);
  const { token } = context.kwargs;
  throw Object.assign(new Error(`${token} was refused; ${digest}`, { cause: new Error(token) }), {
    code: token,
  });
}

/** What is left of secrets that were received. */
export function digestOf(...secrets: readonly string[]): string {
  return createHash('sha256').update(secrets.join('\0')).digest('hex');
}

export const tells = defineTask('secret.tells', { args, kwargs, run: tell });
export const tellsInline = defineTask('secret.tells.inline', {
  args,
  kwargs,
  isolation: 'inline',
  run: tell,
});
export const betrays = defineTask('secret.betrays', { args, kwargs, run: betray });
export const betraysInline = defineTask('secret.betrays.inline', {
  args,
  kwargs,
  isolation: 'inline',
  run: betray,
});

/** Throws where nobody can catch it. */
export const strays = defineTask('secret.strays', {
  args,
  kwargs,
  run: (context) => {
    setImmediate(() => betray(context));
    return new Promise(() => undefined);
  },
});

export const refusesInItsOwnWords = defineTask('secret.refuses', {
  kwargs: z.object({
    token: secret(z.string()).refine(() => false, { error: ({ input }) => `${String(input)} is no good` }),
  }),
  run: () => undefined,
});

export const harmless = defineTask('secret.harmless', { isolation: 'inline', run: () => 'canary' });

/** Takes what its code does not mark. */
const unmarked = z.object({ note: z.string(), headers: z.record(z.string(), z.string()), open: z.string() });

function echo({ kwargs: { note, headers, open } }: TaskContext<unknown, z.output<typeof unmarked>>) {
  return { digest: digestOf(note, ...Object.values(headers)), note, open };
}

export const echoes = defineTask('secret.echoes', { kwargs: unmarked, run: echo });
export const echoesInline = defineTask('secret.echoes.inline', {
  kwargs: unmarked,
  isolation: 'inline',
  run: echo,
});
