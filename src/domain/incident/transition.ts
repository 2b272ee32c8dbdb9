import type { ErrorCode } from '../error-code.ts';
import { firstPosition, type PolicySnapshot } from '../escalation/policy.ts';
import type { Command } from './command.ts';
import { detailsOf } from './details-of.ts';
import { askAgain, backToTriggered, enterLevel, leavePolicy, positionAfter } from './escalation-step.ts';
import type { Assignee, IncidentFacts, IncidentState, Lifecycle, Urgency } from './incident.ts';
import type { Action, Agent, Channel, TransitionType } from './log-entry.ts';
import { arm, armAt, disarm } from './pending-action.ts';

/** One thing that happened, ready to be stored: the incident as it is afterwards, and the line its log gets. */
export interface Transition {
  id: string;
  sequence: number;
  type: TransitionType;
  /** ISO 8601, by the workflow's clock. */
  at: string;
  agent: Agent;
  channel: Channel;
  details: Record<string, unknown>;
  lifecycle: Lifecycle;
  /** New texts; null leaves the stored one alone. */
  resolution: string | null;
  rootCause: string | null;
  /** Absent in those of earlier releases. */
  name?: string | null;
  description?: string | null;
  urgency?: Urgency | null;
  /** Set only where they change, also to null. */
  severity?: { to: string | null } | null;
  priority?: { to: string | null } | null;
  escalationPolicy?: { to: PolicySnapshot } | null;
  action: Action | null;
}

export type TransitionResult =
  { accepted: true; state: IncidentState; transition: Transition } | { accepted: false; code: ErrorCode };

/** The state a new incident's workflow starts from. Its `trigger` transition is still to come. */
export function openIncident(facts: IncidentFacts, assignees: Assignee[]): IncidentState {
  const lifecycle: Lifecycle = {
    status: 'triggered',
    assignees,
    acknowledgedAt: null,
    resolvedAt: null,
    pendingActions: [],
    generations: {},
    sequence: 0,
  };
  const { escalationPolicy, createdAt } = facts;
  const aging = armNextUrgency(armEnds(lifecycle, facts, createdAt), facts, createdAt);
  return {
    ...facts,
    lifecycle: escalationPolicy ? enterLevel(aging, escalationPolicy, firstPosition, createdAt) : aging,
  };
}

/** The timers that end an incident nobody ends. */
function armEnds(lifecycle: Lifecycle, facts: IncidentFacts, from: string): Lifecycle {
  const aging = arm(lifecycle, 'resolve', facts.autoResolveTimeout, from);
  return arm(aging, 'quiet_resolve', facts.quietResolveTimeout ?? null, from);
}

/** Waits for the first change of urgency after that instant that is known: support hours begin or end. */
export function armNextUrgency(lifecycle: Lifecycle, { urgencyChanges = [] }: IncidentFacts, after: string): Lifecycle {
  const next = urgencyChanges.find(({ at }) => Date.parse(at) > Date.parse(after));
  return next ? armAt(lifecycle, 'urgency_change', next.at, next.to) : disarm(lifecycle, 'urgency_change');
}

/** What may still happen to an incident that is over. */
const afterwards: ReadonlySet<Command['type']> = new Set([
  'annotate',
  'change',
  'prioritise',
  'publish_status_update',
  // Others may be merged into it while it is being resolved.
  'merge',
  'reopen',
]);

interface Change {
  type: TransitionType;
  lifecycle: Lifecycle;
  details?: Record<string, unknown>;
  policy?: PolicySnapshot;
}

/** The one place where incidents change. Pure: the instant is an argument, and the state given is left alone. */
export function transition(state: IncidentState, command: Command, at: string): TransitionResult {
  const { status } = state.lifecycle;
  if (status === 'resolved' && !afterwards.has(command.type)) return { accepted: false, code: 'incident_resolved' };
  const change = changeOf(state, command, at);
  return typeof change === 'string' ? { accepted: false, code: change } : accept(state, command, at, change);
}

function changeOf(state: IncidentState, command: Command, at: string): Change | ErrorCode {
  const { lifecycle } = state;
  const policy = state.escalationPolicy ?? null;

  switch (command.type) {
    case 'trigger':
      return { type: 'triggered', lifecycle, details: { assignees: lifecycle.assignees } };

    case 'acknowledge': {
      if (lifecycle.status === 'acknowledged') return 'already_acknowledged';
      const timeout = state.acknowledgementTimeout;
      const lifecycleAfter = arm(acknowledged(lifecycle, at), 'unacknowledge', timeout, at);
      return { type: 'acknowledged', lifecycle: lifecycleAfter, details: { acknowledgement_timeout: timeout } };
    }

    case 'snooze':
      return {
        type: 'snoozed',
        lifecycle: arm(acknowledged(lifecycle, at), 'unacknowledge', command.duration, at),
        details: { duration: command.duration },
      };

    case 'unacknowledge':
      if (lifecycle.status !== 'acknowledged') return 'not_acknowledged';
      return {
        type: 'unacknowledged',
        lifecycle: askAgain(lifecycle, policy, at),
        details: command.dueAt === undefined ? {} : { due_at: command.dueAt },
      };

    case 'escalate':
      return escalation(state, command, at);

    case 'reassign':
      return {
        type: 'reassigned',
        lifecycle: leavePolicy(lifecycle, command.assignees),
        details: { assignees: command.assignees },
      };

    case 'delegate': {
      const given = command.policy;
      // A delegation begins anew, its age too (PagerDuty's V1 sample).
      const aging = arm(lifecycle, 'resolve', state.autoResolveTimeout, at);
      return {
        type: 'delegated',
        lifecycle: enterLevel(aging, given, firstPosition, at),
        details: { escalation_policy_id: given.id, escalation_policy_name: given.name },
        policy: given,
      };
    }

    case 'change': {
      const { name, urgency, assignees } = command.changes;
      if (lifecycle.status === 'resolved' && (urgency !== undefined || assignees !== undefined))
        return 'incident_resolved';
      const changed: Lifecycle = {
        ...lifecycle,
        ...(name === undefined ? {} : { name }),
        ...(urgency === undefined ? {} : { urgency }),
        ...(assignees === undefined ? {} : { assignees }),
      };
      return { type: 'updated', lifecycle: changed, details: detailsOf(command.changes) };
    }

    case 'change_urgency':
      return {
        type: 'updated',
        lifecycle: armNextUrgency({ ...lifecycle, urgency: command.urgency }, state, command.dueAt),
        details: { urgency: command.urgency, changed: ['urgency'], due_at: command.dueAt },
      };

    case 'prioritise':
      return { type: 'priority_updated', lifecycle, details: { priority: command.priority } };

    case 'annotate':
      return { type: 'annotated', lifecycle, details: { content: command.content } };

    case 'add_responders': {
      const known = lifecycle.responders ?? [];
      const added = command.memberIds.filter((id) => !known.some(({ memberId }) => memberId === id));
      if (known.length + added.length > mostResponders) return 'limit_reached';
      const responders = [...known, ...added.map((memberId) => ({ memberId, state: 'pending' as const }))];
      return {
        type: 'responder_added',
        lifecycle: { ...lifecycle, responders },
        details: { member_ids: command.memberIds, message: command.message },
      };
    }

    case 'reply': {
      const { memberId, reply } = command;
      const known = lifecycle.responders ?? [];
      if (!known.some((responder) => responder.memberId === memberId)) return 'not_a_responder';
      const responders = known.map((one) => (one.memberId === memberId ? { memberId, state: reply } : one));
      return {
        type: 'responder_replied',
        lifecycle: { ...lifecycle, responders },
        details: { member_id: memberId, reply },
      };
    }

    case 'publish_status_update':
      return { type: 'status_update_published', lifecycle, details: { message: command.message } };

    case 'set_conference_bridge':
      return {
        type: 'conference_bridge_updated',
        lifecycle: { ...lifecycle, conferenceBridge: command.bridge },
        details: { conference_bridge: command.bridge },
      };

    case 'move_pending_action': {
      // By hand both kinds of resolving are one: moved or cancelled, no further occurrence puts it off.
      const type = command.pendingAction === 'quiet_resolve' ? 'resolve' : command.pendingAction;
      const kinds = type === 'resolve' ? (['resolve', 'quiet_resolve'] as const) : [type];
      const [pending] = lifecycle.pendingActions.filter((one) => kinds.some((kind) => kind === one.type));
      if (!pending) return 'no_such_pending_action';
      const disarmed = kinds.reduce(disarm, lifecycle);
      const moved = command.at === null ? disarmed : armAt(disarmed, type, command.at, pending.to);
      const details = { pending_action: type, from: pending.at, to: command.at };
      return { type: 'pending_action_changed', lifecycle: moved, details };
    }

    case 'merge':
      return { type: 'merged', lifecycle, details: { incident_ids: command.incidentIds } };

    case 'resolve': {
      // A resolve stops every timer, page and step of escalation.
      const { resolution, rootCause, dueAt, mergedInto } = command;
      const reason = mergedInto === undefined ? null : ('merged' as const);
      return {
        type: 'resolved',
        lifecycle: {
          ...lifecycle,
          status: 'resolved',
          resolvedAt: at,
          pendingActions: [],
          ...(reason === null && lifecycle.resolveReason === undefined ? {} : { resolveReason: reason }),
        },
        details: {
          ...(resolution === null ? {} : { resolution }),
          ...(rootCause === null ? {} : { root_cause: rootCause }),
          ...(dueAt === undefined ? {} : { due_at: dueAt }),
          ...(mergedInto === undefined ? {} : { merged_into: mergedInto }),
        },
      };
    }

    case 'reopen': {
      if (lifecycle.status !== 'resolved') return 'not_resolved';
      const open: Lifecycle = {
        ...lifecycle,
        status: 'triggered',
        acknowledgedAt: null,
        resolvedAt: null,
        ...(lifecycle.resolveReason === undefined ? {} : { resolveReason: null }),
      };
      const aging = armNextUrgency(armEnds(open, state, at), state, at);
      return { type: 'reopened', lifecycle: policy ? enterLevel(aging, policy, firstPosition, at) : aging };
    }

    case 'action': {
      const { id, type } = command.action;
      return {
        type: type === 'trigger-alerts' ? 'alerted' : 'action_run',
        lifecycle,
        details: { action_id: id, action_type: type },
      };
    }
  }
}

const mostResponders = 50;

function acknowledged(lifecycle: Lifecycle, at: string): Lifecycle {
  return { ...disarm(lifecycle, 'escalate'), status: 'acknowledged', acknowledgedAt: lifecycle.acknowledgedAt ?? at };
}

function escalation(
  state: IncidentState,
  { level, because, dueAt }: Extract<Command, { type: 'escalate' }>,
  at: string,
): Change | ErrorCode {
  const { lifecycle } = state;
  const policy = state.escalationPolicy ?? null;
  const reasons = {
    ...(because === undefined ? {} : { because }),
    ...(dueAt === undefined ? {} : { due_at: dueAt }),
  };
  if (!policy) {
    if (typeof level === 'number') return 'no_further_level';
    // The whole team is asked, and nobody has answered yet.
    const assignees: Assignee[] = [{ type: 'team', id: state.teamId }];
    return { type: 'escalated', lifecycle: { ...backToTriggered(lifecycle), assignees }, details: { assignees } };
  }
  const position = positionAfter(lifecycle, policy, level);
  if (position) {
    const entered = enterLevel(lifecycle, policy, position, at);
    const { assignees } = entered;
    return { type: 'escalated', lifecycle: entered, details: { ...position, assignees, ...reasons } };
  }
  if (because === undefined) return 'no_further_level';
  const last = lifecycle.escalation ?? { level: policy.levels.length, cycle: policy.repeat, exhausted: true };
  return {
    type: 'escalation_exhausted',
    lifecycle: { ...disarm(lifecycle, 'escalate'), escalation: { ...last, exhausted: true } },
    details: { level: last.level, cycle: last.cycle, ...reasons },
  };
}

function accept(state: IncidentState, command: Command, at: string, change: Change): TransitionResult {
  const { type, lifecycle, details = {}, policy } = change;
  const sequence = lifecycle.sequence + 1;
  const after = { ...lifecycle, sequence };
  const { id, agent, channel } = command;
  const changes = command.type === 'change' ? command.changes : undefined;
  const resolve = command.type === 'resolve' ? command : undefined;
  return {
    accepted: true,
    state: { ...state, lifecycle: after, ...(policy ? { escalationPolicy: policy } : {}) },
    transition: {
      id,
      sequence,
      type,
      at,
      agent,
      channel,
      details,
      lifecycle: after,
      resolution: resolve?.resolution ?? changes?.resolution ?? null,
      rootCause: resolve?.rootCause ?? changes?.rootCause ?? null,
      name: changes?.name ?? null,
      description: changes?.description ?? null,
      urgency: changes?.urgency ?? (command.type === 'change_urgency' ? command.urgency : null),
      severity: changes?.severity === undefined ? null : { to: changes.severity },
      priority: command.type === 'prioritise' ? { to: command.priority } : null,
      escalationPolicy: policy ? { to: policy } : null,
      action: command.type === 'action' ? command.action : null,
    },
  };
}
