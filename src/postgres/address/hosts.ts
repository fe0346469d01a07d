import { addressError } from './address-error.ts';
import type { ConnectionParameters } from './parameters.ts';

/** A server that an address names. */
export interface Host {
  /** Its name, as a certificate has it, or the folder of its socket. */
  readonly name: string;
  /** Where to connect to: its name, or the address of the network that was given beside. */
  readonly target: string;
  readonly port: number;
}

export const DEFAULT_PORT = 5432;

/** Where libpq's builds expect the socket of a server on this machine. */
export const SOCKET_FOLDERS = ['/var/run/postgresql', '/run/postgresql', '/tmp'];

/**
 * The hosts of an address, in the order to try them in, which is by chance where it says so.
 *
 * @throws PulpError INVALID_INPUT if there are not as many ports, or addresses, as hosts
 */
export function hostsOf({ host, hostaddr, port, load_balance_hosts }: ConnectionParameters): readonly Host[] {
  const names = host?.split(',');
  const addresses = hostaddr?.split(',');
  const ports = port?.split(',') ?? [''];
  const count = (addresses ?? names ?? ['']).length;
  if ((names !== undefined && names.length !== count) || (ports.length !== 1 && ports.length !== count)) {
    throw addressError(
      `the address names ${count} hosts, and ${names?.length ?? 0} names and ${ports.length} ports for them`,
      'Give one port for all hosts, or one for each.',
    );
  }
  const hosts = Array.from({ length: count }, (_, index) => {
    const name = names?.[index] ?? '';
    const target = addresses?.[index] ?? '';
    const chosen = ports.length === 1 ? ports[0] : ports[index];
    const number = chosen === undefined || chosen === '' ? DEFAULT_PORT : Number(chosen);
    if (number < 1 || number > 65_535)
      throw addressError(`${number} is no port`, 'Give one from 1 to 65535.');
    const known = name === '' ? target || 'localhost' : name;
    return { name: known, target: target === '' ? known : target, port: number };
  });
  return load_balance_hosts === 'random' ? shuffled(hosts) : hosts;
}

/** Whether it is reached by a socket of the machine's own, which is never encrypted. */
export function isSocket({ target }: Host): boolean {
  return target.startsWith('/');
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}
