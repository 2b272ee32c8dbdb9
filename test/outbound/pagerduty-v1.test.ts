import assert from 'node:assert/strict';
import type { TransitionType } from '../../src/domain/incident/log-entry.ts';
import type { OutboundSnapshot } from '../../src/domain/webhook/outbound-event.ts';
import { pagerdutyFit } from '../../src/outbound/pagerduty/limits.ts';
import { pagerdutyV1 } from '../../src/outbound/pagerduty-v1.ts';
import {
  earlySnapshot,
  hugeSnapshot,
  incidentId,
  laura,
  pagerdutySnapshot,
  serviceId,
  type SnapshotChanges,
  teamId,
  wiley,
} from '../support/pagerduty-snapshot.ts';
import { renderContext } from '../support/render-context.ts';

type Fields = Record<string, unknown>;
interface Message extends Fields {
  data: { incident: Fields };
}

const render = (event: string, snapshot: OutboundSnapshot) => {
  const { messages } = pagerdutyV1.render(event, snapshot, renderContext) as { messages: Message[] };
  assert.equal(messages.length, 1);
  return messages[0]!;
};
const told = (type: TransitionType, event: string, changes: SnapshotChanges = {}) =>
  render(`incident.${event}`, pagerdutySnapshot(type, changes)).data.incident;

const api = `${renderContext.publicUrl}/v1`;
const person = ({ id, name, email }: typeof laura) => ({
  id,
  name,
  email,
  html_url: `${api}/team/${teamId}/member/${id}`,
});
const timer = { agent: { type: 'timer', id: null, name: 'auto-resolve' }, channel: 'timer' } as const;
const key = { type: 'key', id: serviceId, name: 'Deploys' } as const;
const events = Object.entries(pagerdutyV1.events).flatMap(([event, source]) =>
  'on' in source ? source.on.map((type): [string, TransitionType] => [event, type]) : [],
);

describe('outbound/pagerduty-v1', () => {
  it('tells of an incident, field by field', () => {
    assert.deepEqual(render('incident.acknowledge', pagerdutySnapshot('acknowledged')), {
      type: 'incident.acknowledge',
      data: {
        incident: {
          id: incidentId,
          incident_number: 33,
          created_on: '2017-09-26T15:14:36Z',
          status: 'acknowledged',
          pending_actions: [
            { type: 'escalate', at: '2017-09-26T15:44:36Z' },
            { type: 'resolve', at: '2017-09-26T18:14:36Z' },
            { type: 'urgency_change', at: '2017-09-26T20:00:00Z', to: 'high' },
          ],
          html_url: `${api}/incident/${incidentId}`,
          incident_key: 'c24117fc42e44b44b4d6876190583378',
          service: {
            id: serviceId,
            name: 'Production XDB Cluster',
            html_url: `${api}/ruleset/${serviceId}`,
            deleted_at: null,
            description: 'Primary production datastore.',
          },
          escalation_policy: { id: '0199aaaa-0000-7000-8000-000000000005', name: 'Default', deleted_at: null },
          assigned_to_user: person(wiley),
          trigger_summary_data: { subject: 'My new incident', description: 'My new incident' },
          trigger_details_html_url: `${api}/incident/${incidentId}/log`,
          trigger_type: 'web_trigger',
          last_status_change_on: '2017-09-26T15:18:09Z',
          last_status_change_by: person(laura),
          number_of_escalations: 4,
          assigned_to: [{ at: '2017-09-26T15:16:05Z', object: { ...person(wiley), type: 'user' } }],
          acknowledgers: [{ at: '2017-09-26T15:18:09Z', object: { ...person(laura), type: 'user' } }],
          urgency: 'high',
        },
      },
      id: renderContext.deliveryId,
      created_on: '2017-09-26T15:18:09Z',
    });
  });

  it('has acknowledgers only while it is acknowledged, and only people among them', () => {
    assert.equal('acknowledgers' in told('triggered', 'trigger'), false);
    assert.equal('acknowledgers' in told('reassigned', 'assign'), false);
    const acknowledgements = [{ at: '2017-09-26T15:18:09.990Z', agent: key, channel: 'api' }] as const;
    const trail = { acknowledgements: [...acknowledgements] };
    assert.deepEqual(told('acknowledged', 'acknowledge', { incident: { trail } })['acknowledgers'], []);
  });

  it('says who resolved it, only then, and assigns it to nobody any more', () => {
    const resolved = told('resolved', 'resolve');
    assert.deepEqual(resolved['resolved_by_user'], person(laura));
    assert.deepEqual([resolved['assigned_to'], resolved['assigned_to_user']], [[], null]);
    assert.equal('resolved_by_user' in told('triggered', 'trigger'), false);
    const late = told('resolved', 'resolve', { transition: timer });
    assert.deepEqual([late['resolved_by_user'], late['last_status_change_by']], [null, null]);
  });

  it('names nobody for changes of the status that no person made', () => {
    assert.equal(told('triggered', 'trigger')['last_status_change_by'], null);
    assert.equal(told('escalated', 'escalate')['last_status_change_by'], null);
    assert.equal(told('acknowledged', 'acknowledge', { transition: { agent: key } })['last_status_change_by'], null);
  });

  it('calls what programs report a service event', () => {
    const opened = { at: '2017-09-26T15:14:36.120Z', agent: key, channel: 'api' } as const;
    assert.equal(told('resolved', 'resolve', { incident: { trail: { opened } } })['trigger_type'], 'trigger_svc_event');
  });

  it('names the team where nobody is known whom it stands for, and then no user', () => {
    const shown = told('triggered', 'trigger', { incident: { assigned: [], escalationPolicy: null, trail: {} } });
    const object = { id: teamId, name: 'Engineering', email: null, html_url: `${api}/team/${teamId}`, type: 'team' };
    assert.deepEqual(shown['assigned_to'], [{ at: '2017-09-26T15:14:36Z', object }]);
    assert.equal(shown['assigned_to_user'], null);
    assert.deepEqual(shown['escalation_policy'], { id: teamId, name: 'Engineering', deleted_at: null });
  });

  it('pings in its envelope', () => {
    const { organisation } = pagerdutySnapshot('triggered');
    const ping = { kind: 'ping', at: '2021-03-02T13:35:11.682Z', message: 'Hello', organisation } as const;
    assert.deepEqual(render('ping', ping), {
      type: 'ping',
      data: { message: 'Hello' },
      id: renderContext.deliveryId,
      created_on: '2021-03-02T13:35:11Z',
    });
    assert.throws(() => render('incident.trigger', ping));
  });

  it('has no message for what V1 has no name for', () => {
    assert.equal(Object.keys(pagerdutyV1.events).length, 7);
    for (const type of ['annotated', 'reopened', 'priority_updated'] as const)
      for (const event of Object.keys(pagerdutyV1.events))
        assert.throws(() => render(event, pagerdutySnapshot(type)), /does not stand for/);
  });

  for (const [event, type] of events) {
    it(`renders ${event} of what an early release stored, ${type}`, () => {
      const message = render(event, earlySnapshot(type));
      assert.deepEqual(JSON.parse(JSON.stringify(message)), message);
      const full = render(event, pagerdutySnapshot(type));
      assert.deepEqual(Object.keys(message.data.incident), Object.keys(full.data.incident));
    });

    it(`tells a private incident no differently: ${event}, ${type}`, () => {
      const hidden = pagerdutySnapshot(type, { incident: { visibility: 'private' } });
      assert.deepEqual(render(event, hidden), render(event, pagerdutySnapshot(type)));
    });

    it(`stays within 55 KB however much there is: ${event}, ${type}`, () => {
      const body = JSON.stringify({ messages: [render(event, hugeSnapshot(type))] });
      assert.ok(Buffer.byteLength(body) <= pagerdutyFit.mostBytes, `${Buffer.byteLength(body)} bytes`);
      assert.doesNotMatch(body, /\\ud[89ab]/i);
    });
  }
});
