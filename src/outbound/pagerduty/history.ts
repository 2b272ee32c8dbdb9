import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import type { Deed } from '../../domain/incident/trail.ts';

/** What V2 and V1 say of earlier transitions, from the trail or, where an earlier release left none, as far as is known. */

/** How it began; null: nobody knows any more. */
export function openedBy({ incident, transition }: IncidentSnapshot): Deed | null {
  return incident.trail?.opened ?? (transition.type === 'triggered' ? transition : null);
}

/** Since when those who are assigned are. */
export function assignedAt({ incident }: IncidentSnapshot): string {
  return incident.trail?.assignedAt ?? incident.createdAt;
}

/** Empty unless it is acknowledged: what people take back, or a reassignment does, is no longer told. */
export function acknowledgements({ incident, transition }: IncidentSnapshot): Deed[] {
  if (incident.status !== 'acknowledged') return [];
  const known = incident.trail?.acknowledgements ?? [];
  return known.length === 0 && isAcknowledging(transition.type) ? [transition] : known;
}

/** When, and by whom where that is known. */
export function lastStatusChange({ incident, transition }: IncidentSnapshot): Pick<Deed, 'at'> & Partial<Deed> {
  const { previousStatus } = transition;
  if (previousStatus !== undefined && previousStatus !== incident.status) return transition;
  const { resolvedAt, acknowledgedAt, createdAt } = incident;
  return incident.trail?.lastStatusChange ?? { at: resolvedAt ?? acknowledgedAt ?? createdAt };
}

function isAcknowledging(type: IncidentSnapshot['transition']['type']): boolean {
  return type === 'acknowledged' || type === 'snoozed';
}
