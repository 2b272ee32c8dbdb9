import assert from 'node:assert/strict';
import type { Task } from '../../src/domain/incident/task.ts';
import type { IncidentEventSnapshot, TaskEvent } from '../../src/domain/webhook/incident-event.ts';
import { exampleIncidentEvent } from '../../src/outbound/example-incident-event.ts';
import { incidentIoV2 } from '../../src/outbound/incident-io-v2.ts';
import { exampleSetting } from '../support/example.ts';
import { holdTo } from '../support/payload-shape.ts';
import { renderContext } from '../support/render-context.ts';

/** The samples of https://docs.incident.io/api-reference, webhooks "Action V1", "Follow-up V1" and "Follow-up V2". */
const user = {
  email: 'lisa@incident.io',
  id: '01FCNDV6P870EA6S7TK1DSYDG0',
  name: 'Lisa Karlin Curtis',
  role: 'viewer',
};
const common = {
  assignee: user,
  completed_at: '2021-08-17T13:28:57.801578Z',
  created_at: '2021-08-17T13:28:57.801578Z',
  description: 'Call the fire brigade',
  id: '01FCNDV6P870EA6S7TK1DSYDG0',
  incident_id: '01FCNDV6P870EA6S7TK1DSYDG0',
  status: 'outstanding',
  updated_at: '2021-08-17T13:28:57.801578Z',
};
const first = { ...common, follow_up: true };
const second = {
  ...common,
  creator: { user },
  labels: ['bug', 'urgent'],
  priority: { id: '01GNW4BAQ7XRMFF6FHKNXDFPRW', name: 'Urgent', rank: 10 },
  title: 'Cat is stuck in the tree',
};

describe('outbound/incident-io tasks', () => {
  const snapshotOf = (event: string, change: Partial<Task> = {}): IncidentEventSnapshot & TaskEvent => {
    const source = incidentIoV2.events[event]!;
    assert.ok('incident' in source, event);
    const snapshot = exampleIncidentEvent(source, exampleSetting);
    assert.ok(snapshot.kind === 'action' || snapshot.kind === 'follow_up');
    return { ...snapshot, task: { ...snapshot.task, ...change } };
  };
  const events = Object.keys(incidentIoV2.events).filter((event) => /\.(action|follow_up)_/.test(event));

  it('are told under the twelve names that incident.io has', () => {
    const names = ['public', 'private'].flatMap((visibility) =>
      ['created', 'updated'].flatMap((change) =>
        ['action_X_v1', 'follow_up_X_v1', 'follow_up_X_v2'].map(
          (name) => `${visibility}_incident.${name.replace('X', change)}`,
        ),
      ),
    );
    assert.deepEqual([...events].sort(), names.sort());
  });

  it('have every key of the documented samples, and of private incidents the id alone', () => {
    for (const event of events) {
      const snapshot = snapshotOf(event, { status: 'completed', completedAt: exampleSetting.now });
      const body = incidentIoV2.render(event, snapshot, renderContext) as Record<string, unknown>;
      assert.deepEqual(Object.keys(body), ['event_type', event]);
      const sample = event.startsWith('private') ? { id: common.id } : event.endsWith('_v2') ? second : first;
      holdTo(sample, body[event]);
      if (event.startsWith('private')) assert.deepEqual(Object.keys(body[event] as object), ['id']);
    }
  });

  it('stay under 20 KB however long their texts are', () => {
    const hostile = '\u0001"é🚒\n'.repeat(3_000);
    const person = { id: hostile, name: hostile, email: hostile };
    const texts = { title: hostile, description: hostile, priority: hostile, labels: new Array(100).fill(hostile) };
    for (const event of events) {
      const snapshot = snapshotOf(event, { ...texts, assignee: person });
      const body = JSON.stringify(incidentIoV2.render(event, snapshot, renderContext));
      assert.ok(Buffer.byteLength(body) < 20_000, `${event}: ${Buffer.byteLength(body)} bytes`);
    }
  });
});
