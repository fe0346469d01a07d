import { PulpError } from '../errors.ts';
import { namingVariable } from '../postgres/address/resolve.ts';

/**
 * Refuses what concerns the embedded server while the environment names another one.
 *
 * @throws PulpError NOT_EMBEDDED
 */
export function requireEmbedded(): void {
  const variable = namingVariable(process.env);
  if (variable === undefined) return;
  throw new PulpError(
    'NOT_EMBEDDED',
    `${variable} names a server, which is not started and stopped from here`,
    {
      remedy: `Unset ${variable} to deal with the embedded server.`,
      exitCode: 2,
    },
  );
}
