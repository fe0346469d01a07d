import { hostname } from 'node:os';
import { isIP } from 'node:net';
import { HttpError } from '../http-error.ts';

/** Methods by which a browser may send a request that another site made it send, without asking. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses requests that a browser sends because another site made it do so. Names of hosts that are not ours may lead here by
 * a trick of that site's name server: addresses, `localhost` and this host's name cannot.
 */
export class OriginCheck {
  readonly #names: ReadonlySet<string>;

  /** @param names by which clients reach the server beside those that it has by itself */
  constructor(names: readonly string[]) {
    this.#names = new Set(['localhost', hostname(), ...names].map((name) => name.toLowerCase()));
  }

  /** @throws HttpError 421 HOST_NOT_ALLOWED, or 403 FOREIGN_ORIGIN */
  check(method: string, header: (name: string) => string | undefined): void {
    const host = header('host') ?? '';
    const name = hostOf(`http://${host}`);
    if (name === undefined || (!this.#names.has(name) && !isAddress(name))) {
      throw new HttpError(421, 'HOST_NOT_ALLOWED', 'this server does not go by the name in Host', {
        remedy: 'Start it with `pulp server --allow-host NAME` for each name by which clients reach it.',
      });
    }
    if (SAFE_METHODS.has(method)) return;
    const origin = header('origin');
    const site = header('sec-fetch-site') ?? 'none';
    const isForeign = origin !== undefined && hostOf(origin) !== name;
    if (!isForeign && (site === 'none' || site === 'same-origin')) return;
    throw new HttpError(403, 'FOREIGN_ORIGIN', 'another site may not act here', {
      remedy: 'Send it from a page of this server, or from a program.',
    });
  }
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}
