import { v7 as uuid } from 'uuid';
import type { ActionType, TransitionType } from '../../src/domain/incident/log-entry.ts';
import type { IncidentSnapshot } from '../../src/domain/incident/snapshot.ts';
import type { Sealer } from '../../src/stores/sealed.ts';
import type { Sql } from '../../src/stores/sql.ts';
import type { TestOrganisation } from './organisation.ts';
import { insertIncident, sampleSnapshot } from './transition.ts';

export interface TestRun {
  type?: ActionType;
  settings: Record<string, unknown>[];
  headers?: Record<string, string>;
  /** Replaces parts of the incident in its snapshot. */
  incident?: Partial<IncidentSnapshot['incident']>;
  /** The incident was opened by an event that so many of our own actions led to; without it, by no event. */
  hops?: number;
}

/** An incident with one recorded run of an action, as the recording statement leaves it; answers what names the run. */
export async function insertActionRun(sql: Sql, organisation: TestOrganisation, sealer: Sealer, run: TestRun) {
  const { organisationId, webhookId } = organisation;
  const { type = 'trigger-webhook', settings, headers, hops } = run;
  const [{ number }] = (await sql`SELECT count(*)::int + 1 AS number FROM incidents`) as unknown as [
    { number: number },
  ];
  const incidentId = await insertIncident(sql, organisation, number);
  if (hops !== undefined) {
    const eventId = uuid();
    await sql`
      INSERT INTO events (id, organisation_id, webhook_id, shard, received_at, ip, body, hops)
      VALUES (${eventId}, ${organisationId}, ${webhookId}, 0, clock_timestamp(), '127.0.0.1', ${Buffer.from('{}')}, ${hops})`;
    await sql`UPDATE incidents SET event_id = ${eventId} WHERE id = ${incidentId}`;
  }
  const [actionId, definitionId] = [uuid(), uuid()];
  const transitionType: TransitionType = type === 'trigger-alerts' ? 'alerted' : 'action_run';
  const sample = sampleSnapshot(transitionType);
  const snapshot: IncidentSnapshot = {
    ...sample,
    incident: { ...sample.incident, id: incidentId, ...run.incident },
    transition: {
      ...sample.transition,
      agent: { type: 'key', id: organisation.apiKeyId, name: 'Test key' },
      channel: 'api',
      action: { id: actionId, type, trigger: 'manual', subscriptionId: null, definitionId },
    },
  };
  const sealed = headers ? sealer.seal(JSON.stringify(headers), definitionId) : null;
  await sql`
    INSERT INTO transitions (organisation_id, incident_id, sequence, id, type, at, snapshot)
    VALUES (${organisationId}, ${incidentId}, 2, ${uuid()}, ${transitionType}, now(), ${sql.json(snapshot as never)})`;
  await sql`
    INSERT INTO action_definitions (id, organisation_id, action_id, incident_id, position, type, settings, headers, digest)
    VALUES (${definitionId}, ${organisationId}, ${uuid()}, ${incidentId}, 0, ${type}, ${sql.json(settings as never)},
            ${sealed}, ${Buffer.alloc(32)})`;
  await sql`
    INSERT INTO actions (
      id, organisation_id, incident_id, sequence, type, trigger, settings, at, definition_id, headers, digest)
    VALUES (${actionId}, ${organisationId}, ${incidentId}, 2, ${type}, 'manual', ${sql.json(settings as never)}, now(),
            ${definitionId}, ${sealed}, ${Buffer.alloc(32)})`;
  return { organisationId, incidentId, actionId };
}
