import type { Dialect } from './dialect.ts';
import { createDraft } from './pagerduty/draft.ts';
import { fitting } from './fitting.ts';
import { longestPing, pagerdutyFit } from './pagerduty/limits.ts';
import { messageEvents } from './pagerduty/message-events.ts';
import { wholeSeconds } from './pagerduty/times.ts';
import { toldIncident } from './pagerduty/told-incident.ts';
import { v1Incident } from './pagerduty/v1-incident.ts';
import { shorten } from './text.ts';

/** PagerDuty's V1 webhooks, which it has given up: one message a request, with the incident in the words of its first API. */
export const pagerdutyV1: Dialect = {
  name: 'pagerduty.v1',
  events: messageEvents,
  ping: 'ping',
  signature: 'pagerduty',
  userAgent: 'PagerDuty-Webhook/V1.0',
  render(event, snapshot, context) {
    const { deliveryId: id } = context;
    // V1 has no ping. In its envelope this is a message of an unknown kind, which receivers pass over.
    if (snapshot.kind === 'ping' && event === pagerdutyV1.ping)
      return {
        messages: [
          {
            type: event,
            data: { message: shorten(snapshot.message, longestPing) },
            id,
            created_on: wholeSeconds(snapshot.at),
          },
        ],
      };
    const told = toldIncident(pagerdutyV1, event, snapshot);
    return fitting((limits) => {
      const incident = v1Incident(createDraft(told, context, limits));
      return { messages: [{ type: event, data: { incident }, id, created_on: wholeSeconds(told.transition.at) }] };
    }, pagerdutyFit);
  },
};
