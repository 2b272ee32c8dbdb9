import type { ActionType, Agent } from '../../domain/incident/log-entry.ts';
import type { Command } from '../../domain/incident/transition.ts';
import type { ClearedInput, SignalInput } from './messages.ts';

/** The commands that operators may send as signals. */
export type SignalledCommand = 'acknowledge' | 'escalate' | 'resolve' | 'action';

/** What needs no settings of its own; the others begin at the API, which stores them. */
const signalledActions: ActionType[] = ['trigger-alerts', 'trigger-webhook'];

/** Text that Postgres can store: no NUL, no half of a surrogate pair. */
export function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest && !/\u0000|\p{Surrogate}/u.test(value);
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const bounds = { id: 255, by: 255, resolution: 15_000, root_cause: 15_000 } as const;

/**
 * Reads a signal's argument as typed by a person. Answers the command, or a text that says what is wrong with it:
 * a signal can't be refused, and one that threw would fail the incident.
 */
export function signalCommand(type: SignalledCommand, input: unknown, freshId: () => string): Command | string {
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
  const common = { id: `signal:${given.id || freshId()}`, agent, channel: 'signal' } as const;
  switch (type) {
    case 'acknowledge':
    case 'escalate':
      return { ...common, type };
    case 'resolve':
      return { ...common, type, resolution: given.resolution ?? null, rootCause: given.root_cause ?? null };
    case 'action': {
      if (!signalledActions.includes(given.type as ActionType))
        return `type must be one of ${signalledActions.join(', ')}`;
      const subscriptionId = given.subscription_id ?? null;
      if (subscriptionId !== null && !(typeof subscriptionId === 'string' && uuid.test(subscriptionId)))
        return 'subscription_id must be a UUID';
      if (given.type === 'trigger-webhook' && subscriptionId === null) return 'trigger-webhook needs subscription_id';
      return {
        ...common,
        type,
        action: { id: freshId(), type: given.type as ActionType, trigger: 'manual', subscriptionId },
      };
    }
  }
}

/** Reads what the inbox signals when the conditions of a state-change ruleset became false; null for anything else. */
export function clearedCommand(input: unknown): Command | null {
  const { eventId, ruleset } = (input ?? {}) as Partial<ClearedInput>;
  if (!isText(eventId, 36) || !uuid.test(eventId)) return null;
  if (!isText(ruleset?.id, 36) || !uuid.test(ruleset.id) || !isText(ruleset.name, 255)) return null;
  return {
    type: 'resolve',
    id: `cleared:${eventId}`,
    agent: { type: 'ruleset', id: ruleset.id, name: ruleset.name },
    channel: 'event',
    resolution: null,
    rootCause: null,
  };
}
