import assert from 'node:assert/strict';
import { transitionTypes } from '../../src/domain/incident/log-entry.ts';
import type { IncidentSnapshot } from '../../src/domain/incident/snapshot.ts';
import { exampleOf, examplePing } from '../../src/outbound/example-snapshot.ts';
import { standard } from '../../src/outbound/standard.ts';
import { exampleSetting, fullSnapshot, hostile } from '../support/example.ts';
import { renderContext } from '../support/render-context.ts';
import { sampleSnapshot } from '../support/transition.ts';

interface Body {
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}

describe('outbound/standard', () => {
  const bodyOf = (snapshot: IncidentSnapshot) =>
    standard.render(`incident.${snapshot.transition.type}`, snapshot, renderContext) as Body;

  it('is type, timestamp of the transition, and data', () => {
    const body = bodyOf(sampleSnapshot('resolved'));
    assert.deepEqual(Object.keys(body), ['type', 'timestamp', 'data']);
    assert.equal(body.type, 'incident.resolved');
    assert.equal(body.timestamp, '2026-04-16T14:47:00.999Z');
  });

  it('says everything a receiver may want to know, in snake_case', () => {
    assert.deepEqual(bodyOf(sampleSnapshot('action_run')).data, {
      incident: {
        id: '0199aaaa-0000-7000-8000-000000000001',
        number: 1234,
        reference: 'INC-1234',
        name: 'Production API — Status code 503',
        description: 'The health check failed.',
        status: 'triggered',
        previous_status: null,
        sequence: null,
        visibility: 'public',
        urgency: 'high',
        severity: null,
        priority: null,
        assignees: [{ type: 'team', id: '0199aaaa-0000-7000-8000-000000000007' }],
        assigned: [],
        responders: [],
        escalation_policy: null,
        conference_bridge: null,
        incident_key: 'production-api',
        occurrences: 1,
        created_at: '2026-04-16T14:23:00.123456Z',
        acknowledged_at: null,
        resolved_at: null,
        resolution: null,
        root_cause: null,
        merged_into: null,
        pending_actions: [{ type: 'resolve', at: '2026-04-16T18:23:00.123Z' }],
      },
      organisation: { id: '0199aaaa-0000-7000-8000-000000000002', name: 'Acme' },
      team: { id: '0199aaaa-0000-7000-8000-000000000007', number: 7, name: 'Acme Corp' },
      service: { type: 'ruleset', id: '0199aaaa-0000-7000-8000-000000000003', number: 3, name: 'Status codes' },
      webhook: { id: '0199aaaa-0000-7000-8000-000000000042', number: 42, name: 'Production API' },
      check: {
        http_status_code: 503,
        response_time_ms: 1203,
        error: 'HTTP error: 503 Service Unavailable',
        checked_at: '2026-04-16T14:23:00.100Z',
      },
      agent: { type: 'ruleset', id: '0199aaaa-0000-7000-8000-000000000003', name: 'Status codes' },
      channel: 'event',
      action: { id: '0199aaaa-0000-7000-8000-000000000009', type: 'trigger-webhook', trigger: 'manual' },
      details: {},
      truncated: [],
    });
  });

  it('says who is asked, who helps, where they talk and what it was before', () => {
    const incident = bodyOf(fullSnapshot('resolved')).data.incident as Record<string, unknown>;
    const snapshot = fullSnapshot('resolved');
    const [ada, alan] = snapshot.people!;
    const { previous_status, sequence, visibility, assigned, responders, escalation_policy, conference_bridge } =
      incident;
    assert.deepEqual(
      { previous_status, sequence, visibility, assigned, responders, escalation_policy, conference_bridge },
      {
        previous_status: 'acknowledged',
        sequence: 2,
        visibility: 'public',
        assigned: [{ id: ada!.id, name: 'Example: Ada' }],
        responders: [{ member_id: alan!.id, name: 'Example: Alan', state: 'accepted' }],
        escalation_policy: snapshot.incident.escalationPolicy,
        conference_bridge: { number: '+1 555 0100', url: 'https://meet.example.com/checkout' },
      },
    );
  });

  it('says whether it is private', () => {
    const visibilityOf = (snapshot: IncidentSnapshot) =>
      (bodyOf(snapshot).data.incident as Record<string, unknown>).visibility;
    assert.equal(visibilityOf(fullSnapshot('updated', 'private')), 'private');
    assert.equal(visibilityOf(fullSnapshot('updated')), 'public');
  });

  it('says where it was merged into', () => {
    const sample = fullSnapshot('resolved');
    const mergedInto = { id: '0199aaaa-0000-7000-8000-000000000011', number: 11, name: 'Checkout' };
    const { incident } = bodyOf({ ...sample, incident: { ...sample.incident, mergedInto } }).data;
    assert.deepEqual((incident as Record<string, unknown>).merged_into, { ...mergedInto, reference: 'INC-11' });
  });

  it('says no e-mail address of anybody', () => {
    for (const event of Object.keys(standard.events)) {
      const body = standard.render(event, exampleOf(standard, event, exampleSetting).snapshot, renderContext);
      assert.doesNotMatch(JSON.stringify(body), /@/, event);
    }
  });

  it('has one set of keys for every transition, whether values are there or not', () => {
    const keys = transitionTypes.map((type) => Object.keys(bodyOf(sampleSnapshot(type)).data).join());
    assert.equal(new Set(keys).size, 1);
    const incidents = transitionTypes.flatMap((type) =>
      [sampleSnapshot(type), fullSnapshot(type)].map((one) => Object.keys(bodyOf(one).data.incident as object).join()),
    );
    assert.equal(new Set(incidents).size, 1);
  });

  it('has an event for every transition', () => {
    for (const type of transitionTypes) assert.deepEqual(standard.events[`incident.${type}`], { on: [type] });
  });

  for (const change of ['created', 'updated', 'deleted'] as const)
    it(`tells that a service was ${change}`, () => {
      const { snapshot } = exampleOf(standard, `service.${change}`, exampleSetting);
      assert.equal(snapshot.kind, 'service');
      const { type, timestamp, data } = standard.render(`service.${change}`, snapshot, renderContext) as Body;
      assert.deepEqual([type, timestamp], [`service.${change}`, exampleSetting.now]);
      const { service, agent } = snapshot;
      assert.deepEqual(data, {
        organisation: exampleSetting.organisation,
        service: {
          type: 'ruleset',
          id: service.id,
          number: service.number,
          name: 'Example: checkout',
          description: 'Example: errors of the checkout.',
          created_at: service.createdAt,
          acknowledgement_timeout: 1_800,
          auto_resolve_timeout: 14_400,
          urgency: 'high',
          support_hours: null,
          escalation_policy: service.escalationPolicy,
        },
        team: exampleSetting.team,
        agent,
        truncated: [],
      });
    });

  it('writes the support hours of a service as the API does, and times in UTC whatever was stored', () => {
    const { snapshot } = exampleOf(standard, 'service.updated', exampleSetting);
    assert.equal(snapshot.kind, 'service');
    const supportHours = {
      timeZone: 'Europe/Berlin',
      weekDays: [1, 2],
      startTime: '09:00:00',
      endTime: '17:00:00',
      urgency: 'high',
      otherwise: 'low',
    } as const;
    const service = {
      ...snapshot.service,
      supportHours: { ...supportHours, weekDays: [1, 2] },
      createdAt: '2026-01-01T01:00:00+01:00',
    };
    const { data } = standard.render('service.updated', { ...snapshot, service, team: null }, renderContext) as Body;
    const told = data.service as Record<string, unknown>;
    assert.deepEqual(told.support_hours, {
      time_zone: 'Europe/Berlin',
      week_days: [1, 2],
      start_time: '09:00:00',
      end_time: '17:00:00',
      urgency: 'high',
      otherwise: 'low',
    });
    assert.equal(told.created_at, '2026-01-01T00:00:00.000Z');
    assert.equal(data.team, null);
  });

  it('tells that a subscription was disabled, and pings', () => {
    const { snapshot } = exampleOf(standard, 'subscription.disabled', exampleSetting);
    assert.equal(snapshot.kind, 'subscription');
    const { organisation, now: timestamp } = exampleSetting;
    assert.deepEqual(standard.render('subscription.disabled', snapshot, renderContext), {
      type: 'subscription.disabled',
      timestamp,
      data: { organisation, subscription: snapshot.subscription, reason: 'failing', truncated: [] },
    });
    assert.deepEqual(standard.render('ping', examplePing(exampleSetting), renderContext), {
      type: 'ping',
      timestamp,
      data: { organisation, message: 'Example: this webhook can be reached.', truncated: [] },
    });
  });

  it('names what it cut', () => {
    const sample = sampleSnapshot('triggered');
    const description = 'é'.repeat(10_000);
    const { data } = bodyOf({ ...sample, incident: { ...sample.incident, description } });
    assert.deepEqual(data.truncated, ['incident.description']);
    assert.match((data.incident as { description: string }).description, /^é{1000,}…$/);
  });

  it('cuts deep into details, and shorter where everything is long', () => {
    const sample = fullSnapshot('merged');
    const ids = Array.from({ length: 200 }, (_, at) => `${at}`.padStart(36, '0'));
    const one = bodyOf({
      ...sample,
      transition: { ...sample.transition, details: { incident_ids: ids, by: [{ a: 'é'.repeat(5_000) }] } },
    });
    assert.deepEqual(one.data.truncated, ['details.incident_ids', 'details.by.a']);
    assert.equal((one.data.details as { incident_ids: string[] }).incident_ids.length, 50);
    const body = bodyOf(hostile(sample) as IncidentSnapshot);
    const { name, description } = body.data.incident as Record<string, string>;
    assert.ok(name!.length > 10 && description!.length > name!.length);
  });
});
