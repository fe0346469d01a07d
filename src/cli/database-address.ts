import { resolveParameters } from '../postgres/address/resolve.ts';
import type { ConnectionParameters } from '../postgres/address/parameters.ts';
import { formatUri } from '../postgres/address/uri.ts';

/** The address of a database for programs of others: without what only our clients take. */
export function plainAddress(address: string): string {
  const { require_auth: _, ...parameters } = resolveParameters(address);
  return formatUri(parameters);
}

/** The same, without what is secret: for people, and for command lines, which all users of a machine can see. */
export function addressWithoutPassword(address: string): string {
  const { password: _, sslpassword: __, require_auth: ___, ...parameters } = resolveParameters(address);
  return formatUri(parameters);
}

/** What psql and other programs of libpq take from their environment, which only their user can see. */
export function secretEnvironment(address: string): NodeJS.ProcessEnv {
  const { password, require_auth: required }: ConnectionParameters = resolveParameters(address);
  return {
    ...(password !== undefined && { PGPASSWORD: password }),
    ...(required !== undefined && { PGREQUIREAUTH: required }),
  };
}

/** Which database it is, for a log: nothing of it is secret. */
export function databaseFacts(address: string): Readonly<Record<string, string>> {
  const { host, hostaddr, port, dbname = '', user = '' } = resolveParameters(address);
  return {
    host: host ?? hostaddr ?? '',
    ...(port !== undefined && { port }),
    database: dbname,
    user,
  };
}
