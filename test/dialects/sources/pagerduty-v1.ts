import type { RecordedLife } from '../recorded-life.ts';
import { fixed, impossible, link, ownId, time, type Expected, type Sourced } from './expected.ts';

/** Status, what it waits for, who is assigned, by index, and which policy it follows, right after each event. */
const cases: Record<string, [status: string, pending: string[], assigned: 0 | 1 | 2 | 3, policy: 0 | 1]> = {
  trigger: ['triggered', ['escalate', 'resolve'], 0, 0],
  acknowledge: ['acknowledged', ['unacknowledge', 'resolve'], 0, 0],
  unacknowledge: ['triggered', ['escalate', 'resolve'], 0, 0],
  assign: ['acknowledged', ['unacknowledge', 'resolve'], 2, 0],
  escalate: ['triggered', ['escalate', 'resolve'], 1, 0],
  delegate: ['triggered', ['escalate', 'resolve'], 3, 1],
  resolve: ['resolved', [], 3, 1],
};

function message(event: string, life: RecordedLife): Expected {
  const [status, pending, assigned, policy] = cases[event]!;
  const { scene, sources, incident } = life;
  const user = (index: 0 | 1 | 2 | 3) => ({
    id: scene.memberIds[index],
    name: sources.members[index],
    email: `${sources.members[index].toLowerCase()}@example.com`,
    html_url: link(scene.memberIds[index]),
  });
  const since = (index: 0 | 1 | 2 | 3) => [{ at: time, object: { ...user(index), type: fixed('user') } }];
  return {
    type: fixed(`incident.${event}`),
    data: {
      incident: {
        id: incident.id,
        incident_number: incident.number,
        created_on: time,
        status: fixed(status),
        pending_actions: pending.map((type) => ({ type: fixed(type), at: time })),
        html_url: link(incident.id),
        incident_key: sources.key,
        service: {
          id: scene.ruleset.id,
          name: sources.ruleset.name,
          html_url: link(scene.ruleset.id),
          description: sources.ruleset.description,
        },
        escalation_policy: { id: scene.policyIds[policy], name: sources.policies[policy] },
        assigned_to_user: user(assigned),
        trigger_summary_data: { subject: sources.ruleset.name },
        trigger_details_html_url: link(incident.id),
        trigger_type: impossible('the sample was opened by hand on a web page; ours by an event'),
        last_status_change_on: time,
        last_status_change_by: user(0),
        number_of_escalations: fixed(['escalate', 'delegate', 'resolve'].includes(event) ? 1 : 0),
        resolved_by_user: user(0),
        assigned_to: since(assigned),
        acknowledgers: since(0),
        urgency: sources.ruleset.urgency,
      },
    },
    id: ownId,
    created_on: time,
  };
}

export const pagerdutyV1Sources: Sourced[] = Object.keys(cases).map((event) => ({
  sample: `pagerduty-v1-incident.${event}`,
  payload: (life) => life.payload('pagerduty.v1', `incident.${event}`),
  expected: (life) => ({ messages: [message(event, life)] }),
}));
