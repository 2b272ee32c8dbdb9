import assert from 'node:assert/strict';
import type { TransitionType } from '../../src/domain/incident/log-entry.ts';
import type { OutboundSnapshot, ServiceSnapshot } from '../../src/domain/webhook/outbound-event.ts';
import { planTransition } from '../../src/outbound/dialect.ts';
import { pagerdutyFit } from '../../src/outbound/pagerduty/limits.ts';
import { pagerdutyV3 } from '../../src/outbound/pagerduty-v3.ts';
import {
  earlySnapshot,
  hugeSnapshot,
  incidentId,
  laura,
  memberAgent,
  nina,
  pagerdutySnapshot,
  serviceId,
  teamId,
  wiley,
} from '../support/pagerduty-snapshot.ts';
import { renderContext } from '../support/render-context.ts';

interface Event {
  id: string;
  event_type: string;
  resource_type: string;
  occurred_at: string;
  agent: unknown;
  client: unknown;
  data: Record<string, unknown>;
}

const render = (event: string, snapshot: OutboundSnapshot, item = 0) =>
  (pagerdutyV3.render(event, snapshot, { ...renderContext, item }) as { event: Event }).event;

const api = `${renderContext.publicUrl}/v1`;
const reference = (type: string, id: string, summary: string | null, path: string) => ({
  html_url: `${api}${path}`,
  id,
  self: `${api}${path}`,
  summary,
  type: `${type}_reference`,
});
const user = ({ id, name }: { id: string; name: string | null }) =>
  reference('user', id, name, `/team/${teamId}/member/${id}`);
const incident = reference('incident', incidentId, 'My new incident', `/incident/${incidentId}`);
const policyId = '0199aaaa-0000-7000-8000-000000000005';
const policy = reference('escalation_policy', policyId, 'Default', `/escalation-policy/${policyId}`);

/** Of each event of an incident, a transition it stands for. */
const told = Object.entries(pagerdutyV3.events).flatMap(([event, source]) =>
  'on' in source ? source.on.map((type): [string, TransitionType] => [event, type]) : [],
);

describe('outbound/pagerduty-v3', () => {
  it('tells of an incident, field by field', () => {
    assert.deepEqual(render('incident.triggered', pagerdutySnapshot('triggered')), {
      id: renderContext.deliveryId,
      event_type: 'incident.triggered',
      resource_type: 'incident',
      occurred_at: '2017-09-26T15:14:36.120Z',
      agent: user(laura),
      client: { name: 'Tocsin' },
      data: {
        id: incidentId,
        type: 'incident',
        self: `${api}/incident/${incidentId}`,
        html_url: `${api}/incident/${incidentId}`,
        number: 33,
        status: 'triggered',
        incident_key: 'c24117fc42e44b44b4d6876190583378',
        created_at: '2017-09-26T15:14:36Z',
        reopened_at: null,
        title: 'My new incident',
        incident_type: { name: 'incident_default' },
        service: reference('service', serviceId, 'Production XDB Cluster', `/ruleset/${serviceId}`),
        assignees: [user(wiley)],
        escalation_policy: policy,
        teams: [reference('team', teamId, 'Engineering', `/team/${teamId}`)],
        priority: reference('priority', 'P1', 'P1', `/incident/${incidentId}`),
        urgency: 'high',
        conference_bridge: { conference_number: '+1 1234123412,,987654321#', conference_url: 'https://example.com' },
        resolve_reason: null,
      },
    });
  });

  it('says when it was reopened, and into what it was merged', () => {
    const reopened = pagerdutySnapshot('reopened', { incident: { trail: { reopenedAt: '2017-09-26T16:00:00.900Z' } } });
    assert.equal(render('incident.reopened', reopened).data['reopened_at'], '2017-09-26T16:00:00Z');
    const merged = pagerdutySnapshot('resolved', {
      incident: { mergedInto: { id: serviceId, number: 9, name: 'Root' } },
    });
    assert.deepEqual(render('incident.resolved', merged).data['resolve_reason'], {
      type: 'merge_resolve_reason',
      incident: reference('incident', serviceId, 'Root', `/incident/${serviceId}`),
    });
  });

  it('names two urgencies', () => {
    for (const [urgency, name] of [
      ['high', 'high'],
      ['medium', 'high'],
      ['low', 'low'],
    ] as const) {
      const snapshot = pagerdutySnapshot('triggered', { incident: { urgency } });
      assert.equal(render('incident.triggered', snapshot).data['urgency'], name);
    }
  });

  it('lets the team stand in for an escalation policy, and has null for what there is none of', () => {
    const without = { escalationPolicy: null, priority: null, conferenceBridge: null, incidentKey: null };
    const { data } = render('incident.triggered', pagerdutySnapshot('triggered', { incident: without }));
    assert.deepEqual(
      data['escalation_policy'],
      reference('escalation_policy', teamId, 'Engineering', `/team/${teamId}`),
    );
    for (const field of ['priority', 'conference_bridge', 'incident_key']) assert.equal(data[field], null, field);
  });

  it('names each assignee once, known or not', () => {
    const stranger = '0199aaaa-0000-7000-8000-0000000000a9';
    const assigned = [wiley.id, stranger, wiley.id];
    const { data } = render('incident.reassigned', pagerdutySnapshot('reassigned', { incident: { assigned } }));
    assert.deepEqual(data['assignees'], [user(wiley), user({ id: stranger, name: null })]);
  });

  it('names teams and schedules where nobody is known whom they stand for', () => {
    const assignees = [
      { type: 'team', id: teamId },
      { type: 'schedule', id: teamId },
      { type: 'member', id: wiley.id },
      { type: 'team', id: teamId },
      { type: 'team', id: serviceId },
    ] as const;
    const snapshot = pagerdutySnapshot('triggered', { incident: { assigned: [], assignees: [...assignees] } });
    assert.deepEqual(render('incident.triggered', snapshot).data['assignees'], [
      reference('team', teamId, 'Engineering', `/team/${teamId}`),
      reference('schedule', teamId, 'Engineering', `/team/${teamId}/on-call`),
      user(wiley),
      reference('team', serviceId, null, `/team/${serviceId}`),
    ]);
  });

  it('says who did it in PagerDuty’s types, and where', () => {
    const service = reference('service', serviceId, 'Production XDB Cluster', `/ruleset/${serviceId}`);
    const key = { html_url: null, id: policyId, self: null, summary: 'Deploys', type: 'inbound_integration_reference' };
    for (const [agent, channel, expected, client] of [
      [memberAgent(nina), 'api', user(nina), { name: 'Tocsin' }],
      [{ type: 'key', id: policyId, name: 'Deploys' }, 'api', key, { name: 'Tocsin' }],
      [{ type: 'ruleset', id: serviceId, name: 'As it was' }, 'event', service, { name: 'Production API' }],
      [{ type: 'webhook', id: policyId, name: 'Deploys' }, 'event', key, { name: 'Production API' }],
      [{ type: 'webhook', id: serviceId, name: 'As it was' }, 'event', service, { name: 'Production API' }],
      [{ type: 'operator', id: null, name: 'root' }, 'signal', null, { name: 'Tocsin' }],
      [{ type: 'timer', id: null, name: 'auto-resolve' }, 'timer', null, null],
    ] as const) {
      const event = render('incident.resolved', pagerdutySnapshot('resolved', { transition: { agent, channel } }));
      assert.deepEqual([event.agent, event.client], [expected, client], agent.type);
    }
  });

  it('tells of notes and status updates, and whether they were trimmed', () => {
    const note = (content: string) =>
      render('incident.annotated', pagerdutySnapshot('annotated', { transition: { details: { content } } })).data;
    assert.deepEqual(note('Found it'), {
      incident,
      id: `${incidentId}-4`,
      content: 'Found it',
      trimmed: false,
      type: 'incident_note',
    });
    const longest = note('n'.repeat(15_000));
    assert.deepEqual([longest['trimmed'], longest['content']], [false, 'n'.repeat(15_000)]);
    const cut = note('\u0001'.repeat(15_000));
    assert.equal(cut['trimmed'], true);
    assert.match(cut['content'] as string, /^\u0001{1000,}…$/);

    const message = '🔔'.repeat(15_000);
    const update = pagerdutySnapshot('status_update_published', { transition: { details: { message } } });
    const { data } = render('incident.status_update_published', update);
    assert.deepEqual([data['trimmed'], data['type']], [true, 'incident_status_update']);
  });

  it('makes an event for each responder who was asked, and tells what one replied', () => {
    const details = { member_ids: [nina.id, wiley.id], message: 'Please help' };
    const planned = planTransition([pagerdutyV3], { type: 'responder_added', details });
    assert.deepEqual(
      planned.map(({ event, item }) => [event, item]),
      [
        ['incident.responder.added', 0],
        ['incident.responder.added', 1],
      ],
    );
    const added = pagerdutySnapshot('responder_added', { transition: { details } });
    const expected = { incident, escalation_policy: policy, type: 'incident_responder' };
    const asked = { ...expected, message: 'Please help', state: 'pending' };
    assert.deepEqual(render('incident.responder.added', added, 0).data, { ...asked, user: user(nina) });
    assert.deepEqual(render('incident.responder.added', added, 1).data, { ...asked, user: user(wiley) });
    assert.throws(() => render('incident.responder.added', added, 2), /no responder 2/);

    const replied = { details: { member_id: nina.id, reply: 'accepted' } };
    const reply = pagerdutySnapshot('responder_replied', { transition: replied });
    assert.deepEqual(render('incident.responder.replied', reply).data, {
      ...expected,
      user: user(nina),
      message: '',
      state: 'accepted',
    });
  });

  it('tells of a conference bridge, also of one that was taken away', () => {
    const bridge = (conferenceBridge: { number: string | null; url: string | null } | null) =>
      render(
        'incident.conference_bridge.updated',
        pagerdutySnapshot('conference_bridge_updated', { incident: { conferenceBridge } }),
      ).data;
    assert.deepEqual(bridge({ number: '+1 555', url: null }), {
      incident,
      conference_numbers: [{ label: '', number: '+1 555' }],
      conference_url: null,
      type: 'incident_conference_bridge',
    });
    assert.deepEqual(bridge(null)['conference_numbers'], []);
  });

  it('tells of services, the whole organisation’s too', () => {
    const { service, team, organisation } = pagerdutySnapshot('triggered');
    const changed = (changes: Pick<ServiceSnapshot, 'change' | 'agent' | 'team'>): ServiceSnapshot => {
      return { kind: 'service', at: '2021-03-02T13:35:11.682Z', organisation, service, ...changes };
    };
    for (const change of ['created', 'updated', 'deleted'] as const) {
      const event = render(`service.${change}`, changed({ change, agent: memberAgent(laura), team }));
      assert.deepEqual(event, {
        id: renderContext.deliveryId,
        event_type: `service.${change}`,
        resource_type: 'service',
        occurred_at: '2021-03-02T13:35:11.682Z',
        agent: user(laura),
        client: { name: 'Tocsin' },
        data: {
          html_url: `${api}/ruleset/${serviceId}`,
          id: serviceId,
          self: `${api}/ruleset/${serviceId}`,
          summary: 'Production XDB Cluster',
          alert_creation: 'create_alerts_and_incidents',
          teams: [reference('team', teamId, 'Engineering', `/team/${teamId}`)],
          type: 'service',
        },
      });
    }
    const key = { type: 'key', id: policyId, name: 'Terraform' } as const;
    const whole = render('service.created', changed({ change: 'created', agent: key, team: null }));
    assert.deepEqual(whole.data['teams'], []);
    assert.equal((whole.agent as { type: string }).type, 'inbound_integration_reference');
    assert.throws(() => render('service.created', changed({ change: 'deleted', agent: key, team })));
  });

  it('pings as Pagey does', () => {
    const { organisation } = pagerdutySnapshot('triggered');
    const ping = { kind: 'ping', at: '2021-03-02T13:35:11.682Z', message: 'Hello', organisation } as const;
    assert.deepEqual(render('pagey.ping', ping), {
      id: renderContext.deliveryId,
      event_type: 'pagey.ping',
      resource_type: 'pagey',
      occurred_at: '2021-03-02T13:35:11.682Z',
      agent: null,
      client: null,
      data: { message: 'Hello', type: 'ping' },
    });
    assert.throws(() => render('incident.triggered', ping));
  });

  it('counts a snooze as acknowledging only where it is the one that did', () => {
    const source = pagerdutyV3.events['incident.acknowledged']!;
    assert.ok('on' in source && source.ifStatusChanged);
    assert.equal(render('incident.acknowledged', pagerdutySnapshot('snoozed')).data['status'], 'acknowledged');
    const prolonged = pagerdutySnapshot('snoozed', { transition: { previousStatus: 'acknowledged' } });
    assert.throws(() => render('incident.acknowledged', prolonged));
  });

  it('has no event for another transition', () => {
    assert.throws(() => render('incident.triggered', pagerdutySnapshot('resolved')), /does not stand for/);
    assert.throws(() => render('no.such', pagerdutySnapshot('triggered')), /does not stand for/);
    assert.throws(() => render('constructor', pagerdutySnapshot('triggered')), /does not stand for/);
  });

  const assignees = [{ type: 'member' as const, id: nina.id }];
  const details = { member_ids: [nina.id], member_id: nina.id, assignees };
  for (const [event, type] of told) {
    it(`renders ${event} of what an early release stored, ${type}`, () => {
      const { data } = render(event, earlySnapshot(type));
      assert.doesNotMatch(JSON.stringify(data), /undefined|NaN/);
      assert.deepEqual(JSON.parse(JSON.stringify(data)), data);
    });

    it(`tells a private incident no differently: ${event}, ${type}`, () => {
      const snapshot = pagerdutySnapshot(type, { transition: { details } });
      const hidden = { ...snapshot, incident: { ...snapshot.incident, visibility: 'private' as const } };
      assert.deepEqual(render(event, hidden), render(event, snapshot));
    });

    it(`stays within 55 KB however much there is: ${event}, ${type}`, () => {
      const body = JSON.stringify({ event: render(event, hugeSnapshot(type), 49) });
      assert.ok(Buffer.byteLength(body) <= pagerdutyFit.mostBytes, `${Buffer.byteLength(body)} bytes`);
      assert.doesNotMatch(body, /\\ud[89ab]/i);
    });
  }
});
