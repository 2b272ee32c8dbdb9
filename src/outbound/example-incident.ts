import type { Channel, TransitionType } from '../domain/incident/log-entry.ts';
import type { IncidentSnapshot, Visibility } from '../domain/incident/snapshot.ts';
import type { Deed } from '../domain/incident/trail.ts';
import { castOf, minutesFrom, exampleNumber, type ExampleCast, type ExampleSetting } from './example-cast.ts';
import { exampleName, exampleResolution, exampleRootCause, storyOf } from './example-story.ts';

/** An incident right after a transition, half an hour old unless that opened it. */
export function exampleIncident(
  type: TransitionType,
  setting: ExampleSetting,
  visibility: Visibility = 'public',
): IncidentSnapshot {
  const { organisation, team, now } = setting;
  const cast = castOf(setting);
  const { member, responder, service, webhook, agents } = cast;
  const { from, to, by, details } = storyOf(type, cast);
  const createdAt = type === 'triggered' ? now : minutesFrom(now, -30);
  const acknowledgedAt = to === 'triggered' ? null : from === 'acknowledged' ? minutesFrom(now, -20) : now;
  const isResolved = to === 'resolved';
  const deed: Deed = { at: now, agent: agents[by], channel: channels[by] };
  const opened: Deed = { at: createdAt, agent: agents.ruleset, channel: channels.ruleset };
  const acknowledged: Deed = { at: acknowledgedAt ?? now, agent: agents.member, channel: channels.member };
  const unchanged = to === 'acknowledged' ? acknowledged : opened;
  return {
    incident: {
      id: cast.incidentId,
      number: exampleNumber,
      name: exampleName,
      description: 'Example: more than one order in ten ends in an error.',
      status: to,
      urgency: 'high',
      severity: cast.severity.name,
      priority: 'P1',
      visibility,
      assignees: cast.assignees,
      assigned: [member.id],
      incidentKey: 'example-checkout',
      eventId: cast.eventId,
      occurrences: 3,
      createdAt,
      acknowledgedAt,
      resolvedAt: isResolved ? now : null,
      resolution: isResolved ? exampleResolution : null,
      rootCause: isResolved ? exampleRootCause : null,
      pendingActions: isResolved ? [] : [{ type: 'resolve', at: cast.later, generation: 1 }],
      escalationPolicy: cast.policy,
      escalation: { level: 1, cycle: 0, exhausted: type === 'escalation_exhausted' },
      responders: [{ memberId: responder.id, state: type === 'responder_added' ? 'pending' : 'accepted' }],
      conferenceBridge: cast.bridge,
      mergedInto: null,
      acknowledgementTimeout: 1_800,
      trail: {
        opened,
        assignedAt: createdAt,
        acknowledgements: to === 'acknowledged' ? [acknowledged] : [],
        lastStatusChange: from === to ? unchanged : deed,
        escalations: type === 'escalated' ? 1 : 0,
        ...(type === 'reopened' ? { reopenedAt: now } : {}),
      },
      apiKey: null,
      mode: 'standard',
      timestamps: {},
      incidentStatus: cast.statuses[to],
      rankedSeverity: cast.severity,
      incidentType: cast.incidentType,
      customFields: [cast.customField],
      roleAssignments: acknowledgedAt === null ? [] : [{ ...cast.lead, memberId: member.id }],
    },
    organisation,
    team,
    service: { ...service, status: to, lastIncidentAt: createdAt },
    webhook,
    check: { httpStatusCode: 503, responseTimeMs: 1_203, error: 'Example: service unavailable', checkedAt: createdAt },
    people: [member, responder],
    hops: 0,
    transition: {
      id: `example-${type}`,
      type,
      sequence: type === 'triggered' ? 1 : 2,
      at: now,
      agent: deed.agent,
      channel: deed.channel,
      details,
      action: actionOf(type, cast),
      previousStatus: from,
      previousIncidentStatus: from && cast.statuses[from],
    },
  };
}

const channels = { member: 'api', ruleset: 'event', timer: 'timer' } as const satisfies Record<string, Channel>;

function actionOf(type: TransitionType, { actionId: id }: ExampleCast): IncidentSnapshot['transition']['action'] {
  const run = { id, trigger: 'automated', subscriptionId: null, definitionId: null } as const;
  if (type === 'alerted') return { ...run, type: 'trigger-alerts' };
  return type === 'action_run' ? { ...run, type: 'trigger-webhook' } : null;
}
