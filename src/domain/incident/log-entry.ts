/** Who did it. `name` is what people read; `id` is null where the agent has none (timers, the Temporal UI). */
export interface Agent {
  type: 'member' | 'key' | 'ruleset' | 'webhook' | 'timer' | 'operator';
  id: string | null;
  name: string;
}

/** The way it came in. */
export type Channel = 'api' | 'event' | 'timer' | 'signal';

export const transitionTypes = [
  'triggered',
  'acknowledged',
  'unacknowledged',
  'escalated',
  'escalation_exhausted',
  'reassigned',
  'delegated',
  'snoozed',
  'updated',
  'priority_updated',
  'annotated',
  'responder_added',
  'responder_replied',
  'status_update_published',
  'conference_bridge_updated',
  'pending_action_changed',
  'merged',
  'resolved',
  'reopened',
  'alerted',
  'action_run',
] as const;
/** What happened; outgoing webhooks say `incident.<type>`. */
export type TransitionType = (typeof transitionTypes)[number];

/** What the log holds besides transitions: what became of an action, who could not be reached, what operators did, who may see it. */
export const logEntryTypes = [
  ...transitionTypes,
  'action_succeeded',
  'action_failed',
  'nobody_on_call',
  'nobody_reachable',
  'workflow_terminated',
  'membership_granted',
  'membership_revoked',
  'task_created',
  'task_completed',
] as const;
export type LogEntryType = (typeof logEntryTypes)[number];

export const actionTypes = ['trigger-alerts', 'trigger-webhook', 'trigger-statuspage-update'] as const;
export type ActionType = (typeof actionTypes)[number];

/** One run of an action. What it needs to know (URLs, headers, bodies) stays in Postgres, out of histories. */
export interface Action {
  /** UUID of this run. */
  id: string;
  type: ActionType;
  trigger: 'manual' | 'automated';
  /** `trigger-webhook`: the one subscription to tell; otherwise null. */
  subscriptionId: string | null;
  /** The stored settings it runs with. Absent or null: it has none but the subscription. */
  definitionId?: string | null;
}

/** True when an activity carries it out; the others are done by recording them. */
export function isCarriedOut({ type, subscriptionId, definitionId }: Action): boolean {
  return type !== 'trigger-alerts' && subscriptionId === null && (definitionId ?? null) !== null;
}
