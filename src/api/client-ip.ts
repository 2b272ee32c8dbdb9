import ipaddr from 'ipaddr.js';

/**
 * Finds a request's client: the socket's address, unless that is a trusted proxy; then the right-most address of
 * X-Forwarded-For that is none. v4-mapped IPv6 is shown as IPv4. Anything unreadable in the header ends the search.
 */
export function createClientIp(trustedProxies: string[]): (socketAddress: string, forwardedFor: string) => string {
  const networks = trustedProxies.map(parseNetwork);
  const isTrusted = (address: string) => {
    const parsed = ipaddr.process(address);
    return networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
  };

  return (socketAddress, forwardedFor) => {
    // The library takes a fifth of the time that storing an event takes; without proxies nothing has to be parsed.
    if (networks.length === 0) return socketAddress.replace(/^::ffff:(?=\d+\.)/, '');
    let client = normalise(socketAddress) ?? socketAddress;
    const hops = forwardedFor.split(',').map((hop) => hop.trim());
    while (ipaddr.isValid(client) && isTrusted(client)) {
      const next = normalise(hops.pop() ?? '');
      if (next === undefined) break;
      client = next;
    }
    return client;
  };
}

function normalise(address: string): string | undefined {
  // Some proxies add the port: 192.0.2.1:443, [2001:db8::1]:443.
  const bare = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(address);
  const text = (bare?.[1] ?? bare?.[2] ?? address).replace(/%.*$/, '');
  // Shorthand such as 127.1 is valid to the library, but no proxy writes it.
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
    ? ipaddr.process(text).toString()
    : undefined;
}

function parseNetwork(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
