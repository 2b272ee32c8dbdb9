import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import { microseconds, secondsBetween } from './times.ts';
import { derivedUlid } from './ulid.ts';

/**
 * Times and durations that incident.io keeps for every incident; of what has not happened the value is left out. A time
 * that was set by hand stands for our own.
 */

export const timestampNames = ['Reported at', 'Accepted at', 'Resolved at'] as const;
export type TimestampName = (typeof timestampNames)[number];

/** The times that every incident of an organisation has a place for. */
export function incidentTimestamps(organisationId: string): { id: string; name: TimestampName; rank: number }[] {
  return timestampNames.map((name, index) => ({
    id: derivedUlid(organisationId, 'incident_timestamp', name),
    name,
    rank: index + 1,
  }));
}

export function timestampValues({ incident, organisation }: IncidentSnapshot) {
  const own: Record<TimestampName, string | null> = {
    'Reported at': incident.createdAt,
    'Accepted at': incident.acknowledgedAt,
    'Resolved at': incident.resolvedAt,
  };
  return incidentTimestamps(organisation.id).map((timestamp) => ({
    incident_timestamp: timestamp,
    ...withValue(incident.timestamps?.[timestamp.name] ?? own[timestamp.name]),
  }));
}

function withValue(at: string | null) {
  return at === null ? {} : { value: { value: microseconds(at) } };
}

export function durationMetrics({ incident, organisation }: IncidentSnapshot) {
  const durations = [
    ['Time to acknowledge', incident.acknowledgedAt],
    ['Time to resolve', incident.resolvedAt],
  ] as const;
  return durations.map(([name, until]) => ({
    duration_metric: { id: derivedUlid(organisation.id, 'duration_metric', name), name },
    ...(until === null ? {} : { value_seconds: secondsBetween(incident.createdAt, until) }),
  }));
}
