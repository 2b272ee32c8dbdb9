import type { CheckResult } from '../domain/incident/snapshot.ts';
import type { FiringRuleset } from '../domain/ruleset/ruleset.ts';

/** One occurrence of an event, on which something was decided. */
export interface Reported {
  organisationId: string;
  webhook: { id: string; name: string };
  eventId: string;
  /** Counted from 0 within the event. */
  occurrence: number;
  receivedAt: string;
  /** The sender's own name for the problem, within the webhook. */
  dedupKey: string | null;
}

/** What says how the incident is that an occurrence opens: a ruleset, or the webhook by itself in its sender's words. */
export interface Opener extends Pick<
  FiringRuleset,
  | 'organisationId'
  | 'id'
  | 'name'
  | 'teamId'
  | 'urgency'
  | 'supportHours'
  | 'severity'
  | 'priority'
  | 'assignees'
  | 'escalationPolicyId'
  | 'acknowledgementTimeout'
  | 'autoResolveTimeout'
  | 'quietResolve'
  | 'actions'
> {
  type: 'ruleset' | 'webhook';
  /** Null of a webhook. */
  version: number | null;
}

/** An occurrence on which a ruleset decided, or which opens an incident by itself. */
export interface Match extends Reported {
  opener: Opener;
  incidentKey: string;
  /** False: the conditions of a state-change ruleset do not hold, which resolves what they opened. */
  holds: boolean;
  /** Read only when the match opens an incident. */
  readOpening(): { name: string; description: string; check: CheckResult };
}

/** The sender says that somebody sees to its problem, or that it is over: that is for all that the problem opened. */
export interface SourceAction extends Reported {
  action: 'acknowledge' | 'resolve';
  dedupKey: string;
}

export type Decision = Match | SourceAction;

export function isAction(decision: Decision): decision is SourceAction {
  return 'action' in decision;
}
