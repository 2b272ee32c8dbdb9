import { incidentReference } from '../../domain/incident/incident.ts';
import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import type { Cutter } from './cutter.ts';

/** `data` of everything that happens to incidents: all its keys are always there. Of people it says no address. */
export function incidentData(snapshot: IncidentSnapshot, cut: Cutter) {
  const { organisation, team, service, webhook, check, transition } = snapshot;
  return {
    incident: incidentOf(snapshot, cut),
    organisation: { id: organisation.id, name: cut.name('organisation.name', organisation.name) },
    team: { id: team.id, number: team.number, name: cut.name('team.name', team.name) },
    service: {
      type: service.type,
      id: service.id,
      number: service.number,
      name: cut.name('service.name', service.name),
    },
    webhook: webhook && { id: webhook.id, number: webhook.number, name: cut.name('webhook.name', webhook.name) },
    check: check && {
      http_status_code: check.httpStatusCode,
      response_time_ms: check.responseTimeMs,
      error: cut.name('check.error', check.error),
      checked_at: check.checkedAt,
    },
    agent: {
      type: transition.agent.type,
      id: transition.agent.id,
      name: cut.name('agent.name', transition.agent.name),
    },
    channel: transition.channel,
    action: transition.action && {
      id: transition.action.id,
      type: transition.action.type,
      trigger: transition.action.trigger,
    },
    details: cut.json('details', transition.details ?? {}),
  };
}

function incidentOf(snapshot: IncidentSnapshot, cut: Cutter) {
  const { incident, transition } = snapshot;
  const { escalationPolicy = null, conferenceBridge = null, mergedInto = null } = incident;
  return {
    id: incident.id,
    number: incident.number,
    reference: incidentReference(incident.number),
    name: cut.name('incident.name', incident.name),
    description: cut.text('incident.description', incident.description),
    status: incident.status,
    previous_status: transition.previousStatus ?? null,
    sequence: transition.sequence ?? null,
    visibility: incident.visibility ?? 'public',
    urgency: incident.urgency,
    severity: cut.name('incident.severity', incident.severity ?? null),
    priority: cut.name('incident.priority', incident.priority ?? null),
    assignees: cut.list('incident.assignees', incident.assignees).map(({ type, id }) => ({ type, id })),
    ...peopleOf(snapshot, cut),
    escalation_policy: escalationPolicy && {
      id: escalationPolicy.id,
      name: cut.name('incident.escalation_policy.name', escalationPolicy.name),
    },
    conference_bridge: conferenceBridge && {
      number: cut.name('incident.conference_bridge.number', conferenceBridge.number),
      url: cut.text('incident.conference_bridge.url', conferenceBridge.url),
    },
    incident_key: cut.name('incident.incident_key', incident.incidentKey),
    occurrences: incident.occurrences,
    created_at: incident.createdAt,
    acknowledged_at: incident.acknowledgedAt,
    resolved_at: incident.resolvedAt,
    resolution: cut.text('incident.resolution', incident.resolution),
    root_cause: cut.text('incident.root_cause', incident.rootCause),
    merged_into: mergedInto && {
      id: mergedInto.id,
      number: mergedInto.number,
      reference: incidentReference(mergedInto.number),
      name: cut.name('incident.merged_into.name', mergedInto.name),
    },
    pending_actions: incident.pendingActions.map(({ type, at }) => ({ type, at })),
  };
}

/** `assigned` are the members whom the assignees stand for at that moment. Who is no longer known has no name. */
function peopleOf({ incident, people = [] }: IncidentSnapshot, cut: Cutter) {
  const names = new Map(people.map(({ id, name }) => [id, name]));
  const nameOf = (field: string, id: string) => cut.name(field, names.get(id) ?? null);
  return {
    assigned: cut
      .list('incident.assigned', incident.assigned ?? [])
      .map((id) => ({ id, name: nameOf('incident.assigned.name', id) })),
    responders: cut.list('incident.responders', incident.responders ?? []).map(({ memberId, state }) => ({
      member_id: memberId,
      name: nameOf('incident.responders.name', memberId),
      state,
    })),
  };
}
