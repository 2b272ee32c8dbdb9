import assert from 'node:assert/strict';
import { ulidOf } from '../../../src/outbound/incident-io/ulid.ts';
import { startTestApi, type Json, type TestApi } from '../../support/api.ts';
import type { TestOrganisation } from '../../support/organisation.ts';
import { recordIncident } from '../../support/recorded-incident.ts';

describe('events of actions and follow-ups', () => {
  let api: TestApi;
  let owner: TestOrganisation;

  beforeEach(async () => {
    api = await startTestApi();
    const { id: organisationId, default_team_id: teamId } = (await api.get('/v1/organisation')).body;
    owner = { organisationId, teamId, webhookId: '', apiKeyId: '' };
  });
  afterEach(() => api.close());

  const subscribe = async (more: Json = {}): Promise<string> => {
    const draft = { name: 'Bot', url: 'http://127.0.0.1:8/hook', dialect: 'incident.io.v2', ...more };
    const made = await api.post('/v1/subscription', draft);
    assert.equal(made.status, 201, made.text);
    return made.body.id;
  };
  const ok = async (method: string, path: string, json?: Json): Promise<Json> => {
    const answer = await api.send(method, path, json === undefined ? {} : { json });
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  };
  /** What waits for a subscription, in the order of its incident: the event and its content. */
  const told = async (subscriptionId: string): Promise<[event: string, content: Json][]> => {
    const rows = await api.database.sql<{ id: string }[]>`
      SELECT id FROM deliveries WHERE subscription_id = ${subscriptionId} ORDER BY subject_id, sequence, item`;
    return Promise.all(
      rows.map(async ({ id }): Promise<[string, Json]> => {
        const { event, payload } = await ok('GET', `/v1/delivery/${id}`);
        assert.equal(payload.event_type, event);
        return [event, payload[event]];
      }),
    );
  };
  const eventsOf = async (id: string) => (await told(id)).map(([event]) => event);

  it('tell of each change, as it was then, after what happened to the incident before', async () => {
    const subscription = await subscribe();
    const { id: incidentId } = await recordIncident(api.database.sql, owner);
    const { action } = await ok('POST', '/v2/actions', { incident_id: incidentId, description: 'Call' });
    await ok('PUT', `/v2/actions/${action.id}`, { description: 'Call twice' });
    await ok('PUT', `/v2/actions/${action.id}`, { description: 'Call twice' });
    const { action: completed } = await ok('POST', `/v2/actions/${action.id}/actions/complete`);
    await ok('POST', `/v2/actions/${action.id}/actions/complete`);
    const [created, ...rest] = await told(subscription);
    assert.equal(created?.[0], 'public_incident.incident_created_v2');
    const { creator, ...shown } = action;
    const { creator: same, ...done } = completed;
    assert.deepEqual(same, creator);
    assert.deepEqual(rest, [
      ['public_incident.action_created_v1', { ...shown, follow_up: false }],
      [
        'public_incident.action_updated_v1',
        { ...shown, follow_up: false, description: 'Call twice', updated_at: rest[1]![1].updated_at },
      ],
      ['public_incident.action_updated_v1', { ...done, follow_up: false }],
    ]);
  });

  it('tell of follow-ups in both versions', async () => {
    const subscription = await subscribe();
    const { id: incidentId } = await recordIncident(api.database.sql, owner);
    const draft = { incident_id: incidentId, title: 'Add an alert', priority: 'High', labels: ['monitoring'] };
    const { follow_up: followUp } = await ok('POST', '/v2/follow_ups', draft);
    await ok('DELETE', `/v2/follow_ups/${followUp.id}`);
    const contents = Object.fromEntries((await told(subscription)).slice(1));
    assert.deepEqual(Object.keys(contents).sort(), [
      'public_incident.follow_up_created_v1',
      'public_incident.follow_up_created_v2',
      'public_incident.follow_up_updated_v1',
      'public_incident.follow_up_updated_v2',
    ]);
    assert.deepEqual(contents['public_incident.follow_up_created_v2'], followUp);
    const first = contents['public_incident.follow_up_created_v1'];
    assert.deepEqual([first.id, first.follow_up, first.description], [followUp.id, true, 'Add an alert']);
    assert.equal(contents['public_incident.follow_up_updated_v2'].status, 'deleted');
  });

  it('tell of a private incident the id of the task, and only whoever includes those', async () => {
    const [without, including] = [await subscribe(), await subscribe({ include_private: true })];
    const { id: incidentId } = await recordIncident(api.database.sql, owner);
    await api.database.sql`UPDATE incidents SET visibility = 'private' WHERE id = ${incidentId}`;
    const { action } = await ok('POST', '/v2/actions', { incident_id: incidentId, description: 'Secret' });
    const { follow_up: followUp } = await ok('POST', '/v2/follow_ups', { incident_id: incidentId, title: 'Secret' });
    assert.deepEqual(await eventsOf(without), ['public_incident.incident_created_v2']);
    assert.deepEqual((await told(including)).slice(1), [
      ['private_incident.action_created_v1', { id: action.id }],
      ['private_incident.follow_up_created_v1', { id: followUp.id }],
      ['private_incident.follow_up_created_v2', { id: followUp.id }],
    ]);
  });

  it('go to those alone who ask for them, and for that incident', async () => {
    const { id: team } = await ok('POST', '/v1/team', { name: 'Others' });
    const asking = await subscribe({ events: ['public_incident.action_created_v1'] });
    const standard = await subscribe({ dialect: 'standard' });
    const elsewhere = await subscribe({ filter: { type: 'team', id: team } });
    const { id: incidentId } = await recordIncident(api.database.sql, owner);
    const { action } = await ok('POST', '/v2/actions', { incident_id: ulidOf(incidentId), description: 'Call' });
    await ok('POST', `/v2/actions/${action.id}/actions/complete`);
    assert.deepEqual(await eventsOf(asking), ['public_incident.action_created_v1']);
    const rows = await api.database.sql`
      SELECT event FROM deliveries WHERE subscription_id IN (${standard}, ${elsewhere})`;
    assert.deepEqual(
      rows.map(({ event }) => event),
      ['incident.triggered'],
    );
  });
});
