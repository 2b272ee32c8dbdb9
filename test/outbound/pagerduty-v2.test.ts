import assert from 'node:assert/strict';
import type { TransitionType } from '../../src/domain/incident/log-entry.ts';
import type { OutboundSnapshot } from '../../src/domain/webhook/outbound-event.ts';
import { pagerdutyFit } from '../../src/outbound/pagerduty/limits.ts';
import { pagerdutyV2 } from '../../src/outbound/pagerduty-v2.ts';
import {
  earlySnapshot,
  hugeSnapshot,
  incidentId,
  laura,
  memberAgent,
  nina,
  pagerdutySnapshot,
  serviceId,
  type SnapshotChanges,
  teamId,
  wiley,
} from '../support/pagerduty-snapshot.ts';
import { renderContext } from '../support/render-context.ts';

type Fields = Record<string, unknown>;
interface Message extends Fields {
  log_entries: Fields[];
  webhook: Fields;
  incident: Fields & { service: Fields };
}

const render = (event: string, snapshot: OutboundSnapshot, context = renderContext) => {
  const { messages } = pagerdutyV2.render(event, snapshot, context) as { messages: Message[] };
  assert.equal(messages.length, 1);
  return messages[0]!;
};
const told = (type: TransitionType, event: string, changes: SnapshotChanges = {}) =>
  render(`incident.${event}`, pagerdutySnapshot(type, changes));

const api = `${renderContext.publicUrl}/v1`;
const reference = (type: string, id: string, summary: string, path: string, hasPage = true) => ({
  html_url: hasPage ? `${api}${path}` : null,
  id,
  self: `${api}${path}`,
  summary,
  type: `${type}_reference`,
});
const user = ({ id, name }: { id: string; name: string }) =>
  reference('user', id, name, `/team/${teamId}/member/${id}`);
const service = reference('service', serviceId, 'Production XDB Cluster', `/ruleset/${serviceId}`);
const team = reference('team', teamId, 'Engineering', `/team/${teamId}`);
const incident = reference('incident', incidentId, '[#33] My new incident', `/incident/${incidentId}`);
const log = `${api}/incident/${incidentId}/log`;
const timer = {
  agent: { type: 'timer', id: null, name: 'acknowledgement timeout (1800 s)' },
  channel: 'timer',
} as const;
const events = Object.entries(pagerdutyV2.events).flatMap(([event, source]) =>
  'on' in source ? source.on.map((type): [string, TransitionType] => [event, type]) : [],
);

describe('outbound/pagerduty-v2', () => {
  it('shows the log entry that opened an incident, and refers to it ever after', () => {
    const { log_entries, incident: opened, ...message } = told('triggered', 'trigger');
    assert.deepEqual(log_entries, [
      {
        id: `${incidentId}-1`,
        type: 'trigger_log_entry',
        summary: 'Triggered through the website',
        self: log,
        html_url: log,
        created_at: '2017-09-26T15:14:36Z',
        agent: user(laura),
        channel: {
          type: 'web_trigger',
          summary: 'My new incident',
          subject: 'My new incident',
          details: 'Oh my gosh',
          details_omitted: false,
        },
        service,
        incident,
        teams: [team],
        contexts: [],
        event_details: { description: 'My new incident' },
      },
    ]);
    const first = opened['first_trigger_log_entry'] as Fields;
    assert.deepEqual([first['id'], first['type']], [`${incidentId}-1`, 'trigger_log_entry_reference']);
    const later = told('resolved', 'resolve').incident['first_trigger_log_entry'];
    assert.deepEqual(later, first);
    assert.deepEqual(
      [message['event'], message['id'], message['created_on']],
      ['incident.trigger', renderContext.deliveryId, '2017-09-26T15:14:36Z'],
    );
  });

  it('says what each entry is', () => {
    for (const [type, event, changes, expected] of [
      [
        'acknowledged',
        'acknowledge',
        { transition: { details: { acknowledgement_timeout: 600 } } },
        { summary: 'Acknowledged by Laura Haley', acknowledgement_timeout: 600, channel: { type: 'website' } },
      ],
      ['snoozed', 'acknowledge', { transition: { details: { duration: 7_200 } } }, { acknowledgement_timeout: 7_200 }],
      [
        'unacknowledged',
        'unacknowledge',
        { transition: timer },
        { summary: 'Unacknowledged by timeout', agent: service, channel: { type: 'timeout' } },
      ],
      [
        'resolved',
        'resolve',
        { transition: { details: { resolution: 'Restarted' } } },
        { summary: 'Resolved by Laura Haley', note: 'Restarted', channel: { type: 'website' } },
      ],
      [
        'resolved',
        'resolve',
        { transition: { agent: { type: 'key', id: nina.id, name: 'Deploys' } } },
        { summary: 'Resolved by Deploys', agent: service, channel: { type: 'api' } },
      ],
      [
        'reassigned',
        'assign',
        {},
        { summary: 'Assigned to Wiley Jacobson by Laura Haley', assignees: [user(wiley)], html_url: null },
      ],
      ['delegated', 'delegate', {}, { summary: 'Delegated to Default by Laura Haley', assignees: [user(wiley)] }],
      [
        'annotated',
        'annotate',
        { transition: { details: { content: 'Found it' } } },
        { summary: 'Note added by Laura Haley', channel: { type: 'note', summary: 'Found it', content: 'Found it' } },
      ],
    ] as [TransitionType, string, SnapshotChanges, Fields][]) {
      const { log_entries } = told(type, event, changes);
      assert.equal(log_entries.length, 1);
      const entry = log_entries[0]!;
      assert.equal(entry['type'], `${event}_log_entry`);
      const shown = Object.fromEntries(Object.keys(expected).map((key) => [key, entry[key]]));
      assert.deepEqual(shown, expected, event);
    }
  });

  it('calls what programs report a trigger by API', () => {
    const transition = { agent: { type: 'ruleset', id: serviceId, name: 'Cluster' }, channel: 'event' } as const;
    const { log_entries } = told('triggered', 'trigger', { transition });
    const [entry] = log_entries;
    assert.deepEqual([entry!['summary'], entry!['agent']], ['Triggered through the API', service]);
    assert.equal((entry!['channel'] as Fields)['type'], 'api');
  });

  it('has an entry for each one whom an escalation asks, each with an id of its own', () => {
    const { log_entries } = told('escalated', 'escalate', { incident: { assigned: [wiley.id, nina.id] } });
    assert.deepEqual(
      log_entries.map(({ id, summary, assignees }) => [id, summary, assignees]),
      [
        [`${incidentId}-4`, 'Escalated to Wiley Jacobson by Laura Haley', [user(wiley)]],
        [`${incidentId}-4-2`, 'Escalated to Nina Gulgowski by Laura Haley', [user(nina)]],
      ],
    );
    const alone = told('escalated', 'escalate', { incident: { assigned: [], assignees: [] }, transition: timer });
    assert.equal(alone.log_entries.length, 1);
    assert.equal(alone.log_entries[0]!['summary'], 'Escalated to nobody by timeout');
  });

  it('rather leaves out log entries than people or texts', () => {
    const people = Array.from({ length: 25 }, (_, index) => ({
      ...wiley,
      id: `${wiley.id.slice(0, -2)}${10 + index}`,
    }));
    const description = 'd'.repeat(10_000);
    const { log_entries, incident: shown } = told('escalated', 'escalate', {
      people,
      incident: { assigned: people.map(({ id }) => id) },
      service: { description },
    });
    assert.equal(log_entries.length, 15);
    assert.equal((shown['assignments'] as unknown[]).length, 25);
    assert.equal(shown.service['description'], description);
  });

  it('names pending actions as PagerDuty does, one of a kind', () => {
    assert.deepEqual(told('triggered', 'trigger').incident['pending_actions'], [
      { type: 'escalate', at: '2017-09-26T15:44:36Z' },
      { type: 'resolve', at: '2017-09-26T18:14:36Z' },
      { type: 'urgency_change', at: '2017-09-26T20:00:00Z', to: 'high' },
    ]);
  });

  it('says since when whom it is assigned to, and by whom it is acknowledged', () => {
    const { incident: acknowledged } = told('acknowledged', 'acknowledge');
    assert.deepEqual(acknowledged['assignments'], [{ at: '2017-09-26T15:16:05Z', assignee: user(wiley) }]);
    assert.deepEqual(acknowledged['acknowledgements'], [{ at: '2017-09-26T15:18:09Z', acknowledger: user(laura) }]);
    assert.deepEqual(told('reassigned', 'assign').incident['acknowledgements'], []);
  });

  it('says who last changed the status: the service where it is triggered or nobody did', () => {
    const by = (type: TransitionType, event: string, changes?: SnapshotChanges) => {
      const { last_status_change_at: at, last_status_change_by: who } = told(type, event, changes).incident;
      return [at, who];
    };
    assert.deepEqual(by('triggered', 'trigger'), ['2017-09-26T15:14:36Z', service]);
    assert.deepEqual(by('acknowledged', 'acknowledge'), ['2017-09-26T15:18:09Z', user(laura)]);
    assert.deepEqual(by('reassigned', 'assign'), ['2017-09-26T15:18:09Z', service]);
    assert.deepEqual(by('resolved', 'resolve', { transition: timer }), ['2017-09-26T15:18:09Z', service]);
    const lastStatusChange = { at: '2017-09-26T15:15:17.999Z', agent: memberAgent(nina), channel: 'api' } as const;
    assert.deepEqual(
      by('annotated', 'annotate', {
        incident: { status: 'acknowledged', trail: { lastStatusChange } },
        transition: { previousStatus: 'acknowledged' },
      }),
      ['2017-09-26T15:15:17Z', user(nina)],
    );
  });

  it('shows the service with its settings', () => {
    assert.deepEqual(told('triggered', 'trigger').incident.service, {
      id: serviceId,
      name: 'Production XDB Cluster',
      description: 'Primary production datastore.',
      auto_resolve_timeout: 14_400,
      acknowledgement_timeout: 1_800,
      created_at: '2017-07-05T17:33:09Z',
      status: 'critical',
      last_incident_timestamp: '2017-09-26T15:14:36Z',
      teams: [team],
      incident_urgency_rule: { type: 'constant', urgency: 'high' },
      scheduled_actions: [],
      support_hours: null,
      escalation_policy: reference(
        'escalation_policy',
        '0199aaaa-0000-7000-8000-000000000005',
        'Default',
        '/escalation-policy/0199aaaa-0000-7000-8000-000000000005',
      ),
      addons: [],
      privilege: null,
      alert_creation: 'create_alerts_and_incidents',
      integrations: [
        {
          id: '0199aaaa-0000-7000-8000-000000000042',
          type: 'generic_events_api_inbound_integration_reference',
          summary: 'Production API',
          self: `${api}/webhook/0199aaaa-0000-7000-8000-000000000042`,
          html_url: `${api}/webhook/0199aaaa-0000-7000-8000-000000000042`,
        },
      ],
      metadata: {},
      type: 'service',
      summary: 'Production XDB Cluster',
      self: `${api}/ruleset/${serviceId}`,
      html_url: `${api}/ruleset/${serviceId}`,
    });
  });

  it('shows support hours as PagerDuty has them: from Monday, 1, to Sunday, 7', () => {
    const supportHours = {
      timeZone: 'Europe/Berlin',
      weekDays: [0, 1, 6],
      startTime: '09:00:00',
      endTime: '16:59:59',
      urgency: 'high',
      otherwise: 'low',
    } as const;
    const shown = told('triggered', 'trigger', {
      service: { supportHours: { ...supportHours, weekDays: [...supportHours.weekDays] } },
    }).incident.service;
    assert.deepEqual(shown['support_hours'], {
      type: 'fixed_time_per_day',
      time_zone: 'Europe/Berlin',
      days_of_week: [1, 6, 7],
      start_time: '09:00:00',
      end_time: '16:59:59',
    });
    assert.deepEqual(shown['incident_urgency_rule'], {
      type: 'use_support_hours',
      during_support_hours: { type: 'constant', urgency: 'high' },
      outside_support_hours: { type: 'constant', urgency: 'low' },
    });
    const at = (name: string) => ({ type: 'named_time', name });
    assert.deepEqual(shown['scheduled_actions'], [
      { type: 'urgency_change', at: at('support_hours_start'), to_urgency: 'high' },
      { type: 'urgency_change', at: at('support_hours_end'), to_urgency: 'low' },
    ]);
  });

  it('gives the state of the service, and timeouts also where it has none of its own', () => {
    for (const [status, name] of [
      ['triggered', 'critical'],
      ['acknowledged', 'warning'],
      ['resolved', 'active'],
    ] as const)
      assert.equal(told('resolved', 'resolve', { service: { status } }).incident.service['status'], name);

    const snapshot = pagerdutySnapshot('triggered', { webhook: null });
    const timeouts = (plain: 'team' | 'ruleset') => {
      const { incident: shown } = render('incident.trigger', {
        ...snapshot,
        service: { type: plain, id: teamId, number: 7, name: 'Engineering' },
      });
      const { acknowledgement_timeout: acknowledgement, auto_resolve_timeout: resolve, integrations } = shown.service;
      return [acknowledgement, resolve, integrations];
    };
    assert.deepEqual(timeouts('team'), [1_800, 14_400, []]);
    assert.deepEqual(timeouts('ruleset'), [null, null, []]);
    const off = told('triggered', 'trigger', { service: { acknowledgementTimeout: null } });
    assert.equal(off.incident.service['acknowledgement_timeout'], null);
  });

  it('counts alerts, and names the key they share', () => {
    const shown = told('resolved', 'resolve').incident;
    assert.deepEqual(shown['alert_counts'], { all: 2, triggered: 0, resolved: 2 });
    assert.deepEqual(shown['alerts'], [{ alert_key: 'c24117fc42e44b44b4d6876190583378' }]);
    const keyless = told('triggered', 'trigger', { incident: { incidentKey: null, eventId: nina.id } }).incident;
    assert.deepEqual(keyless['alert_counts'], { all: 2, triggered: 2, resolved: 0 });
    assert.deepEqual([keyless['incident_key'], keyless['alerts']], [null, [{ alert_key: nina.id }]]);
  });

  it('says what became of a merged incident, and who was asked for help', () => {
    const shown = told('resolved', 'resolve', { incident: { mergedInto: { id: serviceId, number: 9, name: 'Root' } } });
    assert.deepEqual([shown.incident['resolve_reason'], shown.incident['is_mergeable']], ['merged', false]);
    assert.deepEqual(shown.incident['incidents_responders'], [{ state: 'pending', user: user(nina), incident }]);
    assert.equal(told('resolved', 'resolve').incident['resolve_reason'], null);
  });

  it('shows the subscription as its webhook', () => {
    const { id } = renderContext.subscription;
    assert.deepEqual(told('triggered', 'trigger').webhook, {
      endpoint_url: 'https://receiver.example.com/hooks/tocsin',
      name: 'Chat bot',
      description: 'Posts to #incidents',
      webhook_object: service,
      config: {},
      outbound_integration: reference('outbound_integration', id, 'Generic V2 Webhook', `/subscription/${id}`, false),
      accounts_addon: null,
      id,
      type: 'webhook',
      summary: 'Chat bot',
      self: `${api}/subscription/${id}`,
      html_url: null,
    });
    const subscription = { ...renderContext.subscription, description: '' };
    const { webhook } = render('incident.trigger', pagerdutySnapshot('triggered'), { ...renderContext, subscription });
    assert.equal(webhook['description'], null);
  });

  it('pings in its envelope', () => {
    const { organisation } = pagerdutySnapshot('triggered');
    const ping = { kind: 'ping', at: '2021-03-02T13:35:11.682Z', message: 'Hello', organisation } as const;
    assert.deepEqual(render('ping', ping), {
      event: 'ping',
      log_entries: [],
      id: renderContext.deliveryId,
      created_on: '2021-03-02T13:35:11Z',
      message: 'Hello',
    });
    assert.throws(() => render('incident.trigger', ping));
  });

  it('has no message for what V2 has no name for', () => {
    for (const type of ['reopened', 'priority_updated', 'responder_added', 'status_update_published'] as const)
      for (const event of Object.keys(pagerdutyV2.events))
        assert.throws(() => render(event, pagerdutySnapshot(type)), /does not stand for/);
  });

  for (const [event, type] of events) {
    it(`renders ${event} of what an early release stored, ${type}`, () => {
      const message = render(event, earlySnapshot(type));
      assert.deepEqual(JSON.parse(JSON.stringify(message)), message);
      const full = render(event, pagerdutySnapshot(type));
      assert.deepEqual(Object.keys(message.incident), Object.keys(full.incident));
      assert.deepEqual(Object.keys(message.incident.service), Object.keys(full.incident.service));
      assert.equal(
        (message.incident['acknowledgements'] as unknown[]).length,
        event === 'incident.acknowledge' ? 1 : 0,
      );
    });

    it(`tells a private incident no differently: ${event}, ${type}`, () => {
      const hidden = pagerdutySnapshot(type, { incident: { visibility: 'private' } });
      assert.deepEqual(render(event, hidden), render(event, pagerdutySnapshot(type)));
    });

    it(`stays within 55 KB however much there is: ${event}, ${type}`, () => {
      const context = {
        ...renderContext,
        publicUrl: `https://${'tocsin.'.repeat(14)}example.com`,
        subscription: {
          ...renderContext.subscription,
          name: '\u0001'.repeat(255),
          url: `https://a.example/${'u'.repeat(2_000)}`,
        },
      };
      const body = JSON.stringify({ messages: [render(event, hugeSnapshot(type), context)] });
      assert.ok(Buffer.byteLength(body) <= pagerdutyFit.mostBytes, `${Buffer.byteLength(body)} bytes`);
      assert.doesNotMatch(body, /\\ud[89ab]/i);
    });
  }
});
