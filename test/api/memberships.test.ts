import assert from 'node:assert/strict';
import { ulidOf } from '../../src/outbound/incident-io/ulid.ts';
import { faultyFields, type Answer, type Json, type TestApi } from '../support/api.ts';
import { restrictedKey } from '../support/restricted-key.ts';
import { startWorkingApi } from '../support/working-api.ts';

const unknown = '01999999-0000-7000-8000-000000000000';

describe('members of private incidents', function () {
  this.timeout(90_000);
  let api: TestApi;
  let teamId: string;
  let organisationId: string;
  let ada: Json;
  let ben: Json;

  before(async () => {
    api = await startWorkingApi();
    ({ id: organisationId, default_team_id: teamId } = (await api.get('/v1/organisation')).body);
    const member = async (name: string) =>
      (await api.post(`/v1/team/${teamId}/member`, { name, email: `${name}@example.com` })).body;
    [ada, ben] = [await member('Ada'), await member('Ben')];
  });
  after(() => api.close());

  const open = async (visibility: 'private' | 'public' = 'private'): Promise<string> => {
    const draft = { name: 'Breach', description: '', urgency: 'high', visibility };
    const { body, text } = await api.post(`/v1/team/${teamId}/incident`, draft);
    assert.ok(body.id, text);
    await api.begun(body.id);
    return body.id;
  };
  const grant = (id: string, json: unknown, key = api.adminKey): Promise<Answer> =>
    api.post(`/v1/incident/${id}/membership`, json, { key });
  const revoke = (id: string, memberId: string, query = ''): Promise<Answer> =>
    api.send('DELETE', `/v1/incident/${id}/membership/${memberId}${query}`);
  const members = async (id: string): Promise<Json[]> =>
    (await api.get(`/v1/incident/${id}/memberships`)).body.memberships;
  const log = async (id: string): Promise<Json[]> =>
    (await api.get(`/v1/incident/${id}/log`)).body.log_entries.filter(({ type }: Json) => /^membership_/.test(type));

  it('are let in once, listed page by page, and put out again, and the log says so', async () => {
    const id = await open();
    assert.deepEqual(await members(id), []);
    const granted = await grant(id, { member_id: ada.id, by: ben.id });
    assert.equal(granted.status, 201, granted.text);
    const { member_id, name, granted_by, created_at } = granted.body;
    assert.deepEqual([member_id, name, granted_by], [ada.id, 'Ada', { type: 'member', id: ben.id, name: 'Ben' }]);
    assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000);
    const again = await grant(id, { member_id: ada.id });
    assert.deepEqual([again.status, again.body], [200, granted.body]);
    assert.equal((await grant(id, { member_id: ben.id })).status, 201);

    const first = (await api.get(`/v1/incident/${id}/memberships?limit=1`)).body;
    const second = (await api.get(`/v1/incident/${id}/memberships?limit=1&cursor=${first.next_cursor}`)).body;
    assert.deepEqual(
      [...first.memberships, ...second.memberships].map((one) => one.name),
      ['Ada', 'Ben'],
    );
    assert.equal(second.next_cursor, null);

    assert.equal((await revoke(id, ada.id, `?by=${ben.id}`)).status, 204);
    assert.equal((await revoke(id, ada.id)).status, 404);
    assert.deepEqual(
      (await members(id)).map((one) => one.name),
      ['Ben'],
    );
    assert.equal((await grant(id, { member_id: ada.id })).status, 201, 'let in again');
    assert.deepEqual(
      (await log(id)).map(({ type, agent, channel, details }) => [type, agent.name, channel, details.member_name]),
      [
        ['membership_granted', 'Ben', 'api', 'Ada'],
        ['membership_granted', 'Admin key', 'api', 'Ben'],
        ['membership_revoked', 'Ben', 'api', 'Ada'],
        ['membership_granted', 'Admin key', 'api', 'Ada'],
      ],
    );
    // The log goes on behind them.
    assert.equal((await api.post(`/v1/incident/${id}/acknowledge`, {})).status, 200);
    const types = (await api.get(`/v1/incident/${id}/log`)).body.log_entries.map(({ type }: Json) => type);
    assert.equal(types.at(-1), 'acknowledged');
  });

  it('are once, and are told of once, however many let them in at once', async () => {
    const id = await open();
    const answers = await Promise.all(Array.from({ length: 8 }, () => grant(id, { member_id: ada.id })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 200, 200, 201]);
    assert.deepEqual([(await members(id)).length, (await log(id)).length], [1, 1]);
  });

  it('are of private incidents alone, and of one’s own organisation', async () => {
    const [hidden, known] = [await open(), await open('public')];
    for (const answer of [await grant(known, { member_id: ada.id }), await revoke(known, ada.id)])
      assert.deepEqual([answer.status, answer.body.code], [409, 'not_private'], answer.text);
    assert.deepEqual(await members(known), []);
    assert.equal((await grant(unknown, { member_id: ada.id })).status, 404);
    assert.deepEqual(faultyFields(await grant(hidden, { member_id: unknown })), ['member_id']);
    assert.deepEqual(faultyFields(await grant(hidden, {})), ['member_id']);
    assert.deepEqual(faultyFields(await grant(hidden, { member_id: ada.id, by: unknown })), ['by']);
    assert.deepEqual(faultyFields(await revoke(hidden, ada.id, `?by=${unknown}`)), ['query.by']);

    const other = await api.createOrganisation('Other');
    assert.equal((await grant(hidden, { member_id: ada.id }, other.key)).status, 404);
    const blind = await restrictedKey(api.database.sql, organisationId, ['view_data', 'edit_incidents']);
    assert.equal((await grant(hidden, { member_id: ada.id }, blind)).status, 404);
    const { body: own } = await api.post(
      `/v1/team/${other.teamId}/incident`,
      { name: 'O', description: '', urgency: 'low', visibility: 'private' },
      { key: other.key },
    );
    assert.deepEqual(faultyFields(await grant(own.id, { member_id: ada.id }, other.key)), ['member_id']);
    const reader = await restrictedKey(api.database.sql, organisationId, ['view_data', 'view_private_incidents']);
    assert.equal((await grant(hidden, { member_id: ada.id }, reader)).body.code, 'permission_denied');
    assert.deepEqual(await members(hidden), []);
  });

  it('may let others in themselves', async () => {
    const id = await open();
    const key = await restrictedKey(api.database.sql, organisationId, ['view_data', 'edit_incidents'], {
      memberId: ada.id,
    });
    assert.equal((await grant(id, { member_id: ben.id }, key)).status, 404);
    await grant(id, { member_id: ada.id });
    assert.equal((await grant(id, { member_id: ben.id }, key)).status, 201);
  });

  it('are told of as incident.io does, to subscriptions that hear of private incidents', async () => {
    const subscribe = async (include_private: boolean, more: Json = {}): Promise<Json> => {
      const draft = { name: 'S', url: 'http://127.0.0.1:8099/', dialect: 'incident.io.v2', include_private, ...more };
      return (await api.post('/v1/subscription', draft)).body;
    };
    const [told, deaf] = [await subscribe(true), await subscribe(false)];
    const other = await subscribe(true, { events: ['public_incident.incident_created_v2'] });
    const id = await open();
    await grant(id, { member_id: ada.id, by: ben.id });
    await revoke(id, ada.id);
    const deliveries = async (of: Json): Promise<Json[]> => {
      const { body } = await api.get(`/v1/subscription/${of.id}/deliveries?incident_id=${id}`);
      return body.deliveries.filter(({ event }: Json) => /membership/.test(event)).reverse();
    };
    const of = { incident_id: ulidOf(id), user_id: ulidOf(ada.id) };
    const payloads = [];
    for (const delivery of await deliveries(told)) {
      assert.deepEqual([delivery.incident_id, delivery.status], [id, 'pending']);
      payloads.push((await api.get(`/v1/delivery/${delivery.id}`)).body.payload);
    }
    assert.deepEqual(payloads, [
      {
        event_type: 'private_incident.membership_granted_v1',
        'private_incident.membership_granted_v1': { actor_user_id: ulidOf(ben.id), ...of },
      },
      {
        event_type: 'private_incident.membership_revoked_v1',
        'private_incident.membership_revoked_v1': of,
      },
    ]);
    for (const one of [deaf, other]) assert.deepEqual(await deliveries(one), []);

    // In order: behind what the incident's own changes left to deliver.
    const [row] = await api.database.sql<{ isLast: boolean }[]>`
      SELECT bool_and(d.snapshot IS NULL OR d.sequence > t.sequence) AS is_last
      FROM deliveries d JOIN transitions t ON t.incident_id = d.subject_id WHERE d.subscription_id = ${told.id}`;
    assert.equal(row!.isLast, true);
  });

  describe("by incident.io's API", () => {
    const create = (json: unknown, key = api.adminKey) => api.post('/v1/incident_memberships', json, { key });
    const end = (json: unknown) => api.post('/v1/incident_memberships/actions/revoke', json);

    it('are made and revoked, by ULID or UUID, as often as is asked for', async () => {
      const id = await open();
      const ulids = { incident_id: ulidOf(id), user_id: ulidOf(ada.id) };
      const made = await create({ ...ulids, extra: 1 });
      assert.equal(made.status, 201, made.text);
      const { incident_membership: membership } = made.body;
      assert.deepEqual(
        [membership.incident_id, membership.user],
        [ulids.incident_id, { id: ulids.user_id, name: 'Ada', email: 'Ada@example.com', role: 'unset' }],
      );
      assert.match(membership.created_at, /\.\d{6}Z$/);
      const again = await create({ incident_id: id, user_id: ada.id });
      assert.deepEqual([again.status, again.body], [201, made.body]);
      assert.equal((await members(id)).length, 1);
      for (const body of [ulids, { incident_id: id, user_id: ada.id }]) assert.equal((await end(body)).status, 204);
      assert.deepEqual(await members(id), []);
      assert.deepEqual(
        (await log(id)).map(({ type }) => type),
        ['membership_granted', 'membership_revoked'],
      );
    });

    it('are refused in its words', async () => {
      const [hidden, known] = [await open(), await open('public')];
      const field = (answer: Answer) => [answer.status, answer.body.errors[0].source?.field];
      assert.deepEqual(field(await create({ incident_id: unknown, user_id: ada.id })), [422, 'incident_id']);
      assert.deepEqual(field(await end({ incident_id: unknown, user_id: ada.id })), [422, 'incident_id']);
      assert.deepEqual(field(await create({ incident_id: hidden, user_id: unknown })), [422, 'user_id']);
      assert.deepEqual(field(await create({ incident_id: hidden })), [422, 'user_id']);
      const refused = await create({ incident_id: known, user_id: ada.id });
      assert.deepEqual([refused.status, refused.body.type], [409, 'conflict'], refused.text);
      const blind = await restrictedKey(api.database.sql, organisationId, ['edit_incidents']);
      assert.deepEqual(field(await create({ incident_id: hidden, user_id: ada.id }, blind)), [422, 'incident_id']);
    });
  });
});
