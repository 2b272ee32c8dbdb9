import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';
import type { Json } from '../support/api.ts';
import type { ReceivedRequest } from '../support/receiver.ts';
import type { Endpoint } from './receivers/endpoint.ts';
import { createIncidentIoReceiver } from './receivers/incident-io-v2.ts';
import { createPagerdutyV1Receiver } from './receivers/pagerduty-v1.ts';
import { createPagerdutyV2Receiver } from './receivers/pagerduty-v2.ts';
import { createPagerdutyV3Receiver } from './receivers/pagerduty-v3.ts';
import { createPulseapiReceiver } from './receivers/pulseapi.ts';

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
/** Of PagerDuty's V2 samples. */
const subscription = { id: 'PKT9NNX', secret };

const sample = (name: string): Json =>
  JSON.parse(readFileSync(new URL(`../outbound/fixtures/${name}.json`, import.meta.url), 'utf8'));
const older = (version: string, names: string[]) =>
  names.map((name) => sample(`pagerduty-${version}-incident.${name}`));
const event = (type: string, data: string) => {
  const { event } = sample('pagerduty-v3-incident.priority_updated');
  return { event: { ...event, id: data, event_type: type, data: sample(`pagerduty-v3-${data}`) } };
};

/** Their sample says only a part of what their API reference lists. */
const incidentIo = (() => {
  const body = sample('incident-io-incident-created');
  const incident = body[body.event_type];
  const { created_at, updated_at } = incident;
  const level = { description: '', rank: 1, created_at, updated_at };
  Object.assign(incident, { mode: 'standard', creator: { api_key: { id: incident.id, name: 'Key' } } });
  Object.assign(incident.incident_status, { category: 'triage', ...level });
  Object.assign(incident.severity, level);
  Object.assign(incident, { incident_role_assignments: [], custom_field_entries: [] });
  Object.assign(incident, { slack_team_id: '', slack_channel_id: '' });
  return body;
})();

const vendors: { name: string; create: () => Endpoint; samples: Json[]; unheardOf: (body: Json) => void }[] = [
  {
    name: 'pulseapi',
    create: () => createPulseapiReceiver({ secret }),
    samples: [sample('pulseapi-incident-created'), sample('pulseapi-incident-resolved')],
    unheardOf: (body) => (body.event = 'incident.reopened'),
  },
  {
    name: 'pagerduty-v3',
    create: () => createPagerdutyV3Receiver(subscription),
    samples: [
      sample('pagerduty-v3-incident.priority_updated'),
      sample('pagerduty-v3-service.updated'),
      event('incident.annotated', 'incident_note'),
      event('incident.status_update_published', 'incident_status_update'),
      event('incident.responder.added', 'incident_responder'),
    ],
    unheardOf: (body) => (body.event.event_type = 'incident.exploded'),
  },
  {
    name: 'pagerduty-v2',
    create: () => createPagerdutyV2Receiver(subscription),
    samples: older('v2', ['trigger', 'acknowledge', 'assign', 'resolve']),
    unheardOf: (body) => (body.messages[0].event = 'incident.reopened'),
  },
  {
    name: 'pagerduty-v1',
    create: () => createPagerdutyV1Receiver(subscription),
    samples: older('v1', ['trigger', 'assign', 'acknowledge', 'unacknowledge', 'escalate', 'delegate', 'resolve']),
    unheardOf: (body) => (body.messages[0].type = 'incident.annotate'),
  },
  {
    name: 'incident-io-v2',
    create: () => createIncidentIoReceiver({ secret }),
    samples: [incidentIo],
    unheardOf: (body) => (body.event_type = 'public_incident.incident_exploded_v2'),
  },
];

/** The receivers are as strict as they can be without refusing what the vendors' documentation shows. */
describe('dialects/receivers', () => {
  for (const { name, create, samples, unheardOf } of vendors)
    describe(name, () => {
      it('takes every sample of the vendor, each once', () => {
        const endpoint = create();
        for (const body of samples)
          for (let times = 0; times < 2; times++)
            assert.equal(endpoint.answer(request(body)).status, 204, endpoint.refused[0]);
        assert.equal(endpoint.told.length, samples.length);
        assert.equal(endpoint.repeated.length, samples.length);
      });

      it('refuses what another secret has signed', () => {
        const given = request(samples[0]);
        assert.equal(create().answer({ ...given, body: `${given.body} ` }).status, 401);
      });

      it('refuses an event that the vendor does not have', () => {
        const body = structuredClone(samples[0]);
        unheardOf(body);
        assert.equal(create().answer(request(body)).status, 422);
      });

      it('refuses a sample that lacks any of its keys, or has null instead of something', () => {
        const taken: string[] = [];
        for (const [path, change] of mutilations(samples[0])) {
          const body = structuredClone(samples[0]);
          change(body);
          if (create().answer(request(body)).status === 204) taken.push(path);
        }
        assert.deepEqual(
          taken.filter((path) => !mayLack.some((pattern) => pattern.test(path))),
          [],
        );
      });
    });
});

/** What the vendors' own tables allow to be absent or null, though the first sample has it. */
const mayLack = [
  /^null check\.(http_status_code|response_time_ms|error)$/,
  /^null event\.(agent|client)$/,
  /^null .*\.incident_key$/,
  /^no public_incident.incident_created_v2\.(severity|summary)$/,
  /^null event\.data\.(priority|conference_bridge|conference_bridge\.conference_(number|url))$/,
  /\.log_entries\.0\.(event_details|event_details\.description)$/,
  /^null .*\.(auto_resolve_timeout|acknowledgement_timeout)$/,
  /^null messages\.0\.(log_entries\.0|webhook)\..*html_url$/,
  /\.incident_urgency_rule\.urgency$/,
  /^null messages\.0\.data\.incident\.(last_status_change_by|assigned_to_user)$/,
];

/** Every way to take a key out of an object, or its value; elements of lists count as their first. */
function* mutilations(body: Json, path: string[] = []): Generator<[string, (body: Json) => void]> {
  const parent = (root: Json): Json => path.reduce((value, key) => value[key], root);
  for (const [key, value] of Object.entries(parent(body))) {
    const here = [...path, key].join('.');
    if (!Array.isArray(parent(body))) yield [`no ${here}`, (root) => delete parent(root)[key]];
    if (value !== null && !isEmpty(value)) yield [`null ${here}`, (root) => (parent(root)[key] = null)];
    if (typeof value === 'object' && value !== null) yield* mutilations(body, [...path, key]);
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function request(content: Json): ReceivedRequest {
  const body = JSON.stringify(content);
  const id = `msg_${createHmac('sha256', '').update(body).digest('hex')}`;
  const now = new Date();
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'PagerDuty-Webhook/V3.0',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
    'x-webhook-id': id,
    'x-webhook-subscription': subscription.id,
    'x-pagerduty-signature': `v1=0000,v1=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
  return { method: 'POST', path: '/hook', headers, body, at: now.getTime() };
}
