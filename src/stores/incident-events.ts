import { v7 as uuid } from 'uuid';
import type { Agent, LogEntryType, TransitionType } from '../domain/incident/log-entry.ts';
import { type IncidentEvent, type IncidentEventSnapshot, nameOfEvent } from '../domain/webhook/incident-event.ts';
import { planIncidentEvent } from '../outbound/dialect.ts';
import { dialects } from '../outbound/index.ts';
import { ringAtCommit } from './doorbell.ts';
import { insertOwnDeliveries } from './own-deliveries.ts';
import type { Transaction } from './sql.ts';
import { isOfInterest } from './subscription-filters.ts';

/** Something that happened to an incident, when (ISO 8601), and by whom. */
export interface HappenedToIncident {
  event: IncidentEvent;
  at: string;
  agent: Agent;
}

/**
 * Tells the subscriptions that ask for it of something that is no transition, in the transaction that does it and with
 * the incident as it is then. It is delivered after what the incident's transitions left to deliver; later ones do not
 * wait for it. Throws for an incident that the organisation does not have.
 */
export async function tellOfIncident(
  tx: Transaction,
  organisationId: string,
  incidentId: string,
  { event, at, agent }: HappenedToIncident,
): Promise<void> {
  const [about] = await tx<Pick<IncidentEventSnapshot, 'organisation' | 'incident'>[]>`
    SELECT jsonb_build_object('id', o.id, 'name', o.name) AS organisation,
      jsonb_build_object('id', i.id, 'number', i.number, 'name', i.name, 'visibility', i.visibility) AS incident
    FROM incidents i JOIN organisations o ON o.id = i.organisation_id
    WHERE i.organisation_id = ${organisationId} AND i.id = ${incidentId}`;
  if (!about) throw new Error(`There is no incident ${incidentId}`);
  const planned = planIncidentEvent(Object.values(dialects), nameOfEvent(event), about.incident.visibility);
  const rows = await tx<{ subscriptionId: string; event: string }[]>`
    SELECT s.id AS subscription_id, planned.event FROM subscriptions s
    JOIN incidents i ON i.organisation_id = s.organisation_id AND i.id = ${incidentId}
    JOIN jsonb_to_recordset(${tx.json(planned)}::jsonb) AS planned (dialect text, event text)
      ON planned.dialect = s.dialect AND planned.event = ANY(s.events)
    WHERE s.organisation_id = ${organisationId} AND s.enabled AND s.deleted_at IS NULL
      AND (i.visibility = 'public' OR s.includes_private) AND ${isOfInterest(tx)}
    ORDER BY s.id FOR KEY SHARE OF s`;
  const snapshot: IncidentEventSnapshot = { ...event, at, agent, ...about };
  const deliveries = rows.map((row) => ({ ...row, id: uuid(), item: 0, snapshot, subjectId: incidentId }));
  await ringAtCommit(tx, 'outbox', await insertOwnDeliveries(tx, organisationId, deliveries));
}

/** Apart from the entries that belong to the transition itself, such as the outcome of its action. */
const firstIndex = 100;

/**
 * A line of the incident's log that stands for no transition: it follows the newest one. Lock the incident's row first,
 * since two lines at once would want the same place.
 */
export async function logOfIncident(
  tx: Transaction,
  organisationId: string,
  incidentId: string,
  entry: {
    type: Exclude<LogEntryType, TransitionType>;
    at: string;
    agent: Agent;
    details: Record<string, unknown>;
  },
): Promise<void> {
  await tx`
    INSERT INTO log_entries (organisation_id, incident_id, sequence, index, type, at, agent, channel, details)
    SELECT i.organisation_id, i.id, i.sequence,
      (SELECT greatest(max(l.index) + 1, ${firstIndex}) FROM log_entries l
        WHERE l.organisation_id = i.organisation_id AND l.incident_id = i.id AND l.sequence = i.sequence),
      ${entry.type}, ${entry.at}, ${tx.json(entry.agent as never)}, 'api', ${tx.json(entry.details as never)}
    FROM incidents i WHERE i.organisation_id = ${organisationId} AND i.id = ${incidentId}`;
}
