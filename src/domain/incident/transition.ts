import type { ErrorCode } from '../error-code.ts';
import type { PolicySnapshot } from '../escalation/policy.ts';
import { changeOf } from './change-of.ts';
import type { Change } from './change.ts';
import type { Command } from './command.ts';
import type { IncidentState, Lifecycle, Urgency } from './incident.ts';
import type { Action, Agent, Channel, TransitionType } from './log-entry.ts';

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

/** The one place where incidents change. Pure: the instant is an argument, and the state given is left alone. */
export function transition(state: IncidentState, command: Command, at: string): TransitionResult {
  const { status } = state.lifecycle;
  if (status === 'resolved' && !afterwards.has(command.type)) return { accepted: false, code: 'incident_resolved' };
  const change = changeOf(state, command, at);
  return typeof change === 'string' ? { accepted: false, code: change } : accept(state, command, at, change);
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
