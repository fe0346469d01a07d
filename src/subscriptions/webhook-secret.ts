import { randomBytes } from 'node:crypto';
import { PulpError } from '../errors.ts';
import { asEnvelope, open, seal, type Envelope, type SecretContext } from '../secrets/envelope.ts';
import { keyRing } from '../secrets/key-ring.ts';

/** A secret of webhooks as the Standard Webhooks write it: `whsec_` and 24 to 64 bytes in base64. */
const SECRET = /^whsec_([A-Za-z0-9+/]{32,86}={0,2})$/;

const NEW_BYTES = 32;

/** A secret that nobody else has. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(NEW_BYTES).toString('base64')}`;
}

/** The key that a secret stands for. @throws PulpError INVALID_INPUT if it is none */
export function keyOf(secret: string): Buffer {
  const [, base64 = ''] = SECRET.exec(secret) ?? [];
  const key = Buffer.from(base64, 'base64');
  if (key.length < 24 || key.length > 64) {
    throw new PulpError('INVALID_INPUT', 'secret: is no secret of webhooks', {
      remedy: 'Give whsec_ and 24 to 64 random bytes in base64, or none: then one is made.',
      exitCode: 2,
    });
  }
  return key;
}

/** A secret as it is stored: encrypted, where there are keys for secrets. @throws PulpError BAD_SECRET_KEYS */
export function sealWebhookSecret(secret: string, name: string, realm: string): string | Envelope {
  try {
    return seal(secret, contextOf(name, realm), keyRing());
  } catch (error) {
    if (error instanceof PulpError && error.code === 'NO_SECRET_KEYS') return secret;
    throw error;
  }
}

/** The secret that is stored. @throws PulpError NO_SECRET_KEYS, NO_SECRET_KEY or SECRET_UNREADABLE */
export function openWebhookSecret(stored: unknown, name: string, realm: string): string {
  const envelope = asEnvelope(stored);
  const secret = envelope === undefined ? stored : open(envelope, contextOf(name, realm), keyRing());
  if (typeof secret === 'string') return secret;
  throw new PulpError('NO_WEBHOOK_SECRET', `subscription ${name} has no secret any more`, {
    remedy: 'Delete it, and make it anew from where it was.',
  });
}

function contextOf(name: string, realm: string): SecretContext {
  return { type: 'pulp.webhook', task: name, path: ['secret'], realm, others: '' };
}
