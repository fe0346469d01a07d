import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions, SecureVersion } from 'node:tls';
import { addressError } from './address-error.ts';
import { isSocket, type Host } from './hosts.ts';
import { SSL_MODES, type ConnectionParameters } from './parameters.ts';

/** How to speak to a server: in the clear, or with these options of TLS. */
export type Encryption = false | ConnectionOptions;

/** Bits of the mode of a key's file that let others than its owner at it; root's may be read by its group. */
const OPEN_TO_OTHERS = 0o077;
const OPEN_TO_OTHERS_OF_ROOT = 0o037;

/**
 * The ways to speak to a host that `sslmode` allows, in the order to try them in.
 *
 * @throws PulpError INVALID_INPUT if a file that is needed cannot be used
 */
export function encryptionsFor(parameters: ConnectionParameters, host: Host): readonly Encryption[] {
  if (isSocket(host)) return [false];
  const mode = parameters.sslmode ?? (parameters.sslrootcert === 'system' ? 'verify-full' : 'prefer');
  if (
    parameters.sslnegotiation === 'direct' &&
    SSL_MODES.indexOf(mode as 'require') < SSL_MODES.indexOf('require')
  ) {
    throw addressError(
      `sslnegotiation=direct does not go with sslmode=${mode}`,
      'Write sslmode=require or above.',
    );
  }
  if (mode === 'disable') return [false];
  const encrypted = tlsOptions(parameters, mode, host);
  if (mode === 'allow') return [false, encrypted];
  return mode === 'prefer' ? [encrypted, false] : [encrypted];
}

function tlsOptions(parameters: ConnectionParameters, mode: string, host: Host): ConnectionOptions {
  const { sslsni, ssl_min_protocol_version: min, ssl_max_protocol_version: max, sslcrl } = parameters;
  return {
    ...checks(parameters, mode),
    ...ownCertificate(parameters),
    ...(sslcrl !== undefined && { crl: readPem(sslcrl, 'sslcrl') }),
    minVersion: (min ?? 'TLSv1.2') as SecureVersion,
    ...(max !== undefined && { maxVersion: max as SecureVersion }),
    host: host.name, // whose certificate is asked for, also where its address was given beside
    ...(sslsni !== '0' && host.name !== host.target && { servername: host.name }),
  };
}

/** What is checked of the server's certificate. As in libpq, whoever names an authority to `require` has it checked. */
function checks({ sslrootcert }: ConnectionParameters, mode: string): ConnectionOptions {
  if (sslrootcert === 'system') {
    if (mode === 'verify-full') return {};
    throw addressError(
      `sslrootcert=system does not go with sslmode=${mode}: with the authorities of the system, anybody could have a certificate`,
      'Write sslmode=verify-full, or leave it out.',
    );
  }
  const file = sslrootcert ?? ofUser('root.crt');
  const isChecked = mode.startsWith('verify') || (mode === 'require' && existsSync(file));
  if (!isChecked) return { rejectUnauthorized: false };
  if (!existsSync(file)) {
    throw addressError(
      `sslmode=${mode} needs the certificate of an authority, and there is none at ${file}`,
      'Name its file by sslrootcert; write sslrootcert=system for the authorities that Node trusts; or sslmode=require to check nothing.',
    );
  }
  const ca = readPem(file, 'sslrootcert');
  return mode === 'verify-full' ? { ca } : { ca, checkServerIdentity: () => undefined };
}

/** The certificate by which the client proves who it is, where there is one. */
function ownCertificate({ sslcert, sslkey, sslpassword }: ConnectionParameters): ConnectionOptions {
  const certFile = sslcert ?? ofUser('postgresql.crt');
  if (sslcert === undefined && !existsSync(certFile)) return {};
  const keyFile = sslkey ?? ofUser('postgresql.key');
  const key = readPem(keyFile, 'sslkey');
  const { mode, uid } = statSync(keyFile);
  const open = uid === 0 ? OPEN_TO_OTHERS_OF_ROOT : OPEN_TO_OTHERS;
  if (process.platform !== 'win32' && (mode & open) !== 0) {
    throw addressError(`the key ${keyFile} has group or world access`, `Run \`chmod 600 ${keyFile}\`.`);
  }
  return {
    cert: readPem(certFile, 'sslcert'),
    key,
    ...(sslpassword !== undefined && { passphrase: sslpassword }),
  };
}

function ofUser(file: string): string {
  return join(homedir(), '.postgresql', file);
}

function readPem(path: string, parameter: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw addressError(
      `${parameter}: cannot read ${path}: ${(error as Error).message}`,
      'Check the path.',
      error,
    );
  }
}
