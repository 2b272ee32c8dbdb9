import { v7 as uuid } from 'uuid';
import type { Status } from '../../src/domain/incident/incident.ts';
import type { TransitionType } from '../../src/domain/incident/log-entry.ts';
import { openIncident } from '../../src/domain/incident/open-incident.ts';
import type { IncidentSnapshot } from '../../src/domain/incident/snapshot.ts';
import { planTransition } from '../../src/outbound/dialect.ts';
import { dialects } from '../../src/outbound/index.ts';
import { shardOf } from '../../src/stores/doorbell.ts';
import type { Sql } from '../../src/stores/sql.ts';
import type { TestOrganisation } from './organisation.ts';

const statuses: Record<TransitionType, Status> = {
  triggered: 'triggered',
  acknowledged: 'acknowledged',
  unacknowledged: 'triggered',
  escalated: 'triggered',
  updated: 'triggered',
  alerted: 'triggered',
  resolved: 'resolved',
  action_run: 'triggered',
  escalation_exhausted: 'triggered',
  reassigned: 'triggered',
  delegated: 'triggered',
  snoozed: 'acknowledged',
  priority_updated: 'triggered',
  annotated: 'triggered',
  responder_added: 'triggered',
  responder_replied: 'triggered',
  status_update_published: 'triggered',
  conference_bridge_updated: 'triggered',
  pending_action_changed: 'triggered',
  merged: 'triggered',
  reopened: 'triggered',
};

/** What snapshots of the first release hold, and nothing else; `changes` replaces parts of it. */
export function sampleSnapshot(type: TransitionType, changes: Partial<IncidentSnapshot> = {}): IncidentSnapshot {
  const resolved = type === 'resolved';
  return {
    incident: {
      id: '0199aaaa-0000-7000-8000-000000000001',
      number: 1234,
      name: 'Production API — Status code 503',
      description: 'The health check failed.',
      status: statuses[type],
      urgency: 'high',
      assignees: [{ type: 'team', id: '0199aaaa-0000-7000-8000-000000000007' }],
      incidentKey: 'production-api',
      occurrences: 1,
      createdAt: '2026-04-16T14:23:00.123456Z',
      acknowledgedAt: type === 'acknowledged' || resolved ? '2026-04-16T14:28:00.001Z' : null,
      resolvedAt: resolved ? '2026-04-16T14:47:00.999Z' : null,
      resolution: resolved ? 'Pool enlarged' : null,
      rootCause: resolved ? 'Database connection pool exhausted during deploy' : null,
      pendingActions: resolved ? [] : [{ type: 'resolve', at: '2026-04-16T18:23:00.123Z', generation: 1 }],
    },
    organisation: { id: '0199aaaa-0000-7000-8000-000000000002', name: 'Acme' },
    team: { id: '0199aaaa-0000-7000-8000-000000000007', number: 7, name: 'Acme Corp' },
    service: { type: 'ruleset', id: '0199aaaa-0000-7000-8000-000000000003', number: 3, name: 'Status codes' },
    webhook: {
      id: '0199aaaa-0000-7000-8000-000000000042',
      number: 42,
      name: 'Production API',
      monitorUrl: 'https://api.yourapp.com/health',
      monitorMethod: 'GET',
    },
    check: {
      httpStatusCode: 503,
      responseTimeMs: 1203,
      error: 'HTTP error: 503 Service Unavailable',
      checkedAt: '2026-04-16T14:23:00.100Z',
    },
    transition: {
      id: `${type}-1`,
      type,
      at: resolved ? '2026-04-16T14:47:00.999Z' : '2026-04-16T14:23:00.123Z',
      agent: { type: 'ruleset', id: '0199aaaa-0000-7000-8000-000000000003', name: 'Status codes' },
      channel: 'event',
      action:
        type === 'action_run'
          ? {
              id: '0199aaaa-0000-7000-8000-000000000009',
              type: 'trigger-webhook',
              trigger: 'manual',
              subscriptionId: null,
            }
          : null,
    },
    ...changes,
  };
}

/** The least a delivery stands on: an incident without a workflow. */
export async function insertIncident(sql: Sql, organisation: TestOrganisation, number = 1): Promise<string> {
  const id = uuid();
  const { organisationId, teamId } = organisation;
  const createdAt = new Date().toISOString();
  const state = openIncident(
    {
      organisationId,
      incidentId: id,
      number,
      teamId,
      name: 'Probe failed',
      urgency: 'high',
      createdAt,
      acknowledgementTimeout: null,
      autoResolveTimeout: null,
      openedBy: { type: 'key', id: null, name: 'Test key' },
      openedThrough: 'api',
      openingActions: [],
    },
    [],
  );
  await sql`
    INSERT INTO incidents (id, organisation_id, number, team_id, name, description, urgency, created_at, status, lifecycle, opening)
    VALUES (${id}, ${organisationId}, ${number}, ${teamId}, 'Probe failed', '', 'high', ${createdAt}, 'triggered',
            ${sql.json(state.lifecycle as never)}, ${sql.json(state as never)})`;
  return id;
}

export interface TestTransition {
  organisationId: string;
  incidentId: string;
  sequence: number;
  type?: TransitionType;
  subscriptionIds: string[];
  /** When its deliveries come due; now without it. */
  dueAt?: string;
}

/** Stores a transition with one pending delivery for each subscription, as recording one does; answers their ids. */
export async function insertTransition(sql: Sql, transition: TestTransition): Promise<string[]> {
  const { organisationId, incidentId, sequence, type = 'triggered', subscriptionIds } = transition;
  const sample = sampleSnapshot(type);
  const snapshot = { ...sample, incident: { ...sample.incident, id: incidentId, number: sequence } };
  return sql.begin(async (tx) => {
    await tx`
      INSERT INTO transitions (organisation_id, incident_id, sequence, id, type, at, snapshot)
      VALUES (${organisationId}, ${incidentId}, ${sequence}, ${uuid()}, ${type}, now(), ${tx.json(snapshot as never)})`;
    const ids: string[] = [];
    for (const subscriptionId of subscriptionIds) {
      const id = uuid();
      ids.push(id);
      const [subscription] = await tx<
        { dialect: string }[]
      >`SELECT dialect FROM subscriptions WHERE id = ${subscriptionId}`;
      const spoken = Object.values(dialects).filter(({ name }) => name === subscription?.dialect);
      const [planned] = planTransition(spoken, { type, details: {} });
      await tx`
        INSERT INTO deliveries
          (id, organisation_id, subscription_id, incident_id, subject_id, sequence, transition_type, event, shard,
           next_attempt_at, created_at)
        VALUES (${id}, ${organisationId}, ${subscriptionId}, ${incidentId}, ${incidentId}, ${sequence}, ${type},
                ${planned?.event ?? `incident.${type}`}, ${shardOf(subscriptionId)}, COALESCE(${transition.dueAt ?? null}::timestamptz, now()), now())`;
    }
    return ids;
  });
}
