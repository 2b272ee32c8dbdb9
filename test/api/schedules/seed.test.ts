import assert from 'node:assert/strict';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { insertMember } from '../../support/schedule.ts';

/** The requests of the Pinghome documentation, as they stand there; only ids are ones that exist. */
describe("the seed's requests for schedules", () => {
  let api: TestApi;
  let organisationId: string;
  let teamId: string;
  let memberId: string;

  before(async () => {
    api = await startTestApi();
    const { body } = await api.get('/v1/organisation');
    organisationId = body.id;
    teamId = body.default_team_id;
    memberId = await insertMember(api.database.sql, organisationId, teamId, 'Ada');
  });
  after(() => api.close());

  const recurrence = {
    start_date: '2024-01-01T00:00:00Z',
    end_date: '2024-01-31T23:59:59Z',
    months_of_year: [1],
    weeks_of_month: [1],
    week_days: [1],
    start_time: '00:00:00',
    end_time: '23:59:59',
  };
  const stored = () => ({
    team_id: teamId,
    team_member_id: memberId,
    time_zone: 'UTC',
    ...recurrence,
    start_date: '2024-01-01',
    end_date: '2024-01-31',
    created_at: '2024-01-01T00:00:00Z',
  });

  it('create', async () => {
    const { status, body } = await api.post(`/v1/team/${teamId}/schedule`, { team_member_id: memberId, ...recurrence });
    assert.equal(status, 201);
    assert.match(body.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(body, { message: 'The entry was created.', ...stored(), created_at: body.created_at });
    // The requests that follow name an entry of that second.
    await api.database.sql`UPDATE schedule_versions SET created_at = '2024-01-01T00:00:00Z'`;
  });

  it('list', async () => {
    const { status, body } = await api.get(`/v1/customer/${organisationId}/schedule`);
    assert.equal(status, 200);
    assert.deepEqual(body, { schedule: [stored()], next_cursor: null });
  });

  it('update', async () => {
    const { status, body } = await api.send('PUT', `/v1/team/${teamId}/schedule`, {
      json: { team_member_id: memberId, created_at: '2024-01-01T00:00:00Z', ...recurrence },
    });
    assert.equal(status, 200);
    assert.deepEqual(body, { message: 'The entry was updated.', ...stored() });
  });

  it('delete, with its parameters escaped as axios does', async () => {
    const query = new URLSearchParams({ team_member_id: memberId, created_at: '2024-01-01T00:00:00Z' });
    const path = `/v1/team/${teamId}/schedule?${query.toString().replaceAll('%3A', ':')}`;
    const { status, body } = await api.send('DELETE', path);
    assert.deepEqual([status, body], [200, { message: 'The entry was deleted.' }]);
    assert.equal((await api.send('DELETE', path)).status, 404);
  });

  it('keep what was so on the first Monday of January 2024, whatever was deleted since', async () => {
    const onCall = async (at: string) => (await api.get(`/v1/team/${teamId}/on-call?at=${at}`)).body.on_call;
    const ada = [{ team_member_id: memberId, name: 'Ada' }];
    assert.deepEqual(await onCall('2024-01-01T00:00:00Z'), ada);
    assert.deepEqual(await onCall('2024-01-01T23:59:59.999Z'), ada);
    for (const at of ['2023-12-31T23:59:59Z', '2024-01-02T00:00:00Z', '2024-01-08T12:00:00Z', '2025-01-06T12:00:00Z'])
      assert.deepEqual(await onCall(at), [], at);
  });
});
