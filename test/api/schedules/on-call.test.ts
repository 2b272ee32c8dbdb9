import assert from 'node:assert/strict';
import { faultyFields, startTestApi, type Json, type TestApi } from '../../support/api.ts';
import { insertMember } from '../../support/schedule.ts';

describe('who is on call, over HTTP', () => {
  let api: TestApi;
  let organisationId: string;

  before(async () => {
    api = await startTestApi();
    organisationId = (await api.get('/v1/organisation')).body.id;
  });
  after(() => api.close());

  async function createTeam(timeZone: string, names: string[]) {
    const { body } = await api.post('/v1/team', { name: 'Team', time_zone: timeZone });
    const path = `/v1/team/${body.id}`;
    const ids: string[] = [];
    for (const name of names) ids.push(await insertMember(api.database.sql, organisationId, body.id, name));
    return {
      path,
      ids,
      async add(memberId: string, start_time: string, end_time: string, rest: Json = {}) {
        const entry = { team_member_id: memberId, week_days: [0, 1, 2, 3, 4, 5, 6], start_time, end_time, ...rest };
        const answer = await api.post(`${path}/schedule`, entry);
        assert.equal(answer.status, 201, answer.text);
        return answer.body;
      },
      onCall: (query: Record<string, string>) => api.get(`${path}/on-call?${new URLSearchParams(query)}`),
    };
  }

  it('is answered over the days when clocks change, without a gap', async () => {
    const { ids, add, onCall } = await createTeam('Europe/Berlin', ['Ada', 'Ben']);
    await add(ids[0]!, '02:30:00', '13:59:59');
    await add(ids[1]!, '14:00:00', '02:29:59');
    const spring = await onCall({ since: '2024-03-30T13:00:00Z', until: '2024-03-31T12:00:00Z' });
    assert.equal(spring.status, 200);
    assert.deepEqual(spring.body.shifts, [
      { team_member_id: ids[1], name: 'Ben', since: '2024-03-30T13:00:00.000Z', until: '2024-03-31T01:00:00.000Z' },
      { team_member_id: ids[0], name: 'Ada', since: '2024-03-31T01:00:00.000Z', until: '2024-03-31T12:00:00.000Z' },
    ]);
    assert.deepEqual([spring.body.gaps, spring.body.overlaps, spring.body.time_zone], [[], [], 'Europe/Berlin']);

    const autumn = await onCall({ since: '2024-10-26T12:00:00Z', until: '2024-10-27T13:00:00Z' });
    assert.deepEqual(autumn.body.overlaps, [
      { since: '2024-10-27T00:30:00.000Z', until: '2024-10-27T01:30:00.000Z', team_member_ids: [...ids].sort() },
    ]);
    const both = await onCall({ at: '2024-10-27T02:30:00+01:00' });
    assert.deepEqual(both.body.on_call.map(({ name }: Json) => name).sort(), ['Ada']);
    const first = await onCall({ at: '2024-10-27T02:30:00+02:00' });
    assert.deepEqual(first.body.on_call.map(({ name }: Json) => name).sort(), ['Ada', 'Ben']);
  });

  it('is answered for now, at once after a change, and the past stays', async () => {
    const { path, ids, add, onCall } = await createTeam('UTC', ['Ada', 'Ben']);
    const { message, team_id, time_zone, ...entry } = await add(ids[0]!, '00:00:00', '23:59:59');
    const before = await api.get(`${path}/on-call`);
    assert.deepEqual(before.body.on_call, [{ team_member_id: ids[0], name: 'Ada' }]);
    assert.deepEqual([message, team_id, time_zone], ['The entry was created.', path.split('/')[3], 'UTC']);
    await api.send('PUT', `${path}/schedule`, { json: { ...entry, team_member_id: ids[1] } });
    const after = await api.get(`${path}/on-call`);
    assert.deepEqual(after.body.on_call, [{ team_member_id: ids[1], name: 'Ben' }]);
    const yesterday = new Date(Date.now() - 86_400_000).toISOString();
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    assert.equal((await onCall({ at: yesterday })).body.on_call[0].name, 'Ada');
    const { shifts, gaps } = (await onCall({ since: yesterday, until: tomorrow })).body;
    assert.deepEqual(
      shifts.map(({ name }: Json) => name),
      ['Ada', 'Ben'],
    );
    assert.equal(shifts[0].until, shifts[1].since);
    assert.deepEqual(gaps, []);
  });

  it('follows overrides, the last created first, until they are withdrawn', async () => {
    const { path, ids, add, onCall } = await createTeam('UTC', ['Ada', 'Ben', 'Cyd']);
    const [ada, ben, cyd] = ids as [string, string, string];
    await add(ada, '00:00:00', '11:59:59');
    const stand = (json: Json) => api.post(`${path}/override`, json);
    const span = { since: '2030-01-01T06:00:00Z', until: '2030-01-01T20:00:00+02:00' };
    const first = await stand({ member_id: ben, ...span });
    assert.equal(first.status, 201);
    assert.deepEqual(first.body, {
      id: first.body.id,
      team_id: path.split('/')[3],
      member_id: ben,
      replaces_member_id: null,
      since: '2030-01-01T06:00:00.000Z',
      until: '2030-01-01T18:00:00.000Z',
      created_at: first.body.created_at,
    });
    const second = await stand({ member_id: cyd, replaces_member_id: ada, ...span });
    const day = { since: '2030-01-01T00:00:00Z', until: '2030-01-02T00:00:00Z' };
    const names = async () =>
      (await onCall(day)).body.shifts.map(
        ({ name, since, until }: Json) => `${name} ${since.slice(11, 13)}–${until.slice(11, 13)}`,
      );
    assert.deepEqual(await names(), ['Ada 00–06', 'Cyd 06–12', 'Ben 12–18']);
    const listed = await api.get(`${path}/override`);
    assert.deepEqual(listed.body, { overrides: [second.body, first.body], next_cursor: null });
    const page = (await api.get(`${path}/override?limit=1`)).body;
    const rest = await api.get(`${path}/override?limit=1&cursor=${page.next_cursor}`);
    assert.deepEqual([...page.overrides, ...rest.body.overrides], listed.body.overrides);

    const withdraw = () => api.send('DELETE', `${path}/override?override_id=${second.body.id}`);
    assert.deepEqual((await withdraw()).body, { message: 'The override was withdrawn.' });
    assert.equal((await withdraw()).status, 404);
    assert.deepEqual(await names(), ['Ada 00–06', 'Ben 06–18']);
  });

  it('refuses overrides that cannot be, naming every field', async () => {
    const { path, ids } = await createTeam('UTC', ['Ada']);
    const stand = (json: Json) => api.post(`${path}/override`, json);
    assert.deepEqual(faultyFields(await stand({})), ['member_id', 'since', 'until']);
    const span = { since: '2030-01-01T06:00:00Z', until: '2030-01-01T06:00:00.000Z' };
    assert.deepEqual(faultyFields(await stand({ member_id: ids[0], replaces_member_id: ids[0], ...span, who: 1 })), [
      'replaces_member_id',
      'until',
      'who',
    ]);
    for (const since of ['2030-01-01', '2030-01-01T06:00:00', '2030-02-30T06:00:00Z', '1969-12-31T23:59:59Z', 5])
      assert.deepEqual(faultyFields(await stand({ member_id: ids[0], until: '2031-01-01T00:00:00Z', since })), [
        'since',
      ]);
    const unknown = '01999999-0000-7000-8000-000000000000';
    const strangers = await stand({
      ...span,
      until: '2031-01-01T00:00:00Z',
      member_id: unknown,
      replaces_member_id: unknown,
    });
    assert.deepEqual(faultyFields(strangers), ['replaces_member_id']);
    const stranger = await stand({ ...span, until: '2031-01-01T00:00:00Z', member_id: unknown });
    assert.deepEqual([stranger.status, faultyFields(stranger)], [422, ['member_id']]);
    assert.deepEqual((await api.get(`${path}/override`)).body.overrides, []);
  });

  it('refuses questions that do not make sense', async () => {
    const { onCall } = await createTeam('UTC', []);
    const since = '2024-01-01T00:00:00Z';
    const until = '2024-01-02T00:00:00Z';
    const cases: [Record<string, string>, string[]][] = [
      [{ since }, ['query.until']],
      [{ until }, ['query.since']],
      [{ at: since, since, until }, ['query.at']],
      [{ since, until: since }, ['query.until']],
      [{ since: until, until: since }, ['query.until']],
      [{ since, until: '2025-01-01T00:00:01Z' }, ['query.until']],
      [{ at: '2024-01-01T00:00:00' }, ['query.at']],
      [{ at: 'now', until: 'then', since: '' }, ['query.at', 'query.since', 'query.until']],
      [{ at: '1969-12-31T23:59:59Z' }, ['query.at']],
      [{ at: '9999-12-31T23:59:59-01:00' }, ['query.at']],
      [{ when: since }, ['query.when']],
    ];
    for (const [query, fields] of cases) {
      const answer = await onCall(query);
      assert.deepEqual([answer.status, faultyFields(answer)], [422, fields], JSON.stringify(query));
    }
    const year = await onCall({ since, until: '2025-01-01T00:00:00Z' });
    assert.deepEqual([year.status, year.body.gaps.length], [200, 1], 'a leap year is 366 days');
  });

  it('takes a plus sign that nobody escaped', async () => {
    const { path } = await createTeam('UTC', []);
    const { body } = await api.get(`${path}/on-call?at=2024-01-01T00:00:00+01:00`);
    assert.equal(body.at, '2023-12-31T23:00:00.000Z');
  });

  it('is refused when it is too much to answer', async () => {
    const { path, ids, add, onCall } = await createTeam('UTC', ['Ada']);
    const { created_at } = await add(ids[0]!, '08:00:00', '08:59:59');
    await api.database.sql`
      INSERT INTO schedule_versions (id, organisation_id, team_id, created_at, member_id, time_zone, months_of_year,
        weeks_of_month, week_days, start_time, end_time)
      SELECT gen_random_uuid(), organisation_id, team_id, '2020-01-01Z'::timestamptz + number * interval '1 second',
        member_id, time_zone, months_of_year, weeks_of_month, week_days, start_time, end_time
      FROM schedule_versions, generate_series(1, 499) AS number
      WHERE team_id = ${path.split('/')[3]!} AND created_at = ${created_at}`;
    const since = '2024-01-01T00:00:00Z';
    const year = await onCall({ since, until: '2025-01-01T00:00:00Z' });
    assert.deepEqual([year.status, faultyFields(year)], [422, ['query.until']]);
    assert.equal((await onCall({ since, until: '2024-02-01T00:00:00Z' })).status, 200);
    const full = await api.post(`${path}/schedule`, {
      team_member_id: ids[0],
      week_days: [0],
      start_time: '00:00:00',
      end_time: '23:59:59',
    });
    assert.deepEqual([full.status, full.body.code], [409, 'limit_reached']);
  });
});
