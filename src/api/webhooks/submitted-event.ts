import { DetailedRefusal } from '../errors.ts';

/** In bytes, before and after decompression. */
export const largestEvent = 512 * 1024;

/** The sender of a stored event was not believed. */
export function unverified(rejection: string, eventId: string): DetailedRefusal {
  return new DetailedRefusal('unverified_sender', `${rejection}. The request is kept and not evaluated.`, {
    members: { event_id: eventId },
    // RFC 9110 wants a challenge with every 401; a signature has no registered scheme.
    headers: { 'WWW-Authenticate': 'Webhook realm="tocsin"' },
  });
}
