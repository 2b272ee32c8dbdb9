import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import { shorten } from '../text.ts';
import { assignedOf, assignedReference, userOf } from './assigned.ts';
import type { Draft } from './draft.ts';
import { trim } from './limits.ts';
import { logEntryId } from './log-entry.ts';
import { wholeSeconds } from './times.ts';
import { urgencyName } from './urgency.ts';

/** What `event.data` of V3 is for an event of an incident, by its `type`. */

export function incidentData(draft: Draft) {
  const { snapshot, references, limits } = draft;
  const { incident, team, service } = snapshot;
  const self = references.links.incident(incident.id);
  const { priority, conferenceBridge, mergedInto, trail } = incident;
  return {
    id: incident.id,
    type: 'incident',
    self,
    html_url: self,
    number: incident.number,
    status: incident.status,
    incident_key: incident.incidentKey && shorten(incident.incidentKey, limits.name),
    created_at: wholeSeconds(incident.createdAt),
    reopened_at: trail?.reopenedAt === undefined ? null : wholeSeconds(trail.reopenedAt),
    title: shorten(incident.name, limits.name),
    // What PagerDuty calls an incident that nobody gave a type.
    incident_type: { name: 'incident_default' },
    service: references.service(service),
    assignees: assignedOf(draft).map((one) => assignedReference(one, draft)),
    escalation_policy: references.escalationPolicy(incident.escalationPolicy, team),
    teams: [references.team(team)],
    priority: priority ? references.priority(priority, incident) : null,
    urgency: urgencyName(incident.urgency),
    conference_bridge: conferenceBridge
      ? { conference_number: conferenceBridge.number, conference_url: conferenceBridge.url }
      : null,
    resolve_reason: mergedInto
      ? { type: 'merge_resolve_reason', incident: references.incident(mergedInto, mergedInto.name) }
      : null,
  };
}

export function noteData(draft: Draft) {
  const { text, trimmed } = trim(detail(draft, 'content'), draft.limits);
  return { incident: incidentOf(draft), id: logEntryId(draft.snapshot), content: text, trimmed, type: 'incident_note' };
}

export function statusUpdateData(draft: Draft) {
  const { text, trimmed } = trim(detail(draft, 'message'), draft.limits);
  const id = logEntryId(draft.snapshot);
  return { incident: incidentOf(draft), id, message: text, trimmed, type: 'incident_status_update' };
}

/** One of those who were asked at once, or who replied. A reply of ours has no message. */
export function responderData(draft: Draft) {
  const { snapshot, references, limits } = draft;
  const { incident, team } = snapshot;
  const memberId = responderOf(draft);
  const state = incident.responders?.find((one) => one.memberId === memberId)?.state;
  return {
    incident: incidentOf(draft),
    user: memberId === null ? null : references.user(userOf(memberId, snapshot)),
    escalation_policy: references.escalationPolicy(incident.escalationPolicy, team),
    message: trim(detail(draft, 'message'), limits).text,
    state: detail(draft, 'reply') || (state ?? 'pending'),
    type: 'incident_responder',
  };
}

/** PagerDuty has several labelled numbers here, and one without a label in the incident. */
export function conferenceBridgeData(draft: Draft) {
  const { number, url } = draft.snapshot.incident.conferenceBridge ?? { number: null, url: null };
  return {
    incident: incidentOf(draft),
    conference_numbers: number === null ? [] : [{ label: '', number }],
    conference_url: url,
    type: 'incident_conference_bridge',
  };
}

function incidentOf({ snapshot: { incident }, references }: Draft) {
  return references.incident(incident, incident.name);
}

/** Null where an earlier release did not store whom. */
function responderOf({ snapshot, context: { item } }: Draft): string | null {
  const { member_id: replied, member_ids: asked } = detailsOf(snapshot);
  const id: unknown = Array.isArray(asked) ? asked[item] : (replied ?? null);
  if (id !== null && typeof id !== 'string')
    throw new Error(`There is no responder ${item} in ${snapshot.transition.type}`);
  return id;
}

function detail({ snapshot }: Draft, name: string): string {
  const value = detailsOf(snapshot)[name];
  return typeof value === 'string' ? value : '';
}

function detailsOf({ transition }: IncidentSnapshot): Record<string, unknown> {
  return transition.details ?? {};
}
