import type { Channel } from '../domain/incident/log-entry.ts';
import type { IncidentSnapshot } from '../domain/incident/snapshot.ts';
import type { PingSnapshot, ServiceSnapshot } from '../domain/webhook/outbound-event.ts';
import type { Dialect, RenderContext } from './dialect.ts';
import { agentOf, agentReference } from './pagerduty/agent.ts';
import { createDraft, type Draft } from './pagerduty/draft.ts';
import { alertCreation } from './pagerduty/full-service.ts';
import {
  conferenceBridgeData,
  incidentData,
  noteData,
  responderData,
  statusUpdateData,
} from './pagerduty/incident-data.ts';
import { fitting } from './fitting.ts';
import { longestPing, pagerdutyFit, type Limits } from './pagerduty/limits.ts';
import { createReferences } from './pagerduty/reference.ts';
import { milliseconds } from './pagerduty/times.ts';
import { toldIncident } from './pagerduty/told-incident.ts';
import { shorten } from './text.ts';

/**
 * PagerDuty's V3 webhooks (https://developer.pagerduty.com/docs/webhooks/v3-overview/): one event a request, whose
 * `data` is one of six types. Ids are ours, and links lead to our API.
 */
export const pagerdutyV3: Dialect = {
  name: 'pagerduty.v3',
  events: {
    'incident.triggered': { on: ['triggered'] },
    // A snooze acknowledges what nobody has acknowledged; one that only prolongs that has no name here.
    'incident.acknowledged': { on: ['acknowledged', 'snoozed'], ifStatusChanged: true },
    'incident.unacknowledged': { on: ['unacknowledged'] },
    'incident.resolved': { on: ['resolved'] },
    'incident.reopened': { on: ['reopened'] },
    'incident.escalated': { on: ['escalated'] },
    // A change of the incident may name others, too.
    'incident.reassigned': { on: ['reassigned', 'updated'], ifDetail: { updated: 'assignees' } },
    'incident.delegated': { on: ['delegated'] },
    'incident.priority_updated': { on: ['priority_updated'] },
    'incident.annotated': { on: ['annotated'] },
    'incident.status_update_published': { on: ['status_update_published'] },
    'incident.responder.added': { on: ['responder_added'], perItemOf: 'member_ids' },
    'incident.responder.replied': { on: ['responder_replied'] },
    'incident.conference_bridge.updated': { on: ['conference_bridge_updated'] },
    'service.created': { service: 'created' },
    'service.updated': { service: 'updated' },
    'service.deleted': { service: 'deleted' },
  },
  ping: 'pagey.ping',
  signature: 'pagerduty',
  userAgent: 'PagerDuty-Webhook/V3.0',
  render(event, snapshot, context) {
    if (snapshot.kind === 'ping' && event === pagerdutyV3.ping) return pingEvent(snapshot, context);
    if (snapshot.kind === 'service' && event === `service.${snapshot.change}`)
      return fitting((limits) => serviceEvent(event, snapshot, context, limits), pagerdutyFit);
    const told = toldIncident(pagerdutyV3, event, snapshot);
    return fitting((limits) => incidentEvent(event, told, context, limits), pagerdutyFit);
  },
};

/** What is not told by the incident itself. */
const dataTypes: Readonly<Record<string, (draft: Draft) => unknown>> = {
  'incident.annotated': noteData,
  'incident.status_update_published': statusUpdateData,
  'incident.responder.added': responderData,
  'incident.responder.replied': responderData,
  'incident.conference_bridge.updated': conferenceBridgeData,
};

function incidentEvent(event: string, snapshot: IncidentSnapshot, context: RenderContext, limits: Limits) {
  const draft = createDraft(snapshot, context, limits);
  const { at, agent, channel } = snapshot.transition;
  return {
    event: {
      id: context.deliveryId,
      event_type: event,
      resource_type: 'incident',
      occurred_at: milliseconds(at),
      agent: agentOf(agent, draft),
      client: clientOf(channel, snapshot, limits),
      data: (dataTypes[event] ?? incidentData)(draft),
    },
  };
}

/** Where it was done: here, or in the monitoring that reported it. Null for what a timer did. */
function clientOf(channel: Channel, { webhook }: IncidentSnapshot, limits: Limits): { name: string } | null {
  if (channel === 'timer') return null;
  return { name: channel === 'event' && webhook ? shorten(webhook.name, limits.name) : 'Tocsin' };
}

function serviceEvent(event: string, snapshot: ServiceSnapshot, context: RenderContext, limits: Limits) {
  const { service, team, at } = snapshot;
  const references = createReferences(context.publicUrl, limits, team);
  const { html_url, id, self, summary } = references.service(service);
  return {
    event: {
      id: context.deliveryId,
      event_type: event,
      resource_type: 'service',
      occurred_at: milliseconds(at),
      agent: agentReference(snapshot.agent, { references, service }),
      client: { name: 'Tocsin' },
      data: {
        html_url,
        id,
        self,
        summary,
        alert_creation: alertCreation,
        teams: team ? [references.team(team)] : [],
        type: 'service',
      },
    },
  };
}

function pingEvent({ at, message }: PingSnapshot, { deliveryId }: RenderContext) {
  return {
    event: {
      id: deliveryId,
      event_type: pagerdutyV3.ping,
      resource_type: 'pagey',
      occurred_at: milliseconds(at),
      agent: null,
      client: null,
      data: { message: shorten(message, longestPing), type: 'ping' },
    },
  };
}
