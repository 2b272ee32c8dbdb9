/** Who did it. `name` is what people read; `id` is null where the agent has none (timers, the Temporal UI). */
export interface Agent {
  type: 'member' | 'key' | 'ruleset' | 'timer' | 'operator';
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
  'resolved',
  'action_run',
] as const;
/** What happened; outgoing webhooks say `incident.<type>`. */
export type TransitionType = (typeof transitionTypes)[number];

export const actionTypes = ['trigger-alerts', 'trigger-webhook'] as const;
export type ActionType = (typeof actionTypes)[number];

export interface Action {
  /** UUID. */
  id: string;
  type: ActionType;
  trigger: 'manual' | 'automated';
  /** `trigger-webhook`: the one subscription to tell; otherwise null, and every subscription that asks for it is told. */
  subscriptionId: string | null;
}
