import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** How long name servers are waited for, in milliseconds: for less than a receiver may take. */
const PATIENCE_MS = 10_000;

/** How long one name server is waited for before the next is asked, in milliseconds, and how often each is asked. */
const SERVER_MS = 2000;
const TRIES = 2;

/** What name servers say of a name that there is not, or that has no address of this kind. */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA']);

/** What they say if they cannot tell: another name may be known to them all the same. */
const REFUSALS = new Set(['ESERVFAIL', 'EREFUSED', 'EBADNAME', 'EFORMERR', 'ENOTIMP']);

/** Where names of hosts stand. */
export interface NameSources {
  /** A file as hosts(5) describes it. */
  readonly hostsFile?: string;
  /** A file as resolv.conf(5) describes it: of name servers, and of domains in which short names are looked for. */
  readonly resolverFile?: string;
  /** Name servers in place of those of the system, such as `192.0.2.1:53`. */
  readonly servers?: readonly string[];
}

/**
 * The addresses of a host: those of the hosts file, else what the name servers say, those of version 4 first.
 *
 * Not by getaddrinfo, of which a process has two calls under way at most and which nothing ends: two names whose servers do not
 * answer would keep everything else of the worker from being looked up, its database, too. So what is configured beside these files
 * (nsswitch.conf) is not heeded. No thread of the pool takes part; both files are small and local, and are read at once.
 *
 * @throws Error that says why there are none
 */
export async function hostAddresses(
  host: string,
  { hostsFile = '/etc/hosts', resolverFile = '/etc/resolv.conf', servers }: NameSources = {},
): Promise<readonly LookupAddress[]> {
  const listed = listedAddresses(host, textOf(hostsFile));
  if (listed.length > 0) return listed;
  const resolver = new Resolver({ timeout: SERVER_MS, tries: TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  const deadline = setTimeout(() => {
    resolver.cancel();
  }, PATIENCE_MS);
  try {
    return await servedAddresses(host, namesToTry(host, textOf(resolverFile)), resolver);
  } finally {
    clearTimeout(deadline);
  }
}

/** What name servers say of the first of these names that they know. */
async function servedAddresses(
  host: string,
  names: readonly string[],
  resolver: Resolver,
): Promise<readonly LookupAddress[]> {
  let code = 'ENOTFOUND';
  for (const name of names) {
    const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const found = [...ofFamily(four, 4), ...ofFamily(six, 6)];
    if (found.length > 0) return found;
    code = codeOf(four, six);
    if (!NOTHING.has(code) && !REFUSALS.has(code)) break; // nobody answers: not of other names either
  }
  if (NOTHING.has(code)) throw new Error(`no address is known of ${host}`);
  if (REFUSALS.has(code)) throw new Error(`the name servers cannot tell the address of ${host} (${code})`);
  throw new Error(`no name server answers for ${host}`);
}

function ofFamily(answer: PromiseSettledResult<string[]>, family: 4 | 6): readonly LookupAddress[] {
  return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : [];
}

/** Why there is no address of either kind: what tells more than that there is none comes first. */
function codeOf(...answers: readonly PromiseSettledResult<string[]>[]): string {
  const codes = answers.flatMap((answer) =>
    answer.status === 'rejected' ? [(answer.reason as NodeJS.ErrnoException).code ?? 'UNKNOWN'] : [],
  );
  return codes.find((code) => !NOTHING.has(code)) ?? 'ENOTFOUND';
}

/** The addresses that a hosts file has of a host. */
function listedAddresses(host: string, hosts: string): readonly LookupAddress[] {
  return fieldsOf(hosts).flatMap(([address = '', ...names]) =>
    isIP(address) !== 0 && names.some((name) => name.toLowerCase() === host.toLowerCase())
      ? [{ address, family: isIP(address) }]
      : [],
  );
}

/** The names that a name stands for: in each domain that is searched too, first or last by how many dots it has. */
function namesToTry(host: string, resolverConfiguration: string): readonly string[] {
  if (host.endsWith('.')) return [host];
  let domains: readonly string[] = [];
  let dots = 1;
  for (const [key, ...values] of fieldsOf(resolverConfiguration)) {
    if (key === 'search' || key === 'domain') domains = values;
    if (key !== 'options') continue;
    for (const value of values) dots = Number(/^ndots:(\d+)$/.exec(value)?.[1] ?? dots);
  }
  const searched = domains.filter((domain) => domain !== '.').map((domain) => `${host}.${domain}`);
  return host.split('.').length > dots ? [host, ...searched] : [...searched, host];
}

function fieldsOf(text: string): readonly (readonly string[])[] {
  return text.split('\n').map((line) =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  );
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // a host without it has no such names
  }
}
