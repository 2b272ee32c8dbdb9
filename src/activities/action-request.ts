import { type ActionBody, renderActionBody } from '../outbound/action-body.ts';
import { isReservedHeader, isSendableHeader } from '../outbound/custom-headers.ts';
import { hopsHeader } from '../outbound/hops.ts';
import type { PostRequest } from '../outbound/post.ts';
import { UnfitRequest } from '../outbound/unfit-request.ts';
import type { ActionRun } from '../stores/action-runs.ts';

export interface ActionMoment {
  at: Date;
  publicUrl: string;
}

/** The body for a content type, or for one that follows from the body (null). Throws UnfitRequest. */
export function composeBody(
  run: ActionRun,
  body: unknown,
  contentType: string | null,
  moment: ActionMoment,
): ActionBody {
  const { at, publicUrl } = moment;
  return renderActionBody(body, contentType, run.snapshot, {
    deliveryId: run.id,
    attemptAt: at.toISOString(),
    publicUrl,
  });
}

/**
 * One attempt's request. It is not signed, since no secret is shared with its receiver; a caller's own headers prove
 * who sends. The id is the run's on every attempt, so that a receiver knows a repeat. Throws UnfitRequest.
 */
export function composeRequest(
  run: ActionRun,
  { url, body }: { url: string; body: unknown },
  moment: ActionMoment,
): PostRequest {
  const headers = customHeaders(run);
  const { contentType, text } = composeBody(run, body, headers['content-type'] ?? null, moment);
  const own = {
    'content-type': contentType,
    'webhook-id': run.id,
    'webhook-timestamp': String(Math.floor(moment.at.getTime() / 1_000)),
    [hopsHeader]: String(run.hops + 1),
  };
  return { url, headers: { ...headers, ...own }, body: text };
}

/** Names in lower case: two that differ only in case would be sent twice. A value may be a secret, and is not told. */
function customHeaders(run: ActionRun): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(run.headers())) {
    if (isReservedHeader(name)) continue;
    if (typeof value !== 'string' || !isSendableHeader(name, value))
      throw new UnfitRequest('invalid_header', `the header ${name} cannot be sent`);
    headers[name.toLowerCase()] = value;
  }
  return headers;
}
