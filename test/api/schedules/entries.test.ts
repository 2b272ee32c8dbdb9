import assert from 'node:assert/strict';
import { faultyFields, startTestApi, type Json, type TestApi } from '../../support/api.ts';
import { insertMember } from '../../support/schedule.ts';

describe('schedule entries over HTTP', () => {
  let api: TestApi;
  let organisationId: string;
  let teamId: string;
  let ada: string;
  let ben: string;
  let path: string;

  before(async () => {
    api = await startTestApi();
    organisationId = (await api.get('/v1/organisation')).body.id;
  });
  beforeEach(async () => {
    teamId = (await api.post('/v1/team', { name: 'Night watch', time_zone: 'Europe/Berlin' })).body.id;
    ada = await insertMember(api.database.sql, organisationId, teamId, 'Ada');
    ben = await insertMember(api.database.sql, organisationId, teamId, 'Ben');
    path = `/v1/team/${teamId}/schedule`;
  });
  after(() => api.close());

  const draft = (rest: Json = {}) => ({
    team_member_id: ada,
    week_days: [1],
    start_time: '08:00:00',
    end_time: '17:59:59',
    ...rest,
  });
  const list = async () => {
    const { body } = await api.get(`/v1/customer/${organisationId}/schedule`);
    return body.schedule.filter((entry: Json) => entry.team_id === teamId);
  };

  it('need a member, days and times alone; lists are sets', async () => {
    const { status, body } = await api.post(
      path,
      draft({ week_days: [6, 0, 6], months_of_year: null, start_date: null }),
    );
    assert.equal(status, 201);
    assert.deepEqual(body, {
      message: 'The entry was created.',
      team_id: teamId,
      team_member_id: ada,
      time_zone: 'Europe/Berlin',
      start_date: null,
      end_date: null,
      months_of_year: [],
      weeks_of_month: [],
      week_days: [0, 6],
      start_time: '08:00:00',
      end_time: '17:59:59',
      created_at: body.created_at,
    });
  });

  it('name every faulty field at once and store nothing', async () => {
    const nothing = await api.post(path, {});
    assert.deepEqual(
      [nothing.status, faultyFields(nothing)],
      [422, ['end_time', 'start_time', 'team_member_id', 'week_days']],
    );
    const all = await api.post(path, {
      team_member_id: 'ada',
      start_date: '2024-02-30',
      end_date: '1969-12-31',
      months_of_year: [0, 13, 1.5, 1],
      weeks_of_month: [0, 6, -6, '1', 5],
      week_days: [],
      start_time: '24:00:00',
      end_time: '8:00',
      time_range: 'all day',
    });
    assert.equal(all.status, 422);
    assert.deepEqual(faultyFields(all), [
      'end_date',
      'end_time',
      'months_of_year[0]',
      'months_of_year[1]',
      'months_of_year[2]',
      'start_date',
      'start_time',
      'team_member_id',
      'time_range',
      'week_days',
      'weeks_of_month[0]',
      'weeks_of_month[1]',
      'weeks_of_month[2]',
      'weeks_of_month[3]',
    ]);
    assert.deepEqual(await list(), []);
  });

  it('refuse values that only look right', async () => {
    const cases: [string, Json][] = [
      ['start_date', '2023-02-29'],
      ['start_date', '2024-01-01T24:00:00Z'],
      ['end_date', '10000-01-01'],
      ['end_date', 20240101],
      ['start_time', '08:00:00Z'],
      ['end_time', '23:59:60'],
      ['week_days[0]', [7]],
      ['week_days[0]', [-1]],
      ['week_days', [0, 1, 2, 3, 4, 5, 6, 0]],
      ['week_days', 1],
      ['months_of_year', '1'],
      ['weeks_of_month[0]', [0]],
      ['team_member_id', '01999999-0000-7000-8000-000000000000'],
    ];
    for (const [field, value] of cases) {
      const answer = await api.post(path, draft({ [field.split('[')[0]!]: value }));
      assert.deepEqual([answer.status, faultyFields(answer)], [422, [field]], JSON.stringify(value));
    }
    const reversed = await api.post(
      path,
      draft({ start_date: '2024-02-01', end_date: '2024-01-31T23:59:59Z', end_time: 5 }),
    );
    assert.deepEqual([reversed.status, faultyFields(reversed)], [422, ['end_date', 'end_time']]);
    assert.deepEqual(await list(), []);
  });

  it('may begin and end at the bounds of the calendar', async () => {
    for (const dates of [
      { start_date: '1970-01-01', end_date: '9999-12-31' },
      { start_date: '2024-02-29', end_date: '2024-02-29T23:59:59' },
    ])
      assert.equal((await api.post(path, draft(dates))).status, 201);
    for (const at of ['1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2024-02-29T12:00:00-11:00'])
      assert.equal((await api.get(`/v1/team/${teamId}/on-call?at=${encodeURIComponent(at)}`)).status, 200, at);
  });

  it('are found by created_at alone, in whatever precision and offset it is written', async () => {
    const created = (await api.post(path, draft())).body;
    const second = Date.parse(created.created_at);
    const spellings = [
      created.created_at,
      new Date(second).toISOString(),
      created.created_at.replace('Z', '.000000Z'),
      created.created_at.replace('Z', '.999Z'),
      new Date(second + 3_600_000).toISOString().replace('.000Z', '+01:00'),
    ];
    for (const [index, created_at] of spellings.entries()) {
      const changed = await api.send('PUT', path, { json: draft({ created_at, week_days: [index] }) });
      assert.equal(changed.status, 200, created_at);
      assert.deepEqual(changed.body.week_days, [index]);
      assert.equal(changed.body.created_at, created.created_at);
    }
    const removed = new URLSearchParams({ team_member_id: ada, created_at: spellings[4]! });
    const other = (await api.post(path, draft())).body;
    assert.equal((await api.send('DELETE', `${path}?${removed}`)).status, 200);
    assert.deepEqual(
      (await list()).map(({ created_at }: Json) => created_at),
      [other.created_at],
    );
    assert.equal((await api.send('DELETE', `${path}?${removed}`)).status, 404);
    const late = new Date(Date.parse(other.created_at) + 1_000).toISOString();
    assert.equal((await api.send('PUT', path, { json: draft({ created_at: late }) })).status, 404);
    for (const created_at of ['2024-01-01', '2024-01-01T00:00:00', '2024-01-01T24:00:00Z', 'now', ''])
      assert.deepEqual(
        faultyFields(await api.send('PUT', path, { json: draft({ created_at }) })),
        ['created_at'],
        created_at,
      );
    assert.equal((await list()).length, 1);
  });

  it('made in the same second stay apart, and a change may hand one to another member', async () => {
    const [first, second] = await Promise.all([api.post(path, draft()), api.post(path, draft())]);
    assert.notEqual(first.body.created_at, second.body.created_at);
    const { created_at } = first.body;
    const changed = await api.send('PUT', path, { json: draft({ created_at, team_member_id: ben }) });
    assert.deepEqual([changed.status, changed.body.team_member_id], [200, ben]);

    const remove = (member: string) => {
      const query = new URLSearchParams({ team_member_id: member, created_at });
      return api.send('DELETE', `${path}?${query}`);
    };
    assert.equal((await remove(ada)).status, 404, 'no longer hers');
    assert.equal((await remove(ben.toUpperCase())).status, 200);
    assert.deepEqual(
      (await list()).map((entry: Json) => entry.created_at),
      [second.body.created_at],
    );
    const faulty = await api.send('DELETE', `${path}?created_at=yesterday&member=${ben}`);
    assert.deepEqual(faultyFields(faulty), ['query.created_at', 'query.member', 'query.team_member_id']);
  });

  it('keep in a change what is left out, and lose what is null or empty', async () => {
    const bounds = { start_date: '2024-01-01', end_date: '2030-01-01', months_of_year: [1, 2], weeks_of_month: [-1] };
    const made = (await api.post(path, draft(bounds))).body;
    const { created_at } = made;
    const put = (change: Json) => api.send('PUT', path, { json: { created_at, ...change } });
    const shown = async () => (await list())[0];
    const { message, ...before } = made;
    assert.equal(message, 'The entry was created.');

    assert.equal((await put({})).status, 200);
    assert.deepEqual(await shown(), before);
    const versions = async () =>
      (await api.database.sql`SELECT 1 FROM schedule_versions WHERE team_id = ${teamId}`).length;
    assert.equal(await versions(), 1, 'a change of nothing leaves none behind');
    assert.equal((await put({ week_days: [5, 2] })).status, 200);
    assert.deepEqual(await shown(), { ...before, week_days: [2, 5] });
    assert.equal((await put({ start_time: '20:00:00', team_member_id: ben })).status, 200);
    const moved = { ...before, week_days: [2, 5], start_time: '20:00:00', team_member_id: ben };
    assert.deepEqual(await shown(), moved);
    assert.equal((await put({ end_date: null, months_of_year: null })).status, 200);
    assert.deepEqual(await shown(), { ...moved, end_date: null, months_of_year: [] });
    assert.equal((await put({ start_date: null, weeks_of_month: [] })).status, 200);
    assert.deepEqual(await shown(), {
      ...moved,
      start_date: null,
      end_date: null,
      months_of_year: [],
      weeks_of_month: [],
    });
    for (const field of ['team_member_id', 'week_days', 'start_time', 'end_time'])
      assert.deepEqual(faultyFields(await put({ [field]: null })), [field]);
    assert.deepEqual(faultyFields(await put({ week_days: [] })), ['week_days']);
    assert.deepEqual(faultyFields(await api.send('PUT', path, { json: { week_days: [1] } })), ['created_at']);
  });

  it('do not end before they begin, whichever of the two dates is changed', async () => {
    const { created_at } = (await api.post(path, draft({ start_date: '2024-01-10', end_date: '2024-01-20' }))).body;
    const put = (change: Json) => api.send('PUT', path, { json: { created_at, ...change } });
    for (const [change, field] of [
      [{ end_date: '2024-01-09' }, 'end_date'],
      [{ start_date: '2024-01-21' }, 'start_date'],
      [{ start_date: '2024-01-21', end_date: '2024-01-20' }, 'end_date'],
    ] as const) {
      const answer = await put(change);
      assert.deepEqual([answer.status, faultyFields(answer)], [422, [field]], JSON.stringify(change));
    }
    const [{ start_date, end_date }] = await list();
    assert.deepEqual([start_date, end_date], ['2024-01-10', '2024-01-20']);
    assert.equal((await put({ start_date: '2024-01-21', end_date: null })).status, 200);
    assert.equal((await put({ end_date: '2024-01-21' })).status, 200);
  });

  it('belong to one organisation', async () => {
    const other = await api.createOrganisation('Other');
    const created = (await api.post(path, draft())).body;
    const as = { key: other.key };
    const query = new URLSearchParams({ team_member_id: ada, created_at: created.created_at });
    const change = { json: draft({ created_at: created.created_at }), ...as };
    for (const answer of [
      await api.get(`/v1/customer/${organisationId}/schedule`, as),
      await api.get(`/v1/customer/${teamId}/schedule`),
      await api.post(path, draft(), as),
      await api.send('PUT', path, change),
      await api.send('DELETE', `${path}?${query}`, as),
    ])
      assert.deepEqual([answer.status, answer.body.code], [404, 'not_found']);
    const foreignMember = await api.post(`/v1/team/${other.teamId}/schedule`, draft(), as);
    assert.deepEqual([foreignMember.status, faultyFields(foreignMember)], [422, ['team_member_id']]);
    assert.deepEqual((await api.get(`/v1/customer/${other.id}/schedule`, as)).body, {
      schedule: [],
      next_cursor: null,
    });
    assert.equal((await list()).length, 1);
  });

  it('come in one list unless pages are asked for', async () => {
    for (let index = 0; index < 3; index++) await api.post(path, draft());
    const whole = (await api.get(`/v1/customer/${organisationId}/schedule`)).body.schedule;
    const paged: Json[] = [];
    for (let cursor = ''; ;) {
      const { body } = await api.get(`/v1/customer/${organisationId}/schedule?limit=2${cursor}`);
      paged.push(...body.schedule);
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    assert.deepEqual(paged, whole);
  });

  it('are created once for an Idempotency-Key', async () => {
    const headers = { 'Idempotency-Key': 'once' };
    const first = await api.post(path, draft(), { headers });
    const again = await api.post(path, draft(), { headers });
    assert.deepEqual([again.status, again.body], [201, first.body]);
    assert.equal((await list()).length, 1);
  });
});
