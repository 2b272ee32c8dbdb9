import { z } from 'zod';
import { incidentReference, type PendingAction, responderReplies } from '../../domain/incident/incident.ts';
import { logEntryTypes } from '../../domain/incident/log-entry.ts';
import { visibilities } from '../../domain/incident/snapshot.ts';
import { type IncidentRead, type LogEntryRead, workflowEnds } from '../../stores/incident-reads.ts';
import { assignee, id, timestamp, urgency, withMessage } from '../fields.ts';
import { agent, presentAgent } from './agent.ts';
import { statuses } from './request-schema.ts';

/** As people see them: whatever resolves an incident by itself is `resolve`. */
export const shownPendingActions = ['escalate', 'unacknowledge', 'urgency_change', 'resolve'] as const;

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
    visibility: z.enum(visibilities),
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
    escalation: z
      .object({
        policy_id: id,
        policy_name: z.string(),
        policy_version: z.int(),
        level: z.int().meta({ description: 'Asked last; counted from 1.' }),
        cycle: z.int().meta({ description: 'How often the policy began again.' }),
        exhausted: z.boolean().meta({ description: 'Everybody was asked in vain, and nobody else will be.' }),
      })
      .nullable()
      .meta({
        description: 'Where it stands in its escalation policy; null: it has none, or people named by hand took over.',
      }),
    pending_actions: z
      .array(z.object({ type: z.enum(shownPendingActions), at: timestamp }))
      .meta({ description: 'Timers, by time due.' }),
    responders: z
      .array(z.object({ member_id: id, state: z.enum(['pending', ...responderReplies]) }))
      .meta({ description: 'Who was asked to help, and what they said.' }),
    conference_bridge: z
      .object({ number: z.string().nullable(), url: z.string().nullable() })
      .nullable()
      .meta({ description: 'Where those who work on it talk.' }),
    merged_into: id.nullable().meta({ description: 'The incident it was merged into, or is being merged into.' }),
    resolve_reason: z
      .enum(['merged'])
      .nullable()
      .meta({ description: 'Why it was resolved, where that was neither a command nor a timer of its own.' }),
    workflow_ended: z
      .object({ how: z.enum(workflowEnds), at: timestamp })
      .nullable()
      .meta({
        description:
          'Somebody ended its workflow in Temporal, so its timers rest. The next command starts it again, and this is null.',
      }),
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
        visibility: 'public',
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
        escalation: {
          policy_id: '01993c4e-1f00-7a11-8b22-3c4d5e6f7081',
          policy_name: 'Checkout',
          policy_version: 2,
          level: 1,
          cycle: 0,
          exhausted: false,
        },
        pending_actions: [
          { type: 'unacknowledge', at: '2026-03-15T19:42:04.311Z' },
          { type: 'resolve', at: '2026-03-15T23:09:39.000Z' },
        ],
        responders: [{ member_id: '01993c4b-7a60-7d11-9c8d-6e5f4a3b2c1d', state: 'accepted' }],
        conference_bridge: { number: null, url: 'https://meet.example.com/checkout' },
        merged_into: null,
        resolve_reason: null,
        workflow_ended: null,
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
    visibility: row.visibility,
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
    escalation: presentEscalation(row),
    pending_actions: row.pendingActions
      .map((pending) => presentTimer(pending, row))
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
    responders: row.responders.map(({ memberId, state }) => ({ member_id: memberId, state })),
    conference_bridge: row.conferenceBridge && { number: row.conferenceBridge.number, url: row.conferenceBridge.url },
    merged_into: row.mergedInto,
    resolve_reason: row.resolveReason,
    workflow_ended: row.workflowEnd && row.workflowEndedAt ? { how: row.workflowEnd, at: row.workflowEndedAt } : null,
  };
}

function presentEscalation({ escalation }: IncidentRead): z.input<typeof incident>['escalation'] {
  if (!escalation) return null;
  const { policyId, policyName, policyVersion, level, cycle, exhausted } = escalation;
  return { policy_id: policyId, policy_name: policyName, policy_version: policyVersion, level, cycle, exhausted };
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
