import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import type { OutboundSnapshot } from '../../domain/webhook/outbound-event.ts';
import type { Dialect } from '../dialect.ts';
import { assertStandsFor } from '../stands-for.ts';

/** The snapshot as that of an incident. Throws when `event` of the dialect does not stand for what happened to it. */
export function toldIncident(dialect: Dialect, event: string, snapshot: OutboundSnapshot): IncidentSnapshot {
  assertStandsFor(dialect, event, snapshot);
  if (snapshot.kind !== undefined) throw new Error(`In ${dialect.name}, ${event} tells of no incident`);
  return snapshot;
}
