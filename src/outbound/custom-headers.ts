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
  'trailers',
  'transfer-encoding',
  'upgrade',
  'webhook-id',
  'webhook-timestamp',
  hopsHeader,
]);

/**
 * What a delivery's body and its dialect decide, and what tells caches and proxies something; Svix refuses the same.
 * An answer that came compressed could not be shown.
 */
const reservedOnDeliveries = new Set([
  'accept-encoding',
  'age',
  'cache-control',
  'clear-site-data',
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'expires',
  'pragma',
  'user-agent',
  'warning',
  'x-webhook-id',
  'x-webhook-subscription',
]);

/** Of signatures, ours and those of libraries that verify them, and of the front doors of clouds, which trust theirs. */
const reservedPrefixes =
  /^(proxy|tocsin|webhook|svix|x-svix|x-pagerduty|x-amz|x-amzn|x-azure|x-fd|x-gfe|x-goog|x-google)-/;

/** True for a header that the caller of an action must not choose, in upper or lower case. */
export function isReservedHeader(name: string): boolean {
  return reserved.has(name.toLowerCase());
}

/** The same for the headers of a subscription, whose requests are signed and written in a dialect. */
export function isReservedDeliveryHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return reserved.has(lower) || reservedOnDeliveries.has(lower) || reservedPrefixes.test(lower);
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
