import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TransitionType } from '../../src/domain/incident/log-entry.ts';
import type { IncidentSnapshot } from '../../src/domain/incident/snapshot.ts';
import type { ServiceSnapshot } from '../../src/domain/webhook/outbound-event.ts';
import { pagerdutyV1 } from '../../src/outbound/pagerduty-v1.ts';
import { pagerdutyV2 } from '../../src/outbound/pagerduty-v2.ts';
import { pagerdutyV3 } from '../../src/outbound/pagerduty-v3.ts';
import { memberAgent, nina, pagerdutySnapshot, type SnapshotChanges, wiley } from '../support/pagerduty-snapshot.ts';
import { holdTo } from '../support/payload-shape.ts';
import { renderContext } from '../support/render-context.ts';

/** PagerDuty's own samples, word by word as its documentation prints them. */
const sample = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`fixtures/pagerduty-${name}.json`, import.meta.url), 'utf8'));

const serviceUpdated: ServiceSnapshot = {
  kind: 'service',
  change: 'updated',
  at: '2021-03-02T13:35:11.682Z',
  agent: memberAgent(wiley),
  organisation: { id: '0199aaaa-0000-7000-8000-000000000002', name: 'Acme' },
  service: pagerdutySnapshot('triggered').service,
  team: pagerdutySnapshot('triggered').team,
};

const dataOf = (event: string, snapshot: IncidentSnapshot | ServiceSnapshot) =>
  (pagerdutyV3.render(event, snapshot, renderContext) as { event: { data: unknown } }).event.data;

const noExternal = {
  'messages[].incident.external_references': 'an incident of ours has no twin in the tools of other vendors',
};
/** With us, people named by hand take over: the acknowledgement ends, and with it whatever V1's sample says of it. */
const takenBack = {
  'messages[].data.incident.acknowledgers': 'a reassignment takes the acknowledgement back',
  'messages[].data.incident.last_status_change_by': 'nobody has answered it since',
};

describe('outbound/pagerduty: its own samples', () => {
  it('V3 whole events', () => {
    const priority = pagerdutySnapshot('priority_updated', { transition: { details: { priority: 'P1' } } });
    holdTo(
      sample('v3-incident.priority_updated'),
      pagerdutyV3.render('incident.priority_updated', priority, renderContext),
    );
    holdTo(sample('v3-service.updated'), pagerdutyV3.render('service.updated', serviceUpdated, renderContext));
  });

  const told: Record<string, { event: string; type: TransitionType; details?: Record<string, unknown> }> = {
    incident: { event: 'incident.triggered', type: 'triggered' },
    incident_note: { event: 'incident.annotated', type: 'annotated', details: { content: 'Found it' } },
    incident_status_update: {
      event: 'incident.status_update_published',
      type: 'status_update_published',
      details: { message: 'We are on it' },
    },
    incident_responder: {
      event: 'incident.responder.added',
      type: 'responder_added',
      details: { member_ids: [nina.id], message: 'Please help' },
    },
  };
  for (const [name, { event, type, details = {} }] of Object.entries(told))
    it(`V3 data of type ${name}`, () => {
      const ours = dataOf(event, pagerdutySnapshot(type, { transition: { details } }));
      holdTo(sample(`v3-${name}`), ours);
      assert.equal((ours as { type: string }).type, name);
    });

  it('V3 data of type service', () => {
    holdTo(sample('v3-service'), dataOf('service.updated', serviceUpdated));
  });

  it('V3 has every event that its sample of a subscription asks for', () => {
    const { webhook_subscription: asked } = sample('v3-create-webhook-subscription') as {
      webhook_subscription: { events: string[] };
    };
    assert.equal(asked.events.length, 13);
    for (const event of asked.events) assert.ok(Object.hasOwn(pagerdutyV3.events, event), event);
  });

  const messages: {
    verb: string;
    type: TransitionType;
    changes?: SnapshotChanges;
    v1: Record<string, string>;
    v2?: Record<string, string>;
  }[] = [
    { verb: 'trigger', type: 'triggered', v1: {}, v2: {} },
    { verb: 'acknowledge', type: 'acknowledged', v1: {}, v2: noExternal },
    { verb: 'unacknowledge', type: 'unacknowledged', v1: {} },
    { verb: 'resolve', type: 'resolved', v1: {}, v2: noExternal },
    { verb: 'assign', type: 'reassigned', v1: takenBack, v2: noExternal },
    { verb: 'escalate', type: 'escalated', v1: {} },
    { verb: 'delegate', type: 'delegated', v1: {} },
  ];
  for (const { verb, type, v1, v2 } of messages) {
    const event = `incident.${verb}`;
    it(`V1 ${event}`, () => {
      holdTo(sample(`v1-${event}`), pagerdutyV1.render(event, pagerdutySnapshot(type), renderContext), v1);
    });
    if (v2)
      it(`V2 ${event}`, () => {
        holdTo(sample(`v2-${event}`), pagerdutyV2.render(event, pagerdutySnapshot(type), renderContext), v2);
      });
  }
});
