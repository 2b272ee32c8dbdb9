import type { ErrorCode } from '../error-code.ts';
import type { Assignee, IncidentFacts, IncidentState, Lifecycle, Urgency } from './incident.ts';
import type { Action, Agent, Channel, TransitionType } from './log-entry.ts';
import { arm, disarm } from './pending-action.ts';

/** Everything that may happen to an incident. `id` names the transition it makes: storing it twice writes nothing. */
export type Command = { id: string; agent: Agent; channel: Channel } & (
  | { type: 'trigger' }
  | { type: 'acknowledge' }
  | { type: 'unacknowledge'; dueAt?: string }
  | { type: 'escalate' }
  | { type: 'change'; changes: IncidentChanges }
  | { type: 'resolve'; resolution: string | null; rootCause: string | null; dueAt?: string }
  | { type: 'action'; action: Action }
);

/** What a caller may change of an open incident; what is left out stays. */
export interface IncidentChanges {
  name?: string;
  description?: string;
  urgency?: Urgency;
  assignees?: Assignee[];
  resolution?: string;
  rootCause?: string;
}

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
  const aging = arm(lifecycle, 'resolve', facts.autoResolveTimeout, facts.createdAt);
  return { ...facts, lifecycle: arm(aging, 'quiet_resolve', facts.quietResolveTimeout ?? null, facts.createdAt) };
}

/** The one place where incidents change. Pure: the instant is an argument, and the state given is left alone. */
export function transition(state: IncidentState, command: Command, at: string): TransitionResult {
  const { lifecycle } = state;
  if (lifecycle.status === 'resolved') return { accepted: false, code: 'incident_resolved' };

  switch (command.type) {
    case 'trigger':
      return accept(state, command, at, 'triggered', lifecycle, { assignees: lifecycle.assignees });

    case 'acknowledge': {
      if (lifecycle.status === 'acknowledged') return { accepted: false, code: 'already_acknowledged' };
      const acknowledged: Lifecycle = { ...lifecycle, status: 'acknowledged', acknowledgedAt: at };
      const armed = arm(acknowledged, 'unacknowledge', state.acknowledgementTimeout, at);
      return accept(state, command, at, 'acknowledged', armed, {
        acknowledgement_timeout: state.acknowledgementTimeout,
      });
    }

    case 'unacknowledge':
      if (lifecycle.status !== 'acknowledged') return { accepted: false, code: 'not_acknowledged' };
      return accept(state, command, at, 'unacknowledged', backToTriggered(lifecycle), {
        ...(command.dueAt === undefined ? {} : { due_at: command.dueAt }),
      });

    case 'escalate': {
      // No escalation policy: the whole team is asked, and nobody has answered yet.
      const assignees: Assignee[] = [{ type: 'team', id: state.teamId }];
      const escalated = { ...backToTriggered(lifecycle), assignees };
      return accept(state, command, at, 'escalated', escalated, { assignees });
    }

    case 'change': {
      const { name, urgency, assignees } = command.changes;
      const changed: Lifecycle = {
        ...lifecycle,
        ...(name === undefined ? {} : { name }),
        ...(urgency === undefined ? {} : { urgency }),
        ...(assignees === undefined ? {} : { assignees }),
      };
      return accept(state, command, at, 'updated', changed, detailsOf(command.changes));
    }

    case 'resolve': {
      // A resolve stops every timer.
      const resolved: Lifecycle = { ...lifecycle, status: 'resolved', resolvedAt: at, pendingActions: [] };
      return accept(state, command, at, 'resolved', resolved, {
        ...(command.resolution === null ? {} : { resolution: command.resolution }),
        ...(command.rootCause === null ? {} : { root_cause: command.rootCause }),
        ...(command.dueAt === undefined ? {} : { due_at: command.dueAt }),
      });
    }

    case 'action':
      return accept(
        state,
        command,
        at,
        command.action.type === 'trigger-alerts' ? 'alerted' : 'action_run',
        lifecycle,
        {
          action_id: command.action.id,
          action_type: command.action.type,
        },
      );
  }
}

function backToTriggered(lifecycle: Lifecycle): Lifecycle {
  return { ...disarm(lifecycle, 'unacknowledge'), status: 'triggered', acknowledgedAt: null };
}

/** What the log says of a change. Long texts are not repeated in it. */
function detailsOf({ name, description, urgency, assignees, resolution, rootCause }: IncidentChanges) {
  const texts = { description, resolution, root_cause: rootCause };
  return {
    ...(name === undefined ? {} : { name }),
    ...(urgency === undefined ? {} : { urgency }),
    ...(assignees === undefined ? {} : { assignees }),
    changed: Object.entries({ name, ...texts, urgency, assignees }).flatMap(([field, value]) =>
      value === undefined ? [] : [field],
    ),
  };
}

function accept(
  state: IncidentState,
  command: Command,
  at: string,
  type: TransitionType,
  lifecycle: Lifecycle,
  details: Record<string, unknown>,
): TransitionResult {
  const sequence = lifecycle.sequence + 1;
  const after = { ...lifecycle, sequence };
  const { id, agent, channel } = command;
  const changes = command.type === 'change' ? command.changes : undefined;
  return {
    accepted: true,
    state: { ...state, lifecycle: after },
    transition: {
      id,
      sequence,
      type,
      at,
      agent,
      channel,
      details,
      lifecycle: after,
      resolution: command.type === 'resolve' ? command.resolution : (changes?.resolution ?? null),
      rootCause: command.type === 'resolve' ? command.rootCause : (changes?.rootCause ?? null),
      name: changes?.name ?? null,
      description: changes?.description ?? null,
      urgency: changes?.urgency ?? null,
      action: command.type === 'action' ? command.action : null,
    },
  };
}
