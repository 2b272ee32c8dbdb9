import type { IncomingHttpHeaders } from 'node:http';
import { hopsHeader } from '../outbound/hops.ts';

/** What is kept of a request's head: no more headers than this, and no more characters in all, nor in one value. */
const mostHeaders = 64;
const mostCharacters = 8 * 1_024;
const longestValue = 1_024;

/** A header that may hold a secret goes by its name; better one too many is left out. */
const secretName = /auth|cookie|credential|hmac|jwt|key|passw|pwd|secret|session|signature|token/;
/** Some senders put one elsewhere. */
const secretValue = /^\s*(basic|bearer|digest|token)\s/i;

const unprintable = /[^\x20-\x7e]/;

/** About the connection (RFC 9110, 7.6.1), or about bytes that are kept in another form. */
const ofTheConnection = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What is stored of a request's headers, by lower-case name: nothing that may be a secret, and not without end. */
export function keptHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: [string, string][] = [];
  let characters = 0;
  for (const [name, given] of Object.entries(headers)) {
    if (given === undefined || ofTheConnection.has(name) || secretName.test(name)) continue;
    const value = printable(String(given), longestValue);
    if (secretValue.test(value)) continue;
    characters += name.length + value.length;
    if (kept.length === mostHeaders || characters > mostCharacters) break;
    kept.push([name, value]);
  }
  return Object.fromEntries(kept);
}

/** From 0 to 9; whatever else the header says is a request from outside. */
export function hopsOf(headers: IncomingHttpHeaders): number {
  const given = String(headers[hopsHeader] ?? '');
  return /^\d$/.test(given) ? Number(given) : 0;
}

/** Header values reach us as Latin-1; only what is printable is kept, and not without end. */
export function printable(value: string, longest: number): string {
  const text = value.slice(0, longest);
  return unprintable.test(text) ? text.replaceAll(new RegExp(unprintable, 'g'), '?') : text;
}
