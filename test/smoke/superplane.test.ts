import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { Json } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { createReceiver, type ReceivedRequest, type Receiver } from '../support/receiver.ts';
import { createStory } from '../support/story.ts';

/**
 * SuperPlane's incident.io integration (https://docs.superplane.com/components/incident/), played against the product:
 * its Create Incident component, and its On Incident trigger. Only the base URL and the key are ours.
 */
describe('smoke/superplane', function () {
  this.timeout(240_000);
  let product: TestProduct;
  let canvas: Receiver;
  let apiKey: string;
  let subscription: { id: string; secret: string };
  const story = createStory(() => product);

  before(async () => {
    product = await startProduct();
    canvas = await createReceiver();
    // Exactly what its instructions ask for.
    const permissions = ['view_data', 'create_incidents'];
    apiKey = (await story.done('/v1/api-key', { name: 'SuperPlane', permissions })).key;
    subscription = await story.done('/v1/subscription', {
      name: 'SuperPlane canvas',
      url: canvas.url,
      dialect: 'incident.io.v2',
      events: [created, updated],
    });
  });
  after(async () => {
    await product.killAll();
    await canvas.close();
    await removeDataDir(product.dataDir);
  });

  /** As its client calls incident.io: the base URL is the one thing that it is told. */
  const call = async (method: string, path: string, json?: Json, key = apiKey) => {
    const response = await fetch(product.url + path, {
      method,
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', Accept: 'application/json' },
      body: json === undefined ? undefined : JSON.stringify(json),
    });
    const text = await response.text();
    return { status: response.status, text, body: JSON.parse(text) as Json };
  };
  const createIncident = async (fields: Json) => {
    const answer = await call('POST', '/v2/incidents', {
      idempotency_key: randomUUID(),
      visibility: 'public',
      ...fields,
    });
    assert.ok(answer.status === 200 || answer.status === 201, answer.text);
    return answer.body.incident as Json;
  };
  const received = (event: string, incidentId: string) => {
    const those = canvas.requests.map(trigger(subscription.secret));
    return those.filter((one) => one?.eventType === event && one.incident.id === incidentId);
  };

  it('creates an incident of a severity that it lists', async () => {
    const { status, body } = await call('GET', '/v1/severities');
    assert.equal(status, 200);
    assert.deepEqual(
      body.severities.map(({ name }: Json) => name),
      ['Minor', 'Major', 'Critical'],
    );
    const [minor] = body.severities;
    for (const key of ['id', 'name', 'description', 'rank']) assert.ok(key in minor, key);

    const incident = await createIncident({
      name: 'Database connectivity issues',
      summary: 'Users are experiencing slow queries and connection timeouts.',
      severity_id: minor.id,
    });
    // What the component hands on.
    assert.match(incident.id, ulid);
    assert.equal(incident.name, 'Database connectivity issues');
    assert.equal(incident.summary, 'Users are experiencing slow queries and connection timeouts.');
    assert.match(incident.reference, /^INC-\d+$/);
    assert.ok(URL.canParse(incident.permalink));
    assert.deepEqual([incident.severity.id, incident.severity.name], [minor.id, 'Minor']);
    assert.equal(incident.visibility, 'public');
    for (const key of ['created_at', 'updated_at']) assert.match(incident[key], microseconds);
  });

  it('hears of an incident that was created, and then of every change', async () => {
    const [, , critical] = (await call('GET', '/v1/severities')).body.severities;
    const made = await createIncident({
      name: 'Our database is sad',
      summary: 'Really sad.',
      severity_id: critical.id,
    });
    const [told] = await poll(async () => {
      const those = received(created, made.id);
      return those.length > 0 && those;
    });
    const { incident } = told!;
    // All of the event in its documentation.
    assert.deepEqual(
      [incident.name, incident.reference, incident.summary, incident.visibility],
      [made.name, made.reference, made.summary, made.visibility],
    );
    assert.equal(incident.permalink, made.permalink);
    assert.deepEqual(incident.severity, made.severity);
    assert.deepEqual(incident.incident_status, made.incident_status);
    assert.equal(incident.incident_status.name, 'Triage');
    for (const key of ['created_at', 'updated_at']) assert.match(incident[key], microseconds);
    assert.equal(incident.creator.api_key.name, 'SuperPlane');

    // Somebody takes it in Tocsin, whose ids are the same in another script.
    const [ours] = (await story.list('/v1/organisation/incidents', 'incidents')).filter(
      ({ number }: Json) => `INC-${number}` === made.reference,
    );
    await story.done(`/v1/incident/${ours!.id}/acknowledge`);
    const [changed] = await poll(async () => {
      const those = received(updated, made.id);
      return those.length > 0 && those;
    });
    assert.equal(changed!.incident.incident_status.category, 'live');
    assert.ok(changed!.incident.updated_at >= incident.updated_at);
  });

  it('makes one incident of a step that is run again', async () => {
    const idempotency_key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => createIncident({ name: 'Run again', idempotency_key })),
    );
    assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
    const all = await story.list('/v1/organisation/incidents', 'incidents');
    assert.equal(all.filter(({ name }: Json) => name === 'Run again').length, 1);
    await story.untilDelivered(subscription.id);
    assert.equal(received(created, answers[0]!.id).length, 1);
  });

  it('keeps private incidents to those who asked for them', async () => {
    const { id } = await createIncident({ name: 'Hush', visibility: 'private' });
    const later = await createIncident({ name: 'Loud' });
    await poll(async () => received(created, later.id).length > 0);
    assert.ok(!canvas.requests.some(({ body }) => body.includes(id) || body.includes('Hush')));
    const shown = await call('GET', `/v2/incidents/${id}`);
    assert.equal(shown.status, 404, 'its key may not see private ones');
    assert.equal((await call('GET', `/v2/incidents/${id}`, undefined, product.adminKey)).status, 200);
  });

  it('is refused in the words of incident.io', async () => {
    const faulty = await call('POST', '/v2/incidents', { name: 'x', visibility: 'secret', severity_id: 'no such' });
    assert.equal(faulty.status, 422);
    assert.deepEqual(faulty.body.errors.map(({ source }: Json) => source.field).sort(), [
      'idempotency_key',
      'severity_id',
      'visibility',
    ]);
    assert.ok(faulty.body.type && faulty.body.request_id);
    const nobody = await call('GET', '/v1/severities', undefined, 'tocsin_wrong');
    assert.equal(nobody.status, 401);
    assert.equal(nobody.body.status, 401);
    const { key } = await story.done('/v1/api-key', { name: 'Reader', permissions: ['view_data'] });
    const forbidden = await call('POST', '/v2/incidents', { idempotency_key: 'x', visibility: 'public' }, key);
    assert.equal(forbidden.status, 403);
    assert.equal(forbidden.body.status, 403);
  });

  it('may as well be the one who sends: what incident.io tells feeds an inbound webhook', async () => {
    const webhook = await story.done('/v1/webhook', {
      name: 'From incident.io',
      source: 'incident.io',
      verification: { type: 'standard-webhooks', secret: subscription.secret },
    });
    const made = await createIncident({ name: 'Reported elsewhere' });
    const request = await poll(async () =>
      canvas.requests.find(({ body }) => body.includes(made.id) && body.includes(created)),
    );
    const submit = ({ headers, body }: Pick<ReceivedRequest, 'headers' | 'body'>, change = {}) =>
      fetch(`${product.url}/v1/incident/webhook/${webhook.id}`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'svix-id': String(headers['webhook-id']),
          'svix-timestamp': String(headers['webhook-timestamp']),
          'svix-signature': String(headers['webhook-signature']),
          ...change,
        },
        body,
      });
    assert.equal((await submit(request!, { 'svix-signature': 'v1,AAAA' })).status, 401);
    assert.equal((await submit({ ...request!, body: request!.body.replace('elsewhere', 'nowhere') })).status, 401);
    assert.equal((await submit(request!)).status, 201);
    const opened = await poll(async () => {
      const all = await story.list('/v1/organisation/incidents', 'incidents');
      return all.find(({ webhook_id }: Json) => webhook_id === webhook.id);
    });
    assert.equal(opened!.name, 'Reported elsewhere');
  });
});

const created = 'public_incident.incident_created_v2';
const updated = 'public_incident.incident_updated_v2';
const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const microseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/**
 * What its trigger makes of a request: only a genuine signature counts (by either set of header names), the event is
 * named at the top or below `data`, and the incident stands below `incident` or the event's own name. Others it drops.
 */
function trigger(secret: string) {
  return ({ headers, body }: ReceivedRequest): { eventType: string; incident: Json } | undefined => {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    const payload = JSON.parse(body) as Json;
    const eventType: string = payload.event_type ?? payload.data?.event_type;
    if (eventType !== created && eventType !== updated) return undefined;
    return { eventType, incident: payload.incident ?? payload[eventType] };
  };
}
