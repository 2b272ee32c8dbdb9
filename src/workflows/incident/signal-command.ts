import type { ActionType, Agent } from '../../domain/incident/log-entry.ts';
import type { Command, IncidentChanges } from '../../domain/incident/command.ts';
import { urgencies, type Urgency } from '../../domain/incident/incident.ts';
import type { AcknowledgedInput, ClearedInput, SignalInput } from './messages.ts';
import { type DetailedMessage, detailReaders } from './read-details.ts';
import { isText, isTextOrNull, isUuid, isUuidOrNull } from './stored-text.ts';

export const plainSignals = ['acknowledge', 'unacknowledge', 'escalate', 'resolve', 'change', 'action'] as const;
/** The commands that operators may send as signals. */
export type SignalledCommand = (typeof plainSignals)[number] | DetailedMessage;

/** What needs no settings of its own; the others begin at the API, which stores them. */
const signalledActions: ActionType[] = ['trigger-alerts', 'trigger-webhook'];

const bounds = { id: 255, by: 255, resolution: 15_000, root_cause: 15_000 } as const;

/**
 * Reads a signal's argument as typed by a person. Answers the command, or a text that says what is wrong with it:
 * a signal can't be refused, and one that threw would fail the incident.
 */
export function signalCommand(
  type: SignalledCommand,
  input: unknown,
  freshId: () => string,
  /** What to call a signal that has no id. */
  name: () => string = freshId,
): Command | string {
  if (input !== undefined && input !== null && (typeof input !== 'object' || Array.isArray(input)))
    return 'the argument must be a JSON object';
  const given = (input ?? {}) as SignalInput;
  for (const [field, longest] of Object.entries(bounds)) {
    const value = given[field as keyof typeof bounds];
    if (value === undefined || value === null) continue;
    if (!isText(value, longest)) return `${field} must be a text of at most ${longest} characters`;
  }

  const agent: Agent = { type: 'operator', id: null, name: given.by || 'operator' };
  // In a space of their own: an id that timers use would keep that timer from being stored.
  const common = { id: `signal:${given.id || name()}`, agent, channel: 'signal' } as const;
  switch (type) {
    case 'acknowledge':
    case 'unacknowledge':
      return { ...common, type };
    case 'escalate': {
      const { level = null } = given;
      if (level !== null && !Number.isSafeInteger(level)) return 'level must be a whole number, counted from 1';
      return { ...common, type, ...(level === null ? {} : { level }) };
    }
    case 'resolve':
      return { ...common, type, resolution: given.resolution ?? null, rootCause: given.root_cause ?? null };
    case 'action': {
      if (!signalledActions.includes(given.type as ActionType))
        return `type must be one of ${signalledActions.join(', ')}`;
      const subscriptionId = given.subscription_id ?? null;
      if (!isUuidOrNull(subscriptionId)) return 'subscription_id must be a UUID';
      if (given.type === 'trigger-webhook' && subscriptionId === null) return 'trigger-webhook needs subscription_id';
      return {
        ...common,
        type,
        action: { id: freshId(), type: given.type as ActionType, trigger: 'manual', subscriptionId },
      };
    }
    case 'change': {
      const changes = readChanges(given as Record<string, unknown>);
      return typeof changes === 'string' ? changes : { ...common, type, changes };
    }
    case 'snooze':
    case 'reassign':
    case 'delegate':
    case 'note':
    case 'priority':
    case 'responder':
    case 'responder_reply':
    case 'status_update':
    case 'conference_bridge':
    case 'pending_action':
    case 'merge':
    case 'merged':
    case 'reopen': {
      const details = detailReaders[type](given as Record<string, unknown>);
      return typeof details === 'string' ? details : ({ ...common, ...details } as Command);
    }
  }
}

/** What an operator may change with a signal; the rest has messages of its own. */
function readChanges({ name, description, urgency, severity }: Record<string, unknown>): IncidentChanges | string {
  if (name !== undefined && !(isText(name, 255) && name.trim() !== ''))
    return 'name must be a text of 1 to 255 characters';
  if (description !== undefined && !isText(description, 15_000)) return 'description must be a text';
  if (urgency !== undefined && !urgencies.includes(urgency as Urgency))
    return `urgency must be one of ${urgencies.join(', ')}`;
  if (severity !== undefined && !isTextOrNull(severity, 64)) return 'severity must be a text of at most 64 characters';
  const given = Object.entries({ name, description, urgency, severity }).filter(([, value]) => value !== undefined);
  return given.length === 0 ? 'one of name, description, urgency, severity must be there' : Object.fromEntries(given);
}

/** Reads what the inbox signals when a problem is over; null for anything else. */
export function clearedCommand(input: unknown): Command | null {
  const { eventId, ruleset, webhook } = (input ?? {}) as Partial<ClearedInput>;
  const agent = ruleset === undefined ? agentOf('webhook', webhook) : agentOf('ruleset', ruleset);
  if (!isUuid(eventId) || agent === null) return null;
  return { type: 'resolve', id: `cleared:${eventId}`, agent, channel: 'event', resolution: null, rootCause: null };
}

/** Reads what the inbox signals when a sender says that somebody sees to its problem; null for anything else. */
export function acknowledgedCommand(input: unknown): Command | null {
  const { eventId, webhook } = (input ?? {}) as Partial<AcknowledgedInput>;
  const agent = agentOf('webhook', webhook);
  if (!isUuid(eventId) || agent === null) return null;
  return { type: 'acknowledge', id: `acknowledged:${eventId}`, agent, channel: 'event' };
}

function agentOf(type: 'ruleset' | 'webhook', named: { id: string; name: string } | undefined): Agent | null {
  return isUuid(named?.id) && isText(named.name, 255) ? { type, id: named.id, name: named.name } : null;
}
