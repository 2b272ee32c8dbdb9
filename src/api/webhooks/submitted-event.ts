import { DetailedRefusal } from '../errors.ts';

/** In bytes, before and after decompression. */
export const largestEvent = 512 * 1024;

/** Of a group of alerts, some 4,000 of them. */
export const largestGroup = 4 * 1024 * 1024;

/**
 * Alertmanager and Grafana send all alerts of a group at once, the more the worse things are, and take 413 for the end
 * of it: nobody would hear of any.
 */
export function largestFrom(userAgent: string): number {
  return /^(Alertmanager\/|Grafana\b)/i.test(userAgent) ? largestGroup : largestEvent;
}

/** The sender of a stored event was not believed. */
export function unverified(rejection: string, eventId: string): DetailedRefusal {
  return new DetailedRefusal('unverified_sender', `${rejection}. The request is kept and not evaluated.`, {
    members: { event_id: eventId },
    // RFC 9110 wants a challenge with every 401; a signature has no registered scheme.
    headers: { 'WWW-Authenticate': 'Webhook realm="tocsin"' },
  });
}
