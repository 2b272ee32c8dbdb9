import type { Status } from '../../domain/incident/incident.ts';
import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import { always } from './times.ts';
import { derivedUlid } from './ulid.ts';

/** Statuses are configured in incident.io, each in one of its eight categories; these are its defaults that fit ours. */
const statuses = {
  triage: { name: 'Triage', rank: 1, description: 'Nobody has answered yet.' },
  live: { name: 'Investigating', rank: 2, description: 'Somebody is at work on it.' },
  closed: { name: 'Closed', rank: 3, description: 'It is resolved.' },
  merged: { name: 'Merged', rank: 4, description: 'It goes on in another incident.' },
} as const;

const categories = { triggered: 'triage', acknowledged: 'live', resolved: 'closed' } as const;

export function statusOf({ organisation, incident }: IncidentSnapshot) {
  const isMerged = incident.status === 'resolved' && (incident.mergedInto ?? null) !== null;
  return describe(organisation.id, isMerged ? 'merged' : categories[incident.status]);
}

/** Before the transition. What an earlier release stored does not say it: the likelier of the others. */
export function previousStatusOf({ organisation, incident, transition }: IncidentSnapshot) {
  const likely: Status = incident.status === 'triggered' ? 'acknowledged' : 'triggered';
  const reopened: Status = transition.type === 'reopened' ? 'resolved' : likely;
  return describe(organisation.id, categories[transition.previousStatus ?? reopened]);
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
