import type { DialectName } from '../subscribers.ts';
import type { RecordedLife } from '../recorded-life.ts';
import { fixed, impossible, link, ownId, referencesOf, time, type Expected, type Sourced } from './expected.ts';

const dialect: DialectName = 'pagerduty.v2';

/** What an event says of itself, beside what its incident says. */
interface Case {
  entry: { type: string; summary: Expected; agent: Expected; rest?: Record<string, Expected> };
  status: 'triggered' | 'acknowledged' | 'resolved';
  /** Of the service, by its incidents. */
  serviceStatus: 'critical' | 'warning' | 'active';
  pending: string[];
  changedBy: Expected;
  assignee: Expected;
  /** Index of the policy that it follows then. */
  policy: 0 | 1;
}

const cases: Record<string, (life: RecordedLife) => Case> = {
  trigger(life) {
    const { member, service } = referencesOf(life);
    const { name, description } = life.sources.ruleset;
    const channel = {
      type: impossible('the sample was opened by hand on a web page; ours by an event'),
      summary: name,
      subject: name,
      details: description,
      details_omitted: fixed(false),
    };
    const rest = { channel, event_details: { description: name } };
    return {
      entry: { type: 'trigger', summary: impossible('says how it came in'), agent: service, rest },
      ...{ status: 'triggered', serviceStatus: 'critical', pending: ['escalate', 'resolve'] },
      ...{ changedBy: service, assignee: member(0), policy: 0 },
    };
  },
  acknowledge(life) {
    const { member } = referencesOf(life);
    const rest = { acknowledgement_timeout: life.sources.ruleset.acknowledgement_timeout };
    return {
      entry: { type: 'acknowledge', summary: `Acknowledged by ${life.sources.members[0]}`, agent: member(0), rest },
      ...{ status: 'acknowledged', serviceStatus: 'warning', pending: ['unacknowledge', 'resolve'] },
      ...{ changedBy: member(0), assignee: member(0), policy: 0 },
    };
  },
  assign(life) {
    const { member, service } = referencesOf(life);
    const [ada, , cem] = life.sources.members;
    const rest = { assignees: [member(2)] };
    return {
      entry: { type: 'assign', summary: `Assigned to ${cem} by ${ada}`, agent: member(0), rest },
      ...{ status: 'triggered', serviceStatus: 'critical', pending: ['resolve'] },
      ...{ changedBy: service, assignee: member(2), policy: 0 },
    };
  },
  resolve(life) {
    const { member } = referencesOf(life);
    return {
      entry: { type: 'resolve', summary: `Resolved by ${life.sources.members[0]}`, agent: member(0) },
      ...{ status: 'resolved', serviceStatus: 'active', pending: [] },
      ...{ changedBy: member(0), assignee: member(3), policy: 1 },
    };
  },
};

function message(event: string, life: RecordedLife): Expected {
  const { entry, ...now } = cases[event]!(life);
  const { team, service, incident } = referencesOf(life);
  const { id, number } = life.incident;
  const title = life.sources.ruleset.name;
  const summary = `[#${number}] ${title}`;
  const subscription = life.subscriptionIds[dialect];
  const entryId = `${id}-`;
  return {
    event: fixed(`incident.${event}`),
    log_entries: [
      {
        ...{
          id: ownId,
          type: fixed(`${entry.type}_log_entry`),
          summary: entry.summary,
          self: link(id),
          html_url: link(id),
        },
        ...{ created_at: time, agent: entry.agent, service, incident: incident(summary), teams: [team] },
        channel: { type: fixed('website') },
        ...entry.rest,
      },
    ],
    webhook: {
      endpoint_url: life.endpointUrl(dialect),
      name: life.sources.subscription.name,
      webhook_object: service,
      outbound_integration: {
        id: subscription,
        type: fixed('outbound_integration_reference'),
        summary: impossible('the name of a kind of webhook, of which there is one'),
        self: link(subscription),
      },
      id: subscription,
      type: fixed('webhook'),
      summary: life.sources.subscription.name,
      self: link(subscription),
    },
    incident: {
      incident_number: number,
      title,
      description: title,
      created_at: time,
      status: fixed(now.status),
      pending_actions: now.pending.map((type) => ({ type: fixed(type), at: time })),
      service: fullService(life, now.serviceStatus),
      assignments: [{ at: time, assignee: now.assignee }],
      acknowledgements: [{ at: time, acknowledger: referencesOf(life).member(0) }],
      last_status_change_at: time,
      last_status_change_by: now.changedBy,
      first_trigger_log_entry: {
        id: entryId.concat('1'),
        type: fixed('trigger_log_entry_reference'),
        summary: impossible('says how it came in'),
        self: link(id),
        html_url: link(id),
      },
      escalation_policy: referencesOf(life).policy(now.policy),
      teams: [team],
      alert_counts: impossible('an incident stands for one alert; the sample shows zeros'),
      impacted_services: [service],
      is_mergeable: impossible('every incident can be merged'),
      external_references: impossible('there are no links to the incidents of other systems'),
      urgency: life.sources.ruleset.urgency,
      id,
      type: fixed('incident'),
      summary,
      self: link(id),
      html_url: link(id),
      alerts: [{ alert_key: life.sources.key }],
    },
    id: ownId,
    created_on: time,
  };
}

function fullService(life: RecordedLife, status: string): Expected {
  const { scene, sources } = life;
  const { team, policy } = referencesOf(life);
  const { id } = scene.ruleset;
  return {
    id,
    name: sources.ruleset.name,
    description: sources.ruleset.description,
    auto_resolve_timeout: sources.ruleset.auto_resolve_timeout,
    acknowledgement_timeout: sources.ruleset.acknowledgement_timeout,
    created_at: time,
    status: fixed(status),
    last_incident_timestamp: time,
    teams: [team],
    // As the sample's service, theirs has no support hours.
    incident_urgency_rule: { type: fixed('constant'), urgency: sources.ruleset.urgency },
    escalation_policy: policy(0),
    alert_creation: impossible('here a service always makes an incident of what it receives'),
    integrations: [
      {
        id: scene.webhook.id,
        type: impossible('webhooks are the one way in'),
        summary: sources.webhook.name,
        self: link(scene.webhook.id),
        html_url: link(scene.webhook.id),
      },
    ],
    type: fixed('service'),
    summary: sources.ruleset.name,
    self: link(id),
    html_url: link(id),
  };
}

export const pagerdutyV2Sources: Sourced[] = Object.keys(cases).map((event) => ({
  sample: `pagerduty-v2-incident.${event}`,
  // Its second assignment is the one that leaves it triggered, as in the sample.
  payload: (life) => life.payload(dialect, `incident.${event}`, event === 'assign' ? 1 : 0),
  expected: (life) => ({ messages: [message(event, life)] }),
}));
