import { shorten } from '../text.ts';
import { userOrService } from './agent.ts';
import { assignedOf, assignedReference, userOf } from './assigned.ts';
import type { Draft } from './draft.ts';
import { fullService } from './full-service.ts';
import { acknowledgements, assignedAt, lastStatusChange } from './history.ts';
import { firstTriggerLogEntry, numberedTitle } from './log-entry.ts';
import { pendingActions } from './pending-actions.ts';
import { wholeSeconds } from './times.ts';
import { urgencyName } from './urgency.ts';

/**
 * The incident of V2: PagerDuty's REST resource. What we have nothing for (add-ons, groups of alerts, importance,
 * references to other vendors' tools) is there, and empty.
 */
export function fullIncident(draft: Draft) {
  const { snapshot, references, limits } = draft;
  const { incident, team, service } = snapshot;
  const title = shorten(incident.name, limits.name);
  const self = references.links.incident(incident.id);
  const changed = lastStatusChange(snapshot);
  return {
    incident_number: incident.number,
    title,
    // Deprecated by PagerDuty, and the same as the title.
    description: title,
    created_at: wholeSeconds(incident.createdAt),
    status: incident.status,
    pending_actions: pendingActions(incident.pendingActions),
    incident_key: incident.incidentKey && shorten(incident.incidentKey, limits.name),
    service: fullService(draft),
    assignments: assignedOf(draft).map((one) => ({
      at: wholeSeconds(assignedAt(snapshot)),
      assignee: assignedReference(one, draft),
    })),
    acknowledgements: acknowledgements(snapshot).map(({ at, agent }) => ({
      at: wholeSeconds(at),
      acknowledger: userOrService(agent, draft),
    })),
    last_status_change_at: wholeSeconds(changed.at),
    // Of what is triggered PagerDuty says that its service made it so, whoever reported it.
    last_status_change_by:
      incident.status === 'triggered' || !changed.agent
        ? references.service(service)
        : userOrService(changed.agent, draft),
    first_trigger_log_entry: firstTriggerLogEntry(draft),
    escalation_policy: references.escalationPolicy(incident.escalationPolicy, team),
    privilege: null,
    teams: [references.team(team)],
    alert_counts: alertCounts(draft),
    impacted_services: [references.service(service)],
    is_mergeable: (incident.mergedInto ?? null) === null,
    basic_alert_grouping: null,
    alert_grouping: null,
    metadata: {},
    external_references: [],
    importance: null,
    priority: incident.priority ? references.priority(incident.priority, incident) : null,
    resolve_reason: incident.mergedInto ? 'merged' : null,
    incidents_responders: (incident.responders ?? []).slice(0, limits.list).map(({ memberId, state }) => ({
      state,
      user: references.user(userOf(memberId, snapshot)),
      incident: references.incident(incident, numberedTitle(snapshot)),
    })),
    responder_requests: [],
    subscriber_requests: [],
    urgency: urgencyName(incident.urgency),
    id: incident.id,
    type: 'incident',
    summary: shorten(numberedTitle(snapshot), limits.name),
    self,
    html_url: self,
    alerts: alertsOf(draft),
  };
}

/** Occurrences are the alerts of an incident; they end with it. */
function alertCounts({ snapshot: { incident } }: Draft) {
  const { occurrences, status } = incident;
  const open = status === 'resolved' ? 0 : occurrences;
  return { all: occurrences, triggered: open, resolved: occurrences - open };
}

/** All bear its key. Where nobody gave it one, PagerDuty makes one up: ours is the event that opened it, or its own id. */
function alertsOf({ snapshot: { incident }, limits }: Draft): { alert_key: string }[] {
  return [{ alert_key: shorten(incident.incidentKey ?? incident.eventId ?? incident.id, limits.name) }];
}
