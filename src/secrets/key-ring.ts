import { createSecretKey, type KeyObject } from 'node:crypto';
import { PulpError } from '../errors.ts';

/** The environment variable that holds the keys: `NAME:BASE64,…`, the one that encrypts first. */
const VARIABLE = 'PULP_SECRET_KEYS';

const KEY_BYTES = 32;

const ENTRY = /^([A-Za-z0-9_.-]{1,64}):([A-Za-z0-9+/]{43}=)$/;

const REMEDY = `Set ${VARIABLE} to NAME:KEY, where KEY is 32 random bytes in base64 (\`openssl rand -base64 32\`), for callers and workers alike. With several, separated by commas, the first one encrypts and all decrypt.`;

/** A key and the name that envelopes know it by. */
export interface SecretKey {
  readonly name: string;
  readonly key: KeyObject;
}

/** The keys of this process. */
export interface KeyRing {
  /** What new secrets are encrypted with. */
  readonly current: SecretKey;
  readonly byName: ReadonlyMap<string, KeyObject>;
}

let read: { readonly text: string; readonly ring: KeyRing } | undefined;

/**
 * The keys that the environment names; it is read anew when it has changed.
 *
 * @throws PulpError NO_SECRET_KEYS if it names none, BAD_SECRET_KEYS if they cannot be read
 */
export function keyRing(): KeyRing {
  const text = setting();
  if (read?.text !== text) read = { text, ring: parse(text) };
  return read.ring;
}

/** @throws PulpError BAD_SECRET_KEYS if the environment names keys that cannot be read; none are fine */
export function checkKeys(): void {
  if (setting() !== '') keyRing();
}

/** Why secrets cannot be decrypted in this process; undefined: there are keys. */
export function keysProblem(): string | undefined {
  try {
    keyRing();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function setting(): string {
  return process.env[VARIABLE]?.trim() ?? '';
}

function parse(text: string): KeyRing {
  if (text === '') {
    throw new PulpError('NO_SECRET_KEYS', 'there are no keys for secrets', { remedy: REMEDY, exitCode: 2 });
  }
  const keys = text.split(',').map((entry, index): SecretKey => {
    const [, name, base64 = ''] = ENTRY.exec(entry.trim()) ?? [];
    const bytes = Buffer.from(base64, 'base64');
    // Nothing of what stands there is shown: it may be a key.
    if (name === undefined || bytes.length !== KEY_BYTES) throw unusable(`entry ${index + 1} is no NAME:KEY`);
    return { name, key: createSecretKey(bytes) };
  });
  const byName = new Map(keys.map(({ name, key }) => [name, key]));
  if (byName.size < keys.length) throw unusable('two keys have one name');
  const [current] = keys;
  if (current === undefined) throw unusable('it is empty');
  return { current, byName };
}

function unusable(problem: string): PulpError {
  return new PulpError('BAD_SECRET_KEYS', `${VARIABLE}: ${problem}`, { remedy: REMEDY, exitCode: 2 });
}
