import { z } from 'zod';
import { incidentReference, type PendingAction } from '../../domain/incident/incident.ts';
import { logEntryTypes } from '../../domain/incident/log-entry.ts';
import type { IncidentRead, LogEntryRead } from '../../stores/incident-reads.ts';
import { assignee, id, timestamp, urgency, withMessage } from '../fields.ts';
import { agent, presentAgent } from './agent.ts';
import { statuses } from './request-schema.ts';

export const incident = z
  .object({
    id,
    number: z.int(),
    reference: z.string(),
    name: z.string(),
    description: z.string(),
    status: z.enum(statuses),
    urgency,
    severity: z.string().nullable(),
    priority: z.string().nullable(),
    team_id: id,
    ruleset_id: id.nullable(),
    ruleset_version: z.int().nullable().meta({ description: 'Which version of the ruleset opened it.' }),
    webhook_id: id.nullable(),
    assignees: z.array(assignee),
    incident_key: z.string().nullable(),
    occurrences: z.int(),
    created_at: timestamp,
    acknowledged_at: timestamp.nullable(),
    resolved_at: timestamp.nullable(),
    resolution: z.string().nullable(),
    root_cause: z.string().nullable(),
    acknowledgement_timeout: z.int().nullable(),
    auto_resolve_timeout: z.int().nullable(),
    quiet_resolve: z.int().nullable(),
    pending_actions: z
      .array(z.object({ type: z.enum(['unacknowledge', 'resolve']), at: timestamp }))
      .meta({ description: 'Timers, by time due.' }),
  })
  .meta({
    id: 'Incident',
    examples: [
      {
        id: '01993c53-0b10-7e01-8f2a-1b2c3d4e5f60',
        number: 7,
        reference: 'INC-7',
        name: 'Checkout is failing',
        description: 'Orders fail with 503.',
        status: 'acknowledged',
        urgency: 'high',
        severity: 'SEV1',
        priority: null,
        team_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
        ruleset_id: '01993c50-2f6e-7a90-8b1c-7d8e9fa0b1c2',
        ruleset_version: 3,
        webhook_id: '01993c4c-9d2e-7b33-8a4c-5d6e7f809102',
        assignees: [{ type: 'team', id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091' }],
        incident_key: 'checkout',
        occurrences: 12,
        created_at: '2026-03-15T19:09:39.000Z',
        acknowledged_at: '2026-03-15T19:12:04.311Z',
        resolved_at: null,
        resolution: null,
        root_cause: null,
        acknowledgement_timeout: 1800,
        auto_resolve_timeout: 14400,
        quiet_resolve: null,
        pending_actions: [
          { type: 'unacknowledge', at: '2026-03-15T19:42:04.311Z' },
          { type: 'resolve', at: '2026-03-15T23:09:39.000Z' },
        ],
      },
    ],
  });

export const storedIncident = withMessage(incident, 'StoredIncident', 'The incident was updated.');

export const logEntry = z
  .object({
    type: z.enum(logEntryTypes),
    at: timestamp,
    agent,
    channel: z.enum(['api', 'event', 'timer', 'signal']),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({
    id: 'LogEntry',
    examples: [
      {
        type: 'acknowledged',
        at: '2026-03-15T19:12:04.311Z',
        agent: { type: 'member', id: '01993c4b-7a60-7d11-9c8d-6e5f4a3b2c1d', name: 'Ada' },
        channel: 'api',
        details: {},
      },
    ],
  });

export function presentIncident(row: IncidentRead): z.input<typeof incident> {
  return {
    id: row.id,
    number: row.number,
    reference: incidentReference(row.number),
    name: row.name,
    description: row.description,
    status: row.status,
    urgency: row.urgency,
    severity: row.severity,
    priority: row.priority,
    team_id: row.teamId,
    ruleset_id: row.rulesetId,
    ruleset_version: row.rulesetVersion,
    webhook_id: row.webhookId,
    assignees: row.assignees,
    incident_key: row.incidentKey,
    occurrences: row.occurrences,
    created_at: row.createdAt,
    acknowledged_at: row.acknowledgedAt,
    resolved_at: row.resolvedAt,
    resolution: row.resolution,
    root_cause: row.rootCause,
    acknowledgement_timeout: row.acknowledgementTimeout,
    auto_resolve_timeout: row.autoResolveTimeout,
    quiet_resolve: row.quietResolve,
    pending_actions: row.pendingActions
      .map((pending) => presentTimer(pending, row))
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
  };
}

/** One that waits for quiet moves with each occurrence, though what is stored moves only when it comes due. */
function presentTimer({ type, at }: PendingAction, { quietResolve, lastOccurrenceAt }: IncidentRead) {
  if (type !== 'quiet_resolve') return { type, at };
  const quietAt = Date.parse(lastOccurrenceAt ?? at) + (lastOccurrenceAt === null ? 0 : (quietResolve ?? 0)) * 1_000;
  return { type: 'resolve' as const, at: quietAt > Date.parse(at) ? new Date(quietAt).toISOString() : at };
}

export function presentLogEntry({ type, at, agent: who, channel, details }: LogEntryRead): z.input<typeof logEntry> {
  return { type, at, agent: presentAgent(who), channel, details };
}
