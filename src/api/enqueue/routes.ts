import { mintedKey } from '../../inbound/incident-key.ts';
import { printable } from '../../stores/event-headers.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField } from '../errors.ts';
import { defineRoute, type Route } from '../route.ts';
import { largestEvent, unverified } from '../webhooks/submitted-event.ts';
import { checkEnqueued, enqueued, enqueuedEvent } from './schema.ts';
import { eventsApiSurface } from './surface.ts';

/** PagerDuty's Events API v2, for senders whose PagerDuty URL can be changed. */
export function createEnqueueRoutes({ stores }: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v2/enqueue',
      summary: "Submit an event in the format of PagerDuty's Events API v2",
      description:
        'Needs no key but the `routing_key` of a webhook whose source is `pagerduty`. Takes up to 512 KiB, whatever the content type says, and keeps it byte for byte. The event is stored before the answer; what follows from it happens after it. An acknowledge or resolve of something that is not open is accepted, and changes nothing.',
      tag: 'Webhooks',
      role: 'gateway',
      auth: 'none',
      surface: eventsApiSurface,
      sharedLimit: 'webhook',
      rawBodyLimit: largestEvent,
      body: enqueuedEvent,
      checkBody: checkEnqueued,
      responses: { 202: enqueued },
      refusals: ['unverified_sender'],
      handler: async ({ body, bytes, contentType, headers, ip, countAgainst }) => {
        const { routing_key: routingKey, dedup_key: dedupKey } = body;
        const webhookId = await stores.events.webhookOf(routingKey);
        if (webhookId === undefined) throw unknownKey();
        countAgainst(webhookId);
        const stored = await stores.events.submit({
          webhookId,
          routingKey,
          contentType: contentType === null ? null : printable(contentType, 255),
          ip,
          headers,
          body: bytes,
        });
        if (!stored) throw unknownKey();
        if (stored.rejection !== null) throw unverified(stored.rejection, stored.id);
        const answer = { status: 'success' as const, message: 'Event processed' };
        return { status: 202, body: { ...answer, dedup_key: dedupKey || mintedKey(stored.id) } };
      },
    }),
  ];
}

function unknownKey() {
  return invalidField('routing_key', 'is not a known key: no webhook that takes events has it');
}
