const maxUrlLength = 2_048;

/**
 * Ports of services that are not HTTP, where a request could do harm: those the Fetch standard blocks
 * (https://fetch.spec.whatwg.org/#port-blocking), and databases, caches and Temporal, which may stand on our own side.
 */
const refusedPorts = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 2375, 2376, 2379, 3306, 5432, 6379, 7233, 9200, 11211,
]);

/** Thrown for a URL or address that webhooks must not reach; the message is fit to be a field error. */
export class RefusedTarget extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RefusedTarget';
  }
}

/**
 * Parses a URL that webhooks are sent to. Stricter than the URL standard, which mends what people mistype: what one
 * parser mends, another reads differently, and then the host that was checked is not the host that is called.
 * Throws RefusedTarget.
 */
export function parseTarget(text: string): URL {
  if (text.length > maxUrlLength) throw new RefusedTarget(`must be at most ${maxUrlLength} characters long`);
  // Control characters, spaces and backslashes are dropped or turned into slashes by the standard's parser.
  if (/[\s\\\p{Cc}\p{Cf}]/u.test(text))
    throw new RefusedTarget('must not contain spaces, control characters or backslashes');
  if (!/^https?:\/\/[^/?#]/i.test(text) || !URL.canParse(text))
    throw new RefusedTarget('must be an http:// or https:// URL');
  const url = new URL(text);
  // Also an empty one, as in http://@host: it has no use but to mislead.
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?#]*@/i.test(text))
    throw new RefusedTarget('must not contain a user name or password');
  if (url.port !== '' && refusedPorts.has(Number(url.port))) throw new RefusedTarget(`must not use port ${url.port}`);
  return url;
}

/** The host without the brackets of an IPv6 address and without the dot that ends an absolute name, in lower case. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}
