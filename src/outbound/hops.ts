/** Tells a receiver that may lead back to us how many of our own actions lie behind a request. */
export const hopsHeader = 'tocsin-hops';

/** An action may set off an event that sets off an action, and so on: after so many of them no further one is sent. */
export const mostHops = 3;

/**
 * Whether a URL leads to an inbound webhook, of this installation or of another one. Only such an endpoint can close a
 * circle, and whoever writes the header into an event must not be able to silence the others.
 */
export function leadsToWebhook(url: string): boolean {
  return URL.canParse(url) && /\/v1\/incident\/webhook\/[0-9a-f-]{36}\/?$/i.test(new URL(url).pathname);
}
