import { createCipheriv, createDecipheriv, createHmac, hkdfSync, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { PulpError } from '../errors.ts';
import type { KeyRing } from './key-ring.ts';

/** Where a secret belongs; it cannot be opened elsewhere. */
export interface SecretContext {
  /** The task type's name. */
  readonly type: string;
  /** The task's id, in lower case. */
  readonly task: string;
  /** From `{ args, kwargs }` to the secret. */
  readonly path: readonly (string | number)[];
  /** The database, see `secretRealm`. */
  readonly realm: string;
  /** What the other arguments of the task are, see `digestOf`. */
  readonly others: string;
}

/** What is bound to what: envelopes of version 1 are bound neither to a database nor to the other arguments. */
const VERSION = 2;

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

const envelope = z.strictObject({
  $secret: z.strictObject({
    v: z.literal(VERSION).optional(),
    key: z.string(),
    iv: z.base64(),
    data: z.base64(),
  }),
});

/** A secret as it is stored: the name of its key, and the ciphertext with its tag at the end. */
export type Envelope = z.infer<typeof envelope>;

/** The envelope that a value is, or undefined if it is something else. */
export function asEnvelope(value: unknown): Envelope | undefined {
  if (typeof value !== 'object' || value === null || !('$secret' in value)) return undefined;
  return envelope.safeParse(value).data;
}

/**
 * Encrypts a secret (JSON). The same secret of the same task at the same place gives the same envelope as long as the key
 * is the same, so that a task that is enqueued twice under one id has the same content. Of different tasks or places,
 * envelopes have nothing in common: each has a key of its own, derived from the ring's, and an IV made of the secret.
 */
export function seal(secret: unknown, context: SecretContext, { current }: KeyRing): Envelope {
  const bound = bind(context, VERSION);
  const keys = deriveKeys(current.key, bound);
  const plain = Buffer.from(JSON.stringify(secret));
  const iv = createHmac('sha256', keys.iv).update(plain).digest().subarray(0, IV_BYTES);
  const cipher = createCipheriv(CIPHER, keys.cipher, iv, { authTagLength: TAG_BYTES }).setAAD(bound);
  const data = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return {
    $secret: { v: VERSION, key: current.name, iv: iv.toString('base64'), data: data.toString('base64') },
  };
}

/**
 * Decrypts a secret.
 *
 * @throws PulpError NO_SECRET_KEY if its key is not on the ring; SECRET_UNREADABLE if it or another argument was changed, it
 * was moved here from another database, task or place, or the key of that name is another
 */
export function open({ $secret }: Envelope, context: SecretContext, { byName }: KeyRing): unknown {
  const at = context.path.join('.');
  const key = byName.get($secret.key);
  if (key === undefined) {
    throw new PulpError('NO_SECRET_KEY', `${at}: is encrypted with key ${$secret.key}, which is not here`, {
      remedy:
        'Add this key to PULP_SECRET_KEYS of the worker; then enqueue the task anew. A key is wanted as long as tasks that were enqueued with it.',
    });
  }
  const bound = bind(context, $secret.v);
  const data = Buffer.from($secret.data, 'base64');
  const iv = Buffer.from($secret.iv, 'base64');
  try {
    const decipher = createDecipheriv(CIPHER, deriveKeys(key, bound).cipher, iv, {
      authTagLength: TAG_BYTES,
    }).setAAD(bound);
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    const plain = Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]);
    return JSON.parse(plain.toString()) as unknown;
  } catch {
    // The reason is not kept: it may quote what was decrypted.
    throw new PulpError('SECRET_UNREADABLE', `${at}: cannot be decrypted with key ${$secret.key}`, {
      remedy:
        'It or another argument was changed, or it belongs to another task, argument or database, or PULP_SECRET_KEYS has another key of this name: correct that and enqueue the task anew.',
    });
  }
}

/** What an envelope is bound to, without ambiguity. */
function bind({ type, task, path, realm, others }: SecretContext, version: Envelope['$secret']['v']): Buffer {
  return Buffer.from(
    JSON.stringify(version === undefined ? [type, task, path] : [type, task, path, realm, others]),
  );
}

/** The keys of one place of one task: so an IV need be unique only among the secrets that are tried there. */
function deriveKeys(key: KeyObject, bound: Buffer): { readonly cipher: Buffer; readonly iv: Buffer } {
  const bytes = Buffer.from(hkdfSync('sha256', key, bound, 'pulp-tasking secret', 64));
  return { cipher: bytes.subarray(0, 32), iv: bytes.subarray(32) };
}
