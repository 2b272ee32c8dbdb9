import type { Dialect } from './dialect.ts';
import { createDraft, type Draft } from './pagerduty/draft.ts';
import { fullIncident } from './pagerduty/full-incident.ts';
import { fitting } from './fitting.ts';
import { longestPing, pagerdutyFit } from './pagerduty/limits.ts';
import { logEntries, type Verb } from './pagerduty/log-entry.ts';
import { messageEvents } from './pagerduty/message-events.ts';
import { wholeSeconds } from './pagerduty/times.ts';
import { toldIncident } from './pagerduty/told-incident.ts';
import { shorten } from './text.ts';

/** PagerDuty's V2 webhooks, which it has given up: one message a request, with the whole incident and its new log entries. */
export const pagerdutyV2: Dialect = {
  name: 'pagerduty.v2',
  events: { ...messageEvents, 'incident.annotate': { on: ['annotated'] } },
  ping: 'ping',
  signature: 'pagerduty',
  userAgent: 'PagerDuty-Webhook/V2.0',
  render(event, snapshot, context) {
    const { deliveryId: id } = context;
    // V2 has no ping. In its envelope this is a message of an unknown kind, which receivers pass over.
    if (snapshot.kind === 'ping' && event === pagerdutyV2.ping)
      return {
        messages: [
          {
            event,
            log_entries: [],
            id,
            created_on: wholeSeconds(snapshot.at),
            message: shorten(snapshot.message, longestPing),
          },
        ],
      };
    const told = toldIncident(pagerdutyV2, event, snapshot);
    return fitting((limits) => {
      const draft = createDraft(told, context, limits);
      const message = {
        event,
        log_entries: logEntries(event.slice('incident.'.length) as Verb, draft),
        webhook: webhookOf(draft),
        incident: fullIncident(draft),
        id,
        created_on: wholeSeconds(told.transition.at),
      };
      return { messages: [message] };
    }, pagerdutyFit);
  },
};

/** The subscription, as the extension of a service that V2's webhooks are. */
function webhookOf({ snapshot, context: { subscription }, references, limits }: Draft) {
  const name = shorten(subscription.name, limits.name);
  const self = references.links.subscription(subscription.id);
  return {
    endpoint_url: subscription.url,
    name,
    description: subscription.description === '' ? null : shorten(subscription.description, limits.name),
    webhook_object: references.service(snapshot.service),
    config: {},
    outbound_integration: {
      id: subscription.id,
      type: 'outbound_integration_reference',
      summary: 'Generic V2 Webhook',
      self,
      html_url: null,
    },
    accounts_addon: null,
    id: subscription.id,
    type: 'webhook',
    summary: name,
    self,
    html_url: null,
  };
}
