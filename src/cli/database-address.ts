/** The address of a database for programs of others: without what only our clients take. */
export function plainAddress(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  url.searchParams.delete('require_auth');
  return url.href;
}

/** The same, without its password: for people, and for command lines, which all users of a machine can see. */
export function addressWithoutPassword(address: string): string {
  if (!URL.canParse(address)) return '(not shown: it is no URL)';
  const url = new URL(plainAddress(address));
  url.password = '';
  url.searchParams.delete('password');
  return url.href;
}

/** What psql and other programs of libpq take from their environment, which only their user can see. */
export function secretEnvironment(address: string): NodeJS.ProcessEnv {
  const { password, searchParams } = new URL(address);
  const given = searchParams.get('password') ?? decodeURIComponent(password);
  const required = searchParams.get('require_auth');
  return {
    ...(given !== '' && { PGPASSWORD: given }),
    ...(required !== null && { PGREQUIREAUTH: required }),
  };
}

/** Which database it is, for a log: nothing of it is secret. */
export function databaseFacts(address: string): Readonly<Record<string, string>> {
  if (!URL.canParse(address)) return { address: addressWithoutPassword(address) };
  const { hostname, port, pathname, username, searchParams } = new URL(address);
  return {
    host: decodeURIComponent(hostname === '' ? (searchParams.get('host') ?? 'localhost') : hostname),
    ...(port !== '' && { port }),
    database: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
  };
}
