import type { Agent, Channel } from './log-entry.ts';
import type { Transition } from './transition.ts';

/** Somebody did something at some time, ISO 8601. */
export interface Deed {
  at: string;
  agent: Agent;
  channel: Channel;
}

/**
 * What payloads say of earlier transitions, kept beside the incident because its workflow needs none of it. Empty in
 * incidents of earlier releases until something happens to them.
 */
export interface Trail {
  /** How it began. */
  opened?: Deed;
  /** Since when those who are assigned are. */
  assignedAt?: string;
  /** By whom it is acknowledged; empty while it is not. */
  acknowledgements?: Deed[];
  lastStatusChange?: Deed;
  escalations?: number;
  reopenedAt?: string;
}

const assigning: ReadonlySet<Transition['type']> = new Set(['triggered', 'escalated', 'reassigned', 'delegated']);
const statusChanging: ReadonlySet<Transition['type']> = new Set([
  'triggered',
  'unacknowledged',
  'escalated',
  // Both take an acknowledgement back, and whoever comes next is asked anew.
  'reassigned',
  'delegated',
  'resolved',
  'reopened',
]);

/** What a transition changes of the trail: `set` replaces, `escalations` is added. */
export function trailChange(transition: Transition): { set: Trail; escalations: number } {
  const { type, at, agent, channel, lifecycle } = transition;
  const deed: Deed = { at, agent, channel };
  // Also a snooze acknowledges, unless somebody has.
  const isAcknowledged = lifecycle.status === 'acknowledged' && lifecycle.acknowledgedAt === at;
  const isAssigned = assigning.has(type) || (type === 'updated' && transition.details['assignees'] !== undefined);
  return {
    set: {
      ...(type === 'triggered' ? { opened: deed } : {}),
      ...(type === 'reopened' ? { reopenedAt: at } : {}),
      ...(isAssigned || (type === 'reopened' && lifecycle.escalation) ? { assignedAt: at } : {}),
      ...(isAcknowledged ? { acknowledgements: [deed] } : {}),
      ...(lifecycle.status === 'acknowledged' ? {} : { acknowledgements: [] }),
      ...(statusChanging.has(type) || isAcknowledged ? { lastStatusChange: deed } : {}),
    },
    escalations: type === 'escalated' ? 1 : 0,
  };
}
