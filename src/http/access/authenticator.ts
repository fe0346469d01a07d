import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Log } from '../../log.ts';
import { HttpError } from '../http-error.ts';
import { FailureLimit } from './failure-limit.ts';
import type { Caller } from './rights.ts';
import { readToken } from './token.ts';

/** For how long a token that was good is taken for good, in milliseconds: so soon a revocation counts for requests. */
const TRUSTED_MS = 4000;

/** How many callers are kept in mind. */
const CALLERS = 10_000;

/** What a browser or client is told to log in by. */
const CHALLENGES = 'Basic realm="pulp", charset="UTF-8", Bearer realm="pulp"';

const NO_TOKEN = 'this token is none, was revoked, or is not of this user';

/** Finds out who makes a request, by the header `Authorization`. */
export class Authenticator {
  readonly #everybody: Caller | undefined;
  readonly #log: Log;
  readonly #failures = new FailureLimit();
  /** By the digest of what was sent, which is kept nowhere. */
  readonly #trusted = new Map<string, { readonly caller: Caller; readonly until: number }>();
  /** The looks into the database that are under way, each for all who ask for the same. */
  readonly #looks = new Map<string, Promise<Caller | undefined>>();
  /** Tokens are for the server itself to read, on whoever's behalf this is called. */
  readonly #asServer = AsyncLocalStorage.snapshot();

  /** @param everybody who everybody is, where nobody has to say it */
  constructor(everybody: Caller | undefined, log: Log) {
    this.#everybody = everybody;
    this.#log = log;
  }

  /** Whether callers have to say who they are. */
  get isRequired(): boolean {
    return this.#everybody === undefined;
  }

  /**
   * Who makes a request: by a token, as it is (`Bearer`) or as the password of the user that it was made for (`Basic`).
   *
   * @throws HttpError 401 NOT_AUTHENTICATED, or 429 TOO_MANY_FAILURES to an address that has failed too often
   */
  async identify(authorization: string | undefined, address: string): Promise<Caller> {
    if (this.#everybody !== undefined) return this.#everybody;
    if (authorization === undefined) throw unauthenticated('this needs a token');
    const key = keyOf(authorization);
    const known = this.#known(key);
    if (known !== undefined) return known;
    const waitMs = this.#failures.waitMs(address);
    if (waitMs > 0) throw tooManyFailures(waitMs);
    const caller = await this.#look(key, authorization);
    if (caller !== undefined) return caller;
    this.#failures.add(address);
    this.#log.warn({ address }, 'somebody failed to say who they are');
    throw unauthenticated(NO_TOKEN);
  }

  /**
   * Who made a request that was let in, by now: whatever others of the same address fail by meanwhile.
   *
   * @throws HttpError 401 NOT_AUTHENTICATED if the token has expired or was revoked
   */
  async confirm(authorization: string | undefined): Promise<Caller> {
    if (this.#everybody !== undefined) return this.#everybody;
    if (authorization === undefined) throw unauthenticated(NO_TOKEN);
    const key = keyOf(authorization);
    const caller = this.#known(key) ?? (await this.#look(key, authorization));
    if (caller === undefined) throw unauthenticated(NO_TOKEN);
    return caller;
  }

  #known(key: string): Caller | undefined {
    const known = this.#trusted.get(key);
    return known !== undefined && known.until > performance.now() ? known.caller : undefined;
  }

  #look(key: string, authorization: string): Promise<Caller | undefined> {
    const underway = this.#looks.get(key);
    if (underway !== undefined) return underway;
    const look = this.#asServer(() => callerOf(authorization))
      .then((caller) => {
        if (caller !== undefined) this.#trust(key, caller);
        return caller;
      })
      .finally(() => this.#looks.delete(key));
    this.#looks.set(key, look);
    return look;
  }

  #trust(key: string, caller: Caller): void {
    this.#trusted.delete(key);
    this.#trusted.set(key, { caller, until: performance.now() + TRUSTED_MS });
    const [oldest] = this.#trusted.keys();
    if (this.#trusted.size > CALLERS && oldest !== undefined) this.#trusted.delete(oldest);
  }
}

function keyOf(authorization: string): string {
  return createHash('sha256').update(authorization).digest('base64');
}

async function callerOf(authorization: string): Promise<Caller | undefined> {
  const [, scheme = '', credentials = ''] = /^([A-Za-z]+) +(\S+)$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return readToken(credentials);
    case 'basic': {
      const decoded = Buffer.from(credentials, 'base64').toString('utf8');
      const colon = decoded.indexOf(':');
      const caller = colon === -1 ? undefined : await readToken(decoded.slice(colon + 1));
      return caller !== undefined && isSame(caller.actor, decoded.slice(0, colon)) ? caller : undefined;
    }
    default:
      return undefined;
  }
}

function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function unauthenticated(problem: string): HttpError {
  return new HttpError(401, 'NOT_AUTHENTICATED', problem, {
    remedy:
      'Make a token by `pulp token create`; send it as `Authorization: Bearer TOKEN`, or as the password of its user.',
    headers: { 'WWW-Authenticate': CHALLENGES },
  });
}

function tooManyFailures(waitMs: number): HttpError {
  const seconds = Math.ceil(waitMs / 1000);
  return new HttpError(
    429,
    'TOO_MANY_FAILURES',
    'too many requests with wrong tokens came from this address',
    {
      remedy: `Wait ${seconds} s, and check the token.`,
      headers: { 'Retry-After': String(seconds) },
    },
  );
}
