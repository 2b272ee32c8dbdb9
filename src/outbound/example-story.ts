import type { Status } from '../domain/incident/incident.ts';
import type { TransitionType } from '../domain/incident/log-entry.ts';
import type { ExampleCast } from './example-cast.ts';

/** What an example tells of one transition. */
export interface Story {
  from: Status | null;
  to: Status;
  by: keyof ExampleCast['agents'];
  details: Record<string, unknown>;
}

export const exampleName = 'Example: checkout is failing';
export const exampleResolution = 'Example: the deployment was rolled back.';
export const exampleRootCause = 'Example: a migration locked the orders table.';

/** One for each transition, with the details that the log has of it. */
export function storyOf(type: TransitionType, cast: ExampleCast): Story {
  return stories(cast)[type];
}

function stories(cast: ExampleCast): Record<TransitionType, Story> {
  const { assignees, policy, actionId, now } = cast;
  const opening = (details: Story['details']): Story => ({ from: null, to: 'triggered', by: 'ruleset', details });
  const open = (details: Story['details']): Story => ({ from: 'triggered', to: 'triggered', by: 'member', details });
  const worked = (details: Story['details']): Story => {
    return { from: 'acknowledged', to: 'acknowledged', by: 'member', details };
  };
  return {
    triggered: opening({ assignees }),
    acknowledged: { ...open({ acknowledgement_timeout: 1_800 }), to: 'acknowledged' },
    unacknowledged: { from: 'acknowledged', to: 'triggered', by: 'timer', details: { due_at: now } },
    escalated: { ...open({ level: 2, cycle: 0, assignees, because: 'no_answer', due_at: now }), by: 'timer' },
    escalation_exhausted: { ...open({ level: 2, cycle: 0, because: 'no_answer', due_at: now }), by: 'timer' },
    reassigned: worked({ assignees }),
    delegated: {
      ...worked({ escalation_policy_id: policy.id, escalation_policy_name: policy.name }),
      to: 'triggered',
    },
    snoozed: { ...open({ duration: 3_600 }), to: 'acknowledged' },
    updated: worked({ name: exampleName, assignees, changed: ['name', 'assignees'] }),
    priority_updated: worked({ priority: 'P1' }),
    annotated: worked({ content: 'Example: orders fail since the last deployment.' }),
    responder_added: worked({ member_ids: [cast.responder.id], message: 'Example: please look at the database.' }),
    responder_replied: worked({ member_id: cast.responder.id, reply: 'accepted' }),
    status_update_published: worked({ message: 'Example: some orders fail. We are rolling back.' }),
    conference_bridge_updated: worked({ conference_bridge: cast.bridge }),
    pending_action_changed: worked({ pending_action: 'resolve', from: cast.later, to: cast.later }),
    merged: worked({ incident_ids: [cast.mergedIncidentId] }),
    resolved: { ...worked({ resolution: exampleResolution, root_cause: exampleRootCause }), to: 'resolved' },
    reopened: { from: 'resolved', to: 'triggered', by: 'member', details: {} },
    alerted: { ...open({ action_id: actionId, action_type: 'trigger-alerts' }), by: 'ruleset' },
    action_run: worked({ action_id: actionId, action_type: 'trigger-webhook' }),
  };
}
