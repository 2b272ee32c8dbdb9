import { lookup as systemLookup, Resolver } from 'node:dns/promises';

/** Every address of a name; throws an error with a `code` such as ENOTFOUND or ETIMEOUT. */
export type Lookup = (hostname: string) => Promise<string[]>;

export interface LookupOptions {
  /** `address:port` of name servers to ask instead of the system's. */
  servers?: string[];
  /** For each of two tries. */
  timeoutMs?: number;
}

/**
 * Asks the name servers without blocking: the system's own look-up runs in a pool of four threads, where a few names
 * whose servers hang would hold up every other endpoint. It is asked only where DNS answers quickly that it does not
 * know, as for the names in /etc/hosts. `localhost` is never looked up (RFC 6761).
 */
export function createLookup({ servers, timeoutMs = 2_000 }: LookupOptions = {}): Lookup {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  if (servers) resolver.setServers(servers);

  return async (hostname) => {
    const name = hostname.toLowerCase().replace(/\.$/, '');
    if (isLocalhost(name)) return ['127.0.0.1', '::1'];
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const addresses = [v4, v6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length > 0) return addresses;
    const failures = [v4, v6].flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
    const unanswered = failures.find(saysNothing);
    if (unanswered) throw unanswered;
    const entries = await systemLookup(name, { all: true });
    return entries.map(({ address }) => address);
  };
}

/** `localhost` and every name below it. */
export function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

/** The name's own servers hang or are broken: asking once more would take as long, in one of the four threads. */
function saysNothing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ETIMEOUT', 'ESERVFAIL'].includes(String(error.code));
}
