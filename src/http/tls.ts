import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { PulpError } from '../errors.ts';

/** How often to look whether the files have changed, in milliseconds. */
const LOOK_MS = 10_000;

/** Where the certificate of a server is, with those that lead to an authority after it, and its key; both in PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** What they hold. */
export interface TlsIdentity {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Reads the files and checks that they are of use now.
 *
 * @throws PulpError TLS_UNUSABLE
 */
export function readTlsFiles(files: TlsFiles): TlsIdentity {
  const identity = { cert: read(files.cert), key: read(files.key) };
  const certificate = understood(files.cert, 'certificate', () => new X509Certificate(identity.cert));
  const key = understood(files.key, 'private key', () => createPrivateKey(identity.key));
  if (!certificate.checkPrivateKey(key)) {
    throw unusable(
      `${files.key} is not the key of the certificate in ${files.cert}`,
      'Give the key that it was made with.',
    );
  }
  const now = Date.now();
  if (now < certificate.validFromDate.getTime() || now > certificate.validToDate.getTime()) {
    throw unusable(
      `the certificate in ${files.cert} is valid from ${certificate.validFromDate.toISOString()} to ${certificate.validToDate.toISOString()}`,
      'Renew it, or set the clock of this machine.',
    );
  }
  understood(files.cert, 'certificate', () => createSecureContext(identity));
  return identity;
}

/** Has a server take a new certificate when its files change, or when it is told to; one that is of no use changes nothing. */
export class TlsRenewal implements Disposable {
  readonly #server: Server;
  readonly #files: TlsFiles;
  readonly #log: Logger;
  readonly #look = () => {
    this.renew();
  };

  constructor(server: Server, files: TlsFiles, log: Logger) {
    this.#server = server;
    this.#files = files;
    this.#log = log;
    for (const file of [files.cert, files.key])
      watchFile(file, { interval: LOOK_MS, persistent: false }, this.#look);
  }

  /** Reads the files again. */
  renew(): void {
    try {
      this.#server.setSecureContext(readTlsFiles(this.#files));
      this.#log.info('the certificate was read again');
    } catch (error) {
      this.#log.error({ err: error }, 'the new certificate is of no use, and the old one is kept');
    }
  }

  [Symbol.dispose](): void {
    for (const file of [this.#files.cert, this.#files.key]) unwatchFile(file, this.#look);
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw unusable(
      `cannot read ${file}: ${(error as Error).message}`,
      'Name a file that this user can read.',
      error,
    );
  }
}

function understood<Made>(file: string, what: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    const reason = (error as Error).message;
    throw unusable(
      `${file} holds no ${what} that can be used: ${reason}`,
      'Give it in PEM, a key without a passphrase.',
      error,
    );
  }
}

function unusable(message: string, remedy: string, cause?: unknown): PulpError {
  return new PulpError('TLS_UNUSABLE', message, { remedy, exitCode: 2, cause });
}
