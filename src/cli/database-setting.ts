import { PulpError } from '../errors.ts';
import { isPostgresUrl, namedDatabaseUrl } from '../postgres/database-url.ts';

/**
 * Checks what `DATABASE_URL` says, before anything uses it.
 *
 * @throws PulpError INVALID_INPUT if it is no address of a Postgres database
 */
export function checkDatabaseUrl(): void {
  const url = namedDatabaseUrl();
  if (url === undefined || isPostgresUrl(url)) return;
  throw new PulpError('INVALID_INPUT', 'DATABASE_URL is no address of a Postgres database', {
    remedy:
      'Write it as postgresql://user:password@host:5432/database, or unset it to use the embedded server.',
    exitCode: 2,
  });
}

/**
 * Refuses what concerns the embedded server while `DATABASE_URL` names another one.
 *
 * @throws PulpError NOT_EMBEDDED
 */
export function requireEmbedded(): void {
  if (namedDatabaseUrl() === undefined) return;
  throw new PulpError(
    'NOT_EMBEDDED',
    'DATABASE_URL names a server, which is not started and stopped from here',
    {
      remedy: 'Unset DATABASE_URL to deal with the embedded server.',
      exitCode: 2,
    },
  );
}
