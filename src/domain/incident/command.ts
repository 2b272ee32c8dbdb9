import type { PolicySnapshot } from '../escalation/policy.ts';
import type { Assignee, ConferenceBridge, PendingActionType, ResponderReply, Urgency } from './incident.ts';
import type { Action, Agent, Channel } from './log-entry.ts';

/** What a caller may change of an incident; what is left out stays. */
export interface IncidentChanges {
  name?: string;
  description?: string;
  urgency?: Urgency;
  severity?: string | null;
  assignees?: Assignee[];
  resolution?: string;
  rootCause?: string;
}

/** Everything that may happen to an incident. `id` names the transition it makes: storing it twice writes nothing. */
export type Command = { id: string; agent: Agent; channel: Channel } & (
  | { type: 'trigger' }
  | { type: 'acknowledge' }
  | { type: 'unacknowledge'; dueAt?: string }
  /** Without a level: the next one. `because`: nobody asked for it by hand. */
  | { type: 'escalate'; level?: number | null; because?: 'no_answer' | 'nobody_on_call'; dueAt?: string }
  | { type: 'reassign'; assignees: Assignee[] }
  | { type: 'delegate'; policy: PolicySnapshot }
  /** Seconds. */
  | { type: 'snooze'; duration: number }
  | { type: 'change'; changes: IncidentChanges }
  | { type: 'change_urgency'; urgency: Urgency; dueAt: string }
  | { type: 'prioritise'; priority: string | null }
  | { type: 'annotate'; content: string }
  | { type: 'add_responders'; memberIds: string[]; message: string }
  | { type: 'reply'; memberId: string; reply: ResponderReply }
  | { type: 'publish_status_update'; message: string }
  | { type: 'set_conference_bridge'; bridge: ConferenceBridge | null }
  /** Null cancels it. */
  | { type: 'move_pending_action'; pendingAction: PendingActionType; at: string | null }
  | { type: 'merge'; incidentIds: string[] }
  | {
      type: 'resolve';
      resolution: string | null;
      rootCause: string | null;
      dueAt?: string;
      /** The incident it was merged into. */
      mergedInto?: string;
    }
  | { type: 'reopen' }
  | { type: 'action'; action: Action }
);

/** The id of the command that opens an incident. */
export const openingCommandId = 'trigger';

export type CommandType = Command['type'];
