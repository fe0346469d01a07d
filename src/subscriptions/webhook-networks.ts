import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';
import { PulpError } from '../errors.ts';
import { hostAddresses } from './host-addresses.ts';

/** The environment variable that names networks to which webhooks may be sent though they are not public: `10.0.0.0/8,…`. */
const VARIABLE = 'PULP_WEBHOOK_NETWORKS';

/** Addresses of version 4 that are no public host's. */
const SPECIAL = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];

/** Of version 6 those are public, but for what is for documents, or leads to addresses of version 4. */
const PUBLIC_6 = ['2000::/3'];
const SPECIAL_6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const special = listOf(SPECIAL);
const public6 = listOf(PUBLIC_6);
const special6 = listOf(SPECIAL_6);

/** To which addresses webhooks may be sent. */
export class WebhookNetworks {
  readonly #allowed: BlockList;
  readonly #addressesOf: typeof hostAddresses;

  /**
   * @param addressesOf finds those of a host
   * @throws PulpError INVALID_INPUT if the environment names something else than networks
   */
  constructor(text = process.env[VARIABLE] ?? '', addressesOf = hostAddresses) {
    this.#addressesOf = addressesOf;
    const named = text.split(',').map((part) => part.trim());
    try {
      this.#allowed = listOf(named.filter((part) => part !== ''));
    } catch {
      throw new PulpError('INVALID_INPUT', `${VARIABLE}: is no list of networks`, {
        remedy: 'Give such as 10.0.0.0/8,fd00::/8.',
        exitCode: 2,
      });
    }
  }

  /** @throws PulpError ADDRESS_NOT_PUBLIC */
  check(address: string): void {
    if (!this.#isAllowed(address)) throw notPublic(address);
  }

  /** Finds the addresses of a host, of those that are allowed: whatever its name leads to, nothing else is connected to. */
  readonly lookup: LookupFunction = (host, options, done) => {
    void this.#addressesOf(host).then(
      (found) => {
        const allowed = found.filter(({ address }) => this.#isAllowed(address));
        const [first] = allowed;
        if (first === undefined) done(notPublic(host), []);
        else if (options.all === true) done(null, allowed);
        else done(null, first.address, first.family);
      },
      (error: unknown) => {
        done(error as Error, []);
      },
    );
  };

  #isAllowed(address: string): boolean {
    if (isIP(address) === 0) return false;
    if (!isIPv6(address)) return !special.check(address) || this.#allowed.check(address);
    const isPublic = public6.check(address, 'ipv6') && !special6.check(address, 'ipv6');
    return isPublic || this.#allowed.check(address, 'ipv6');
  }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [, address = '', prefix] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(network) ?? [];
    list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
}

function notPublic(host: string): PulpError {
  return new PulpError('ADDRESS_NOT_PUBLIC', `${host} is not on a public network`, {
    remedy: `Where webhooks may be sent there, name its network in ${VARIABLE} of the workers that can lead.`,
  });
}
