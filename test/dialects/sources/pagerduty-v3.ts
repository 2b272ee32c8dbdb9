import type { RecordedLife } from '../recorded-life.ts';
import {
  fixed,
  impossible,
  link,
  ownId,
  reference,
  referencesOf,
  time,
  type Expected,
  type Sourced,
} from './expected.ts';

const incident = (life: RecordedLife): Expected => {
  const { id, number } = life.incident;
  const { sources } = life;
  const { member, team, service, policy } = referencesOf(life);
  return {
    id,
    type: fixed('incident'),
    self: link(id),
    html_url: link(id),
    number,
    status: fixed('triggered'),
    incident_key: sources.key,
    created_at: time,
    title: sources.ruleset.name,
    service,
    assignees: [member(3)],
    escalation_policy: policy(1),
    teams: [team],
    // Priorities are words of the organisation: the word is its id, and where it is seen is the incident.
    priority: { ...(reference('priority', sources.priority, sources.priority) as object), ...links(id) },
    urgency: sources.ruleset.urgency,
    conference_bridge: { conference_number: sources.bridge.number, conference_url: sources.bridge.url },
  };
};
const links = (id: string) => ({ self: link(id), html_url: link(id) });

const event = (type: string, life: RecordedLife, data: Expected): Expected => ({
  event: {
    id: ownId,
    event_type: fixed(type),
    resource_type: fixed(type.split('.')[0]),
    occurred_at: time,
    agent: referencesOf(life).member(0),
    client: { name: impossible('the product is where every event is triggered') },
    data,
  },
});
const service = (life: RecordedLife): Expected => {
  const { id } = life.scene.ruleset;
  return {
    id,
    ...links(id),
    summary: life.sources.ruleset.name,
    alert_creation: impossible('here a service always makes an incident of what it receives'),
    teams: [referencesOf(life).team],
    type: fixed('service'),
  };
};

const dataOf = (eventType: string, sample: string, expected: (life: RecordedLife) => Expected): Sourced => ({
  sample: `pagerduty-v3-${sample}`,
  payload: (life) => life.payload('pagerduty.v3', eventType).event.data,
  expected,
});
const ofIncident = (life: RecordedLife) => referencesOf(life).incident(life.sources.ruleset.name);
const untrimmed = fixed(false);

export const pagerdutyV3Sources: Sourced[] = [
  {
    sample: 'pagerduty-v3-incident.priority_updated',
    payload: (life) => life.payload('pagerduty.v3', 'incident.priority_updated'),
    expected: (life) => event('incident.priority_updated', life, incident(life)),
  },
  {
    sample: 'pagerduty-v3-service.updated',
    payload: (life) => life.payload('pagerduty.v3', 'service.updated'),
    expected: (life) => event('service.updated', life, service(life)),
  },
  dataOf('incident.priority_updated', 'incident', incident),
  dataOf('service.updated', 'service', service),
  dataOf('incident.annotated', 'incident_note', (life) => ({
    incident: ofIncident(life),
    id: ownId,
    content: life.sources.note,
    trimmed: untrimmed,
    type: fixed('incident_note'),
  })),
  dataOf('incident.status_update_published', 'incident_status_update', (life) => ({
    incident: ofIncident(life),
    id: ownId,
    message: life.sources.statusUpdate,
    trimmed: untrimmed,
    type: fixed('incident_status_update'),
  })),
  dataOf('incident.responder.added', 'incident_responder', (life) => ({
    incident: ofIncident(life),
    user: referencesOf(life).member(1),
    escalation_policy: referencesOf(life).policy(1),
    message: life.sources.help,
    state: fixed('pending'),
    type: fixed('incident_responder'),
  })),
];
