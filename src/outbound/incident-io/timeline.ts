import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import { microseconds, secondsBetween } from './times.ts';
import { derivedUlid } from './ulid.ts';

/** Times and durations that incident.io keeps for every incident; of what has not happened the value is left out. */

export function timestampValues({ incident, organisation }: IncidentSnapshot) {
  const times = [
    ['Reported at', incident.createdAt],
    ['Accepted at', incident.acknowledgedAt],
    ['Resolved at', incident.resolvedAt],
  ] as const;
  return times.map(([name, at], index) => ({
    incident_timestamp: { id: derivedUlid(organisation.id, 'incident_timestamp', name), name, rank: index + 1 },
    ...(at === null ? {} : { value: { value: microseconds(at) } }),
  }));
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
