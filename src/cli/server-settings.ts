import { isIP } from 'node:net';
import { userInfo } from 'node:os';
import * as Flags from '@oclif/core/flags';
import { PulpError } from '../errors.ts';
import type { Caller } from '../http/access/rights.ts';
import type { TlsFiles } from '../http/tls.ts';

/** How a server is asked for on a command line. */
export const SERVER_FLAGS = {
  host: Flags.string({
    helpValue: 'ADDRESS',
    summary: 'The address to listen at; others than this host can reach it where it is not a loopback one.',
    default: '127.0.0.1',
  }),
  port: Flags.integer({
    helpValue: 'N',
    summary: 'The port to listen at; 0: any that is free.',
    default: 24817,
    min: 0,
    max: 65_535,
  }),
  'allow-host': Flags.string({
    helpValue: 'NAME',
    summary: 'A name by which clients reach it, beside localhost and that of this host; can be repeated.',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'no-auth': Flags.boolean({
    summary: 'Let everybody on this host do everything without a token; at a loopback address alone.',
  }),
  'tls-cert': Flags.string({
    helpValue: 'FILE',
    summary:
      'Serve by HTTPS, with the certificate in this file (PEM), and those that lead to an authority after it.',
    dependsOn: ['tls-key'],
  }),
  'tls-key': Flags.string({
    helpValue: 'FILE',
    summary: 'The key of the certificate (PEM).',
    dependsOn: ['tls-cert'],
  }),
};

/** What was given for `SERVER_FLAGS`. */
export interface ServerFlags {
  readonly host: string;
  readonly port: number;
  readonly 'allow-host'?: readonly string[] | undefined;
  readonly 'no-auth': boolean;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
}

/** What of a server's options is asked for on a command line. */
export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  readonly everybody: Caller | undefined;
  readonly hostNames: readonly string[];
  readonly tls?: TlsFiles;
}

/** @throws PulpError BAD_USAGE where others than this host could do everything */
export function serverSettings(flags: ServerFlags): ServerSettings {
  const { host, port, 'tls-cert': cert, 'tls-key': key } = flags;
  return {
    host,
    port,
    everybody: flags['no-auth'] ? everybodyHere(host) : undefined,
    hostNames: [...(isIP(host) === 0 ? [host] : []), ...(flags['allow-host'] ?? [])],
    ...(cert !== undefined && key !== undefined && { tls: { cert, key } }),
  };
}

/** Who everybody is, where nobody has to say it: whoever can reach a loopback address, and so is on this host. */
function everybodyHere(host: string): Caller {
  if (/^(127(\.\d+){3}|::1|localhost)$/.test(host)) return { actor: userInfo().username, role: 'operator' };
  throw new PulpError('BAD_USAGE', `--no-auth: others can reach ${host}`, {
    remedy: 'Leave it out and make tokens by `pulp token create`, or listen at 127.0.0.1.',
    exitCode: 2,
  });
}
