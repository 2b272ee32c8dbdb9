import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Urgency } from '../../src/domain/incident/incident.ts';
import type { IncidentSnapshot } from '../../src/domain/incident/snapshot.ts';
import { examplePing } from '../../src/outbound/example-snapshot.ts';
import { pulseapi } from '../../src/outbound/pulseapi.ts';
import { exampleSetting, fullSnapshot } from '../support/example.ts';
import { holdTo } from '../support/payload-shape.ts';
import { renderContext } from '../support/render-context.ts';
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
  pulseapi.render(`incident.${snapshot.transition.type === 'triggered' ? 'created' : 'resolved'}`, snapshot, {
    ...renderContext,
    attemptAt,
  }) as PulseApiBody;

const absentCheck = {
  'check.http_status_code': 'there was no check',
  'check.response_time_ms': 'there was no check',
  'check.error': 'there was no check',
};
const absentTexts = {
  'incident.acknowledged_at': 'nobody acknowledged it',
  'incident.root_cause': 'nobody wrote one',
};

describe('outbound/pulseapi', () => {
  for (const { name, type, attemptAt } of [
    { name: 'incident-created', type: 'triggered', attemptAt: '2026-04-16T14:23:00.700Z' },
    { name: 'incident-resolved', type: 'resolved', attemptAt: '2026-04-16T14:47:00.999Z' },
  ] as const) {
    it(`renders the documented sample ${name}: same keys, same types, same values`, () => {
      const sample = sampleSnapshot(type);
      const critical = { ...sample, incident: { ...sample.incident, severity: 'Critical' } };
      assert.deepEqual(render(critical, attemptAt), documented(name));
    });

    it(`has the shape of ${name} whatever it tells of`, () => {
      const full = fullSnapshot(type);
      const none = { acknowledgedAt: null, rootCause: null };
      holdTo(documented(name), render(full, attemptAt), {});
      const bare = render({ ...full, webhook: null, check: null, incident: { ...full.incident, ...none } }, attemptAt);
      holdTo(documented(name), bare, type === 'triggered' ? absentCheck : absentTexts);
    });
  }

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

  it('takes severity from a rank or a word it knows, else from urgency', () => {
    const sample = sampleSnapshot('triggered');
    const severityOf = (severity: string | null, urgency: Urgency = 'medium') =>
      render({ ...sample, incident: { ...sample.incident, severity, urgency } }, '2026-04-16T14:23:00Z').incident
        .severity;
    const words = {
      critical: ['critical', 'CRITICAL', ' Critical ', 'SEV1', 'sev-1', 'P1', 's1'],
      high: ['high', 'SEV2', 'Sev-2', 'p2', 'S2'],
      medium: ['Medium', 'SEV3', 'SEV-3', 'P3', 's3'],
      low: ['low', 'SEV4', 'SEV-5', 'P4', 'p5', 'S5'],
    };
    for (const [expected, severities] of Object.entries(words))
      for (const severity of severities) assert.equal(severityOf(severity), expected, severity);
    for (const severity of [null, '', 'SEV0', 'SEV6', 'SEV11', 'P', '1', 'Minor', 'not critical', 'constructor'])
      for (const urgency of ['low', 'medium', 'high'] as const)
        assert.equal(severityOf(severity, urgency), urgency, `${severity}`);
  });

  it('pings with neither an incident nor a monitor', () => {
    const ping = pulseapi.render('ping', examplePing(exampleSetting), {
      ...renderContext,
      attemptAt: '2026-04-16T14:23:00.700Z',
    });
    assert.deepEqual(ping, {
      event: 'ping',
      triggered_at: '2026-04-16T14:23:00Z',
      message: 'Example: this webhook can be reached.',
    });
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
