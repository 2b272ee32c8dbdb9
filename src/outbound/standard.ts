import { incidentReference } from '../domain/incident/incident.ts';
import type { IncidentSnapshot } from '../domain/incident/snapshot.ts';
import type { Dialect } from './dialect.ts';
import { shorten } from './text.ts';

/**
 * Standard Webhooks 1.0 (https://www.standardwebhooks.com): `{type, timestamp, data}`, dotted types, snake_case. The
 * specification advises bodies under 20 KB, so long texts and lists are cut, and `truncated` names what was.
 */
export const standard: Dialect = {
  name: 'standard',
  events: {
    'incident.triggered': 'triggered',
    'incident.acknowledged': 'acknowledged',
    'incident.unacknowledged': 'unacknowledged',
    'incident.escalated': 'escalated',
    'incident.escalation_exhausted': 'escalation_exhausted',
    'incident.reassigned': 'reassigned',
    'incident.delegated': 'delegated',
    'incident.snoozed': 'snoozed',
    'incident.updated': 'updated',
    'incident.priority_updated': 'priority_updated',
    'incident.annotated': 'annotated',
    'incident.responder_added': 'responder_added',
    'incident.responder_replied': 'responder_replied',
    'incident.status_update_published': 'status_update_published',
    'incident.conference_bridge_updated': 'conference_bridge_updated',
    'incident.pending_action_changed': 'pending_action_changed',
    'incident.merged': 'merged',
    'incident.resolved': 'resolved',
    'incident.reopened': 'reopened',
    'incident.alerted': 'alerted',
    'incident.action_run': 'action_run',
  },
  render(snapshot) {
    const eventType = `incident.${snapshot.transition.type}`;
    return { eventType, body: { type: eventType, timestamp: snapshot.transition.at, data: dataOf(snapshot) } };
  },
};

const maxTextBytes = 3_000;
const maxNameBytes = 512;
const maxAssignees = 50;

function dataOf(snapshot: IncidentSnapshot) {
  const { incident, organisation, team, service, webhook, check, transition } = snapshot;
  const truncated: string[] = [];
  const cut = (field: string, text: string, bytes: number) => {
    const short = shorten(text, bytes);
    if (short !== text) truncated.push(field);
    return short;
  };
  const cutOrNull = (field: string, text: string | null, bytes: number) =>
    text === null ? null : cut(field, text, bytes);
  if (incident.assignees.length > maxAssignees) truncated.push('incident.assignees');

  return {
    incident: {
      id: incident.id,
      number: incident.number,
      reference: incidentReference(incident.number),
      name: cut('incident.name', incident.name, maxNameBytes),
      description: cut('incident.description', incident.description, maxTextBytes),
      status: incident.status,
      urgency: incident.urgency,
      // Snapshots of earlier releases have neither.
      severity: incident.severity ?? null,
      priority: incident.priority ?? null,
      assignees: incident.assignees.slice(0, maxAssignees).map(({ type, id }) => ({ type, id })),
      incident_key: cutOrNull('incident.incident_key', incident.incidentKey, maxNameBytes),
      occurrences: incident.occurrences,
      created_at: incident.createdAt,
      acknowledged_at: incident.acknowledgedAt,
      resolved_at: incident.resolvedAt,
      resolution: cutOrNull('incident.resolution', incident.resolution, maxTextBytes),
      root_cause: cutOrNull('incident.root_cause', incident.rootCause, maxTextBytes),
      pending_actions: incident.pendingActions.map(({ type, at }) => ({ type, at })),
    },
    organisation: { id: organisation.id, name: cut('organisation.name', organisation.name, maxNameBytes) },
    team: { id: team.id, number: team.number, name: cut('team.name', team.name, maxNameBytes) },
    service: {
      type: service.type,
      id: service.id,
      number: service.number,
      name: cut('service.name', service.name, maxNameBytes),
    },
    webhook: webhook && {
      id: webhook.id,
      number: webhook.number,
      name: cut('webhook.name', webhook.name, maxNameBytes),
    },
    check: check && {
      http_status_code: check.httpStatusCode,
      response_time_ms: check.responseTimeMs,
      error: cutOrNull('check.error', check.error, maxNameBytes),
      checked_at: check.checkedAt,
    },
    agent: {
      type: transition.agent.type,
      id: transition.agent.id,
      name: cut('agent.name', transition.agent.name, maxNameBytes),
    },
    channel: transition.channel,
    action: transition.action && {
      id: transition.action.id,
      type: transition.action.type,
      trigger: transition.action.trigger,
    },
    details: shortDetails(transition.details ?? {}, cut),
    truncated,
  };
}

const maxListed = 50;

/** What the log says of the transition: texts people wrote can be long, and so can lists of incidents or members. */
function shortDetails(
  details: Record<string, unknown>,
  cut: (field: string, text: string, bytes: number) => string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => {
      if (typeof value === 'string') return [name, cut(`details.${name}`, value, maxTextBytes)];
      return [name, Array.isArray(value) ? value.slice(0, maxListed) : value];
    }),
  );
}
