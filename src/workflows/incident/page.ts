import type { PageInput } from '../../activities/incident-activities.ts';
import type { Assignee } from '../../domain/incident/incident.ts';
import type { Transition } from '../../domain/incident/transition.ts';

/** What there is to know of a transition to see whom it asks. */
export type Asking = Pick<Transition, 'sequence' | 'type' | 'at' | 'lifecycle' | 'details' | 'action'>;

/** Whom a transition asks to look, or null: it asks nobody. */
export function pageOf(transition: Asking): Pick<PageInput, 'kind' | 'targets' | 'actionId'> | null {
  const { type, lifecycle, details, action } = transition;
  const { assignees, escalation = null } = lifecycle;
  switch (type) {
    case 'triggered':
    case 'unacknowledged':
    case 'delegated':
    case 'reopened':
      return escalation && { kind: 'level', targets: assignees, actionId: null };
    case 'escalated':
      return { kind: escalation ? 'level' : 'assignees', targets: assignees, actionId: null };
    case 'reassigned':
      return { kind: 'assignees', targets: assignees, actionId: null };
    case 'responder_added': {
      const targets = (details.member_ids as string[]).map((id): Assignee => ({ type: 'member', id }));
      return { kind: 'responders', targets, actionId: null };
    }
    case 'alerted':
      return { kind: 'alert', targets: assignees, actionId: action?.id ?? null };
    case 'acknowledged':
    case 'escalation_exhausted':
    case 'snoozed':
    case 'updated':
    case 'priority_updated':
    case 'annotated':
    case 'responder_replied':
    case 'status_update_published':
    case 'conference_bridge_updated':
    case 'pending_action_changed':
    case 'merged':
    case 'resolved':
    case 'action_run':
      return null;
  }
}
