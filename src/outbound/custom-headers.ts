import { validateHeaderName, validateHeaderValue } from 'node:http';
import { hopsHeader } from './hops.ts';

/** Those that frame the message or belong to the connection, and those we set ourselves. */
const reserved = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'webhook-id',
  'webhook-timestamp',
  hopsHeader,
]);

/** True for a header that a caller must not choose, in upper or lower case. */
export function isReservedHeader(name: string): boolean {
  return reserved.has(name.toLowerCase());
}

/** False for what HTTP/1.1 cannot carry: it would end the header, or begin another one. */
export function isSendableHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
