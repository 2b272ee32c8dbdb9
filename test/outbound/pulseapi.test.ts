import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncidentSnapshot } from '../../src/domain/incident/snapshot.ts';
import { pulseapi } from '../../src/outbound/pulseapi.ts';
import { sampleSnapshot } from '../support/transition.ts';

interface PulseApiBody {
  event: string;
  triggered_at: string;
  incident: Record<string, unknown>;
  monitor: Record<string, unknown>;
  check?: Record<string, unknown>;
  team: Record<string, unknown>;
}

/** PulseAPI's own sample payloads, as its reference prints them. */
const documented = (name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/pulseapi-${name}.json`, import.meta.url), 'utf8')) as PulseApiBody;

const render = (snapshot: IncidentSnapshot, attemptAt: string) =>
  pulseapi.render(snapshot, { deliveryId: 'd', attemptAt, publicUrl: 'https://tocsin.example.com' })
    .body as PulseApiBody;

describe('outbound/pulseapi', () => {
  // Urgency has no "critical"; everything else in the samples follows from the snapshot.
  for (const { name, type, attemptAt } of [
    { name: 'incident-created', type: 'triggered', attemptAt: '2026-04-16T14:23:00.700Z' },
    { name: 'incident-resolved', type: 'resolved', attemptAt: '2026-04-16T14:47:00.999Z' },
  ] as const)
    it(`renders the documented sample ${name}: same keys, same types, same values`, () => {
      const sample = documented(name);
      assert.deepEqual(render(sampleSnapshot(type), attemptAt), {
        ...sample,
        incident: { ...sample.incident, severity: 'high' },
      });
    });

  it('has the keys in the documented order', () => {
    const created = render(sampleSnapshot('triggered'), '2026-04-16T14:23:00.700Z');
    const resolved = render(sampleSnapshot('resolved'), '2026-04-16T14:47:00.999Z');
    for (const [ours, theirs] of [
      [created, documented('incident-created')],
      [resolved, documented('incident-resolved')],
    ] as const) {
      assert.deepEqual(Object.keys(ours), Object.keys(theirs));
      assert.deepEqual(Object.keys(ours.incident), Object.keys(theirs.incident));
    }
  });

  it('takes severity from urgency', () => {
    const sample = sampleSnapshot('triggered');
    for (const urgency of ['low', 'medium', 'high'] as const) {
      const body = render({ ...sample, incident: { ...sample.incident, urgency } }, '2026-04-16T14:23:00Z');
      assert.equal(body.incident.severity, urgency);
    }
  });

  it('says when the attempt was sent, not when it happened', () => {
    assert.equal(render(sampleSnapshot('triggered'), '2026-04-17T09:00:01.999Z').triggered_at, '2026-04-17T09:00:01Z');
  });

  it('lets the submit URL stand in for a webhook that names no monitor', () => {
    const sample = sampleSnapshot('triggered');
    const webhook = { ...sample.webhook!, monitorUrl: null, monitorMethod: null };
    assert.deepEqual(render({ ...sample, webhook }, '2026-04-16T14:23:00Z').monitor, {
      id: 42,
      name: 'Production API',
      url: `https://tocsin.example.com/v1/incident/webhook/${webhook.id}`,
      method: 'POST',
    });
  });

  it('lets the team stand in for an incident that no webhook brought', () => {
    const body = render({ ...sampleSnapshot('triggered'), webhook: null, check: null }, '2026-04-16T14:23:00Z');
    assert.deepEqual(body.monitor, {
      id: 7,
      name: 'Acme Corp',
      url: 'https://tocsin.example.com/v1/team/0199aaaa-0000-7000-8000-000000000007/incident',
      method: 'POST',
    });
    assert.deepEqual(body.check, {
      status: 'failed',
      http_status_code: null,
      response_time_ms: null,
      error: null,
      checked_at: '2026-04-16T14:23:00Z',
    });
  });

  it('keeps its numbers integers', () => {
    const sample = sampleSnapshot('triggered');
    const check = { ...sample.check!, responseTimeMs: 12.6 };
    assert.equal(render({ ...sample, check }, '2026-04-16T14:23:00Z').check!.response_time_ms, 13);
  });

  it('counts the duration between the instants it shows, and never below zero', () => {
    const sample = sampleSnapshot('resolved');
    const between = (createdAt: string, resolvedAt: string) =>
      render({ ...sample, incident: { ...sample.incident, createdAt, resolvedAt } }, resolvedAt).incident
        .duration_seconds;
    assert.equal(between('2026-04-16T14:23:00.999Z', '2026-04-16T14:23:01.000Z'), 1);
    assert.equal(between('2026-04-16T14:23:00.000Z', '2026-04-16T14:23:00.999Z'), 0);
    assert.equal(between('2026-04-16T14:23:05.000Z', '2026-04-16T14:23:00.000Z'), 0);
  });
});
