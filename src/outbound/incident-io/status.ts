import type { Status } from '../../domain/incident/incident.ts';
import type { IncidentSnapshot, SnapshotStatus } from '../../domain/incident/snapshot.ts';
import type { Bounds } from '../fitting.ts';
import { shorten } from '../text.ts';
import { always, microseconds } from './times.ts';
import { derivedUlid, ulidOf } from './ulid.ts';

/** What is shown of incidents of earlier releases, whose snapshots do not say which status of the organisation it was. */
const statuses = {
  triage: { name: 'Triage', rank: 1, description: 'Nobody has answered yet.' },
  live: { name: 'Investigating', rank: 2, description: 'Somebody is at work on it.' },
  closed: { name: 'Closed', rank: 3, description: 'It is resolved.' },
  merged: { name: 'Merged', rank: 4, description: 'It goes on in another incident.' },
} as const;

const categories = { triggered: 'triage', acknowledged: 'live', resolved: 'closed' } as const;

export function statusOf({ organisation, incident }: IncidentSnapshot, bounds: Bounds) {
  if (incident.incidentStatus) return presentStatus(incident.incidentStatus, bounds);
  const isMerged = incident.status === 'resolved' && (incident.mergedInto ?? null) !== null;
  return describe(organisation.id, isMerged ? 'merged' : categories[incident.status]);
}

/** Before the transition. What an earlier release stored does not say it: the likelier of the others. */
export function previousStatusOf({ organisation, incident, transition }: IncidentSnapshot, bounds: Bounds) {
  if (transition.previousIncidentStatus) return presentStatus(transition.previousIncidentStatus, bounds);
  const likely: Status = incident.status === 'triggered' ? 'acknowledged' : 'triggered';
  const reopened: Status = transition.type === 'reopened' ? 'resolved' : likely;
  return describe(organisation.id, categories[transition.previousStatus ?? reopened]);
}

function presentStatus(status: SnapshotStatus, bounds: Bounds) {
  const { id, name, category, description, rank, createdAt, updatedAt } = status;
  return {
    id: ulidOf(id),
    name: shorten(name, bounds.name),
    category,
    description: shorten(description, bounds.name),
    rank,
    created_at: microseconds(createdAt),
    updated_at: microseconds(updatedAt),
  };
}

function describe(organisationId: string, category: keyof typeof statuses) {
  const { name, rank, description } = statuses[category];
  return {
    id: derivedUlid(organisationId, 'incident_status', name),
    name,
    category,
    description,
    rank,
    created_at: always,
    updated_at: always,
  };
}
