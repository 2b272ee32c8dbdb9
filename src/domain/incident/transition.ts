import type { ErrorCode } from '../error-code.ts';
import type { Assignee, IncidentFacts, IncidentState, Lifecycle } from './incident.ts';
import type { Action, Agent, Channel, TransitionType } from './log-entry.ts';
import { arm, disarm } from './pending-action.ts';

/** Everything that may happen to an incident. `id` names the transition it makes: storing it twice writes nothing. */
export type Command = { id: string; agent: Agent; channel: Channel } & (
  | { type: 'trigger' }
  | { type: 'acknowledge' }
  | { type: 'unacknowledge'; dueAt: string }
  | { type: 'escalate' }
  | { type: 'resolve'; resolution: string | null; rootCause: string | null; dueAt?: string }
  | { type: 'action'; action: Action }
);

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
  /** Set by a resolve; null leaves the stored text alone. */
  resolution: string | null;
  rootCause: string | null;
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
  return { ...facts, lifecycle: arm(lifecycle, 'resolve', facts.autoResolveTimeout, facts.createdAt) };
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
      return accept(state, command, at, 'unacknowledged', backToTriggered(lifecycle), { due_at: command.dueAt });

    case 'escalate': {
      // No escalation policy: the whole team is asked, and nobody has answered yet.
      const assignees: Assignee[] = [{ type: 'team', id: state.teamId }];
      const escalated = { ...backToTriggered(lifecycle), assignees };
      return accept(state, command, at, 'escalated', escalated, { assignees });
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
      return accept(state, command, at, 'action_run', lifecycle, {
        action_id: command.action.id,
        action_type: command.action.type,
      });
  }
}

function backToTriggered(lifecycle: Lifecycle): Lifecycle {
  return { ...disarm(lifecycle, 'unacknowledge'), status: 'triggered', acknowledgedAt: null };
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
      resolution: command.type === 'resolve' ? command.resolution : null,
      rootCause: command.type === 'resolve' ? command.rootCause : null,
      action: command.type === 'action' ? command.action : null,
    },
  };
}
