import assert from 'node:assert/strict';
import { transitionTypes } from '../../src/domain/incident/log-entry.ts';
import { standard } from '../../src/outbound/standard.ts';
import { sampleSnapshot } from '../support/transition.ts';

describe('outbound/standard', () => {
  const context = { deliveryId: 'd', attemptAt: '2026-04-16T14:47:03.500Z', publicUrl: 'https://tocsin.example.com' };
  const bodyOf = (snapshot: ReturnType<typeof sampleSnapshot>) =>
    standard.render(snapshot, context).body as { type: string; timestamp: string; data: Record<string, unknown> };

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
        urgency: 'high',
        severity: null,
        priority: null,
        assignees: [{ type: 'team', id: '0199aaaa-0000-7000-8000-000000000007' }],
        incident_key: 'production-api',
        occurrences: 1,
        created_at: '2026-04-16T14:23:00.123456Z',
        acknowledged_at: null,
        resolved_at: null,
        resolution: null,
        root_cause: null,
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

  it('has one set of keys for every transition', () => {
    const keys = transitionTypes.map((type) => Object.keys(bodyOf(sampleSnapshot(type)).data).join());
    assert.equal(new Set(keys).size, 1);
  });

  it('names what it cut', () => {
    const sample = sampleSnapshot('triggered');
    const description = 'é'.repeat(10_000);
    const { data } = bodyOf({ ...sample, incident: { ...sample.incident, description } });
    assert.deepEqual(data.truncated, ['incident.description']);
    assert.match((data.incident as { description: string }).description, /^é{1000,}…$/);
  });
});
