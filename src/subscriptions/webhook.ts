import { createHmac } from 'node:crypto';
import { isIP } from 'node:net';
import { deferredModule } from '../deferred-module.ts';
import { keyOf } from './webhook-secret.ts';
import type { WebhookNetworks } from './webhook-networks.ts';

const http = deferredModule('node:http') as () => typeof import('node:http');
const https = deferredModule('node:https') as () => typeof import('node:https');

/** For how long a receiver may take to answer, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** How much of an answer that refuses is read, and how much of that is told, in bytes. */
const READ_BYTES = 4096;
const TOLD_BYTES = 200;

const NO_TLS =
  'what listens there does not speak TLS: give the port that does, or a URL that begins with http:';

/** A message to a webhook. */
export interface WebhookMessage {
  readonly url: string;
  readonly secret: string;
  /** The same for each try to send the same. */
  readonly id: string;
  readonly body: string;
}

/**
 * Sends a message, signed as the Standard Webhooks say: HMAC-SHA256 of its id, the time and the body. It was taken if the answer
 * has a status of 2xx. Redirects are not followed, and of the answer no more is read than is told.
 *
 * @throws Error that says why it was not taken
 */
export async function sendWebhook(
  { url, secret, id, body }: WebhookMessage,
  networks: WebhookNetworks,
  { signal, timeoutMs = TIMEOUT_MS }: { readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<void> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0) networks.check(host);
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64');
  const overdue = AbortSignal.timeout(timeoutMs);
  const ending = AbortSignal.any([signal, overdue]);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const request = (target.protocol === 'https:' ? https() : http()).request;
  const sent = request(target, {
    method: 'POST',
    agent: false,
    lookup: networks.lookup,
    signal: ending,
    headers: {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'User-Agent': 'pulp-tasking',
      'Webhook-Id': id,
      'Webhook-Timestamp': timestamp,
      'Webhook-Signature': `v1,${signature}`,
    },
  });
  sent.on('error', (error) => {
    reject(speaksNoTls(error) ? new Error(NO_TLS, { cause: error }) : error);
  });
  sent.once('upgrade', ({ statusCode }, socket) => {
    socket.destroy();
    reject(new Error(`it answered ${statusCode}`));
  });
  const unanswered = () => {
    reject(new Error('the connection was closed before it answered'));
  };
  sent.once('close', unanswered);
  let giveUp = () => {
    reject(
      overdue.aborted
        ? new Error(`it did not answer within ${timeoutMs / 1000} s`)
        : (signal.reason as Error),
    );
  };
  // Of a request that was destroyed before, nothing is told.
  ending.addEventListener('abort', () => {
    giveUp();
  });
  sent.once('response', (response) => {
    const { statusCode: status = 0 } = response;
    sent.off('close', unanswered);
    response.on('error', () => undefined); // the answer may break off where we do not read it
    if (status >= 200 && status < 300) {
      resolve();
      sent.destroy();
      return;
    }
    let text = '';
    const refuse = () => {
      const told = text
        .replaceAll(/[\s\0]+/g, ' ')
        .trim()
        .slice(0, TOLD_BYTES);
      const why = status >= 300 && status < 400 ? ', and redirects are not followed' : told && `: ${told}`;
      reject(new Error(`it answered ${status}${why}`));
      sent.destroy();
    };
    giveUp = refuse; // a body that does not end is no reason to keep the status back
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      text += part;
      if (text.length > READ_BYTES) refuse();
    });
    response.once('end', refuse).once('error', refuse).once('close', refuse);
  });
  sent.end(body);
  return promise;
}

/** Whether OpenSSL took what it was answered for no message of TLS. */
function speaksNoTls(error: Error): boolean {
  return /:(wrong version number|http request|packet length too long):/.test(error.message);
}
