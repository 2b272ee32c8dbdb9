import { isReservedDeliveryHeader, isSendableHeader } from './custom-headers.ts';
import type { Dialect } from './dialect.ts';
import { pagerDutyHeaders, signatureHeaders, type SignedMessage } from './signature.ts';

/** What a subscription adds to its requests. */
export interface DeliveryTerms {
  dialect: Pick<Dialect, 'signature' | 'userAgent'>;
  subscriptionId: string;
  /** The present one first, then those that were replaced and still sign. */
  secrets: string[];
  /** The subscriber's own headers by name. */
  custom: Record<string, string>;
}

/**
 * The headers of one attempt, their names in lower case: the subscriber's own, the dialect's, and the signatures.
 * Nothing of the subscriber's replaces ours. Throws for a secret that protects nothing, and for a header that cannot
 * be sent; its value may be a secret, and is not told.
 */
export function deliveryHeaders(message: SignedMessage, terms: DeliveryTerms): Record<string, string> {
  const { dialect, subscriptionId, secrets, custom } = terms;
  return {
    ...customHeaders(custom),
    ...(dialect.userAgent === undefined ? {} : { 'user-agent': dialect.userAgent }),
    ...signatureHeaders(message, secrets),
    ...(dialect.signature === 'pagerduty' ? pagerDutyHeaders(message, subscriptionId, secrets) : {}),
  };
}

function customHeaders(given: Record<string, string>): Record<string, string> {
  const own = Object.entries(given).filter(([name]) => !isReservedDeliveryHeader(name));
  for (const [name, value] of own)
    if (!isSendableHeader(name, value)) throw new Error(`The header ${name} cannot be sent`);
  return Object.fromEntries(own.map(([name, value]) => [name.toLowerCase(), value]));
}
