import { incidentReference } from '../../domain/incident/incident.ts';
import type { IncidentSnapshot, SnapshotType } from '../../domain/incident/snapshot.ts';
import type { RenderContext } from '../dialect.ts';
import type { Bounds } from '../fitting.ts';
import { createLinks } from '../links.ts';
import { severityLevel } from '../severity-level.ts';
import { shorten } from '../text.ts';
import { creatorOf } from './actor.ts';
import { customFieldEntries } from './custom-fields.ts';
import { roleAssignments } from './role-assignments.ts';
import { statusOf } from './status.ts';
import { durationMetrics, timestampValues } from './timeline.ts';
import { always, microseconds } from './times.ts';
import { derivedUlid, ulidOf } from './ulid.ts';

/**
 * incident.io's `IncidentV2`, with every field that it always has. What it leaves out of incidents that lack it, as
 * severity or summary, is left out here too, and what we have nothing for: debriefs, post-mortems, issues.
 */
export function incidentOf(
  snapshot: IncidentSnapshot,
  { publicUrl }: Pick<RenderContext, 'publicUrl'>,
  bounds: Bounds,
) {
  const { incident, transition } = snapshot;
  const bridge = incident.conferenceBridge?.url ?? null;
  return {
    id: ulidOf(incident.id),
    reference: incidentReference(incident.number),
    name: shorten(incident.name, bounds.name),
    ...(incident.description === '' ? {} : { summary: shorten(incident.description, bounds.text) }),
    permalink: createLinks(publicUrl).incident(incident.id),
    ...(bridge === null ? {} : { call_url: shorten(bridge, bounds.text) }),
    mode: incident.mode ?? 'standard',
    visibility: incident.visibility ?? 'public',
    created_at: microseconds(incident.createdAt),
    updated_at: microseconds(transition.at),
    creator: creatorOf(snapshot, bounds),
    incident_status: statusOf(snapshot, bounds),
    ...(incident.severity ? { severity: severityOf(snapshot, incident.severity, bounds) } : {}),
    ...(incident.incidentType ? { incident_type: typeOf(incident.incidentType, bounds) } : {}),
    incident_role_assignments: roleAssignments(snapshot, bounds),
    custom_field_entries: customFieldEntries(snapshot, bounds),
    incident_timestamp_values: timestampValues(snapshot),
    duration_metrics: durationMetrics(snapshot),
    // Always there in incident.io, which lives in Slack.
    slack_team_id: '',
    slack_channel_id: '',
  };
}

/** Of a text that names none of the organisation's severities: the lower, the less severe; 0 where it says no level. */
const ranks = { low: 1, medium: 2, high: 3, critical: 4 } as const;

export function severityOf({ organisation, incident }: IncidentSnapshot, severity: string, bounds: Bounds) {
  const { rankedSeverity: ranked } = incident;
  const level = severityLevel(severity);
  return {
    id: ranked ? ulidOf(ranked.id) : derivedUlid(organisation.id, 'severity', severity),
    name: shorten(ranked?.name ?? severity, bounds.name),
    description: shorten(ranked?.description ?? '', bounds.name),
    rank: ranked?.rank ?? (level === null ? 0 : ranks[level]),
    created_at: ranked ? microseconds(ranked.createdAt) : always,
    updated_at: ranked ? microseconds(ranked.updatedAt) : always,
  };
}

function typeOf(type: SnapshotType, { name }: Bounds) {
  return {
    id: ulidOf(type.id),
    name: shorten(type.name, name),
    description: shorten(type.description, name),
    is_default: type.isDefault,
    private_incidents_only: type.privateIncidentsOnly,
    create_in_triage: type.createInTriage,
    created_at: microseconds(type.createdAt),
    updated_at: microseconds(type.updatedAt),
  };
}
