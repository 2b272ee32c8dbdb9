import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import { createLookup, isLocalhost, type Lookup } from './lookup.ts';
import { hostOf, parseTarget, RefusedTarget } from './target.ts';

/**
 * Decides which addresses webhooks may reach: public ones, and what OUTBOUND_ALLOWED_NETWORKS lists. Names are judged
 * by the addresses they resolve to, at the moment of the call.
 */
export interface AddressGuard {
  /** True for a public unicast address, or one in the allowed networks. */
  allows(address: string): boolean;
  /** Every address of the URL's host, all of them allowed. Throws RefusedTarget, or the look-up's error. */
  addressesOf(url: URL): Promise<string[]>;
  /**
   * For use when a URL is saved: what is wrong with it, fit to be a field error, or null. A name that does not resolve
   * within two seconds passes, since it may yet be set up; it is judged again at every call.
   */
  refusalOf(url: string): Promise<string | null>;
}

export interface AddressGuardOptions {
  /** CIDR networks or single addresses. */
  allowedNetworks: string[];
  lookup?: Lookup;
  /** The addresses of this machine, now. */
  ownAddresses?: () => string[];
}

const lookupTimeAtSave = 2_000;

/**
 * Where clouds tell a machine its own credentials: AWS, Google, Azure and others, AWS over IPv6, Azure's platform,
 * Alibaba, Oracle. A network that contains one does not open it; it has to be listed by itself.
 */
const metadataServices = new Set([
  '169.254.169.254',
  '169.254.170.2',
  'fd00:ec2::254',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
]);

/** Public IPv6 unicast, the only part that is handed out; the old and the embedded forms lie outside. */
const globalUnicast = ipaddr.parseCIDR('2000::/3');

/** Name spaces that exist only inside a network. */
const privateName = /(^|\.)(localhost|local|internal|intranet|lan|corp|private|home\.arpa)$/;

export function createAddressGuard(options: AddressGuardOptions): AddressGuard {
  const { allowedNetworks, lookup = createLookup(), ownAddresses = addressesOfThisMachine } = options;
  const networks = allowedNetworks.map((text) => {
    return text.includes('/') ? ipaddr.parseCIDR(text) : hostNetwork(ipaddr.parse(text));
  });

  const allows = (address: string) => {
    if (!ipaddr.isValid(address) || address.includes('%')) return false;
    const parsed = ipaddr.parse(address);
    // An IPv4 address in IPv6 clothes is listed as what it is, and never public.
    const plain = ipaddr.process(address);
    const text = plain.toString();
    const needsItself = metadataServices.has(text);
    const listed = networks.some(([network, bits]) => {
      if (network.kind() !== plain.kind()) return false;
      if (needsItself && bits < (plain.kind() === 'ipv4' ? 32 : 128)) return false;
      return (plain as ipaddr.IPv6).match(network as ipaddr.IPv6, bits);
    });
    // What listens on this machine may trust whoever comes from it, also where it comes to a public address.
    return listed || (isPublic(parsed) && !needsItself && !ownAddresses().some((own) => isSame(own, text)));
  };

  const addressesOf = async (url: URL) => {
    const host = hostOf(url);
    if (isIP(host) !== 0) {
      if (!allows(host)) throw new RefusedTarget('must not lead to a private or reserved address');
      return [host];
    }
    const addresses = await lookup(host);
    // Both addresses of this machine stand for one place: either may be listed.
    if (isLocalhost(host) && addresses.some(allows)) return addresses.filter(allows);
    // One refused address among public ones is refused whole: which one gets called would be left to chance.
    if (addresses.length === 0 || !addresses.every(allows))
      throw new RefusedTarget('must not lead to a private or reserved address');
    return addresses;
  };

  return {
    allows,
    addressesOf,
    async refusalOf(text) {
      try {
        const url = parseTarget(text);
        if (networks.length === 0 && privateName.test(hostOf(url)))
          return 'must not name a host inside a private network';
        await withinTime(addressesOf(url), lookupTimeAtSave);
        return null;
      } catch (error) {
        return error instanceof RefusedTarget ? error.message : null;
      }
    },
  };
}

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false;
  return !(address instanceof ipaddr.IPv6) || address.match(globalUnicast as [ipaddr.IPv6, number]);
}

function addressesOfThisMachine(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));
}

function isSame(address: string, text: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).toString() === text;
}

function hostNetwork(address: ipaddr.IPv4 | ipaddr.IPv6): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

async function withinTime<T>(work: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
