import assert from 'node:assert/strict';
import { faultyFields, startTestApi, type Json, type TestApi } from '../../support/api.ts';
import { insertMember } from '../../support/schedule.ts';

describe('who is on call on days that come seldom, over HTTP', () => {
  let api: TestApi;
  let organisationId: string;
  let path: string;
  let ada: string;

  before(async () => {
    api = await startTestApi();
    organisationId = (await api.get('/v1/organisation')).body.id;
  });
  beforeEach(async () => {
    const { id } = (await api.post('/v1/team', { name: 'Team', time_zone: 'Europe/Berlin' })).body;
    path = `/v1/team/${id}`;
    ada = await insertMember(api.database.sql, organisationId, id, 'Ada');
  });
  after(() => api.close());

  const everyDay = [0, 1, 2, 3, 4, 5, 6];
  const add = (entry: Json) =>
    api.post(`${path}/schedule`, {
      ...{ team_member_id: ada, week_days: everyDay, start_time: '09:00:00', end_time: '16:59:59' },
      ...entry,
    });
  const added = async (entry: Json) => {
    const answer = await add(entry);
    assert.equal(answer.status, 201, answer.text);
  };
  /** `at` by the team's wall clock, in a month with or without summer time. */
  const isOnCall = async (at: string) => {
    const answer = await api.get(`${path}/on-call?${new URLSearchParams({ at })}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.on_call.length === 1;
  };
  const onCallAt = async (times: Record<string, boolean>) => {
    for (const [at, expected] of Object.entries(times)) assert.equal(await isOnCall(at), expected, at);
  };
  const shifts = async (since: string, until: string) => {
    const answer = await api.get(`${path}/on-call?${new URLSearchParams({ since, until })}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.shifts.map((shift: Json) => [shift.since, shift.until]);
  };

  it('week 5 is the fifth of that weekday, and missing from months that have four', async () => {
    await added({ week_days: [5], weeks_of_month: [5] });
    await onCallAt({
      '2024-03-29T12:00:00+01:00': true,
      '2024-03-22T12:00:00+01:00': false,
      '2024-04-26T12:00:00+02:00': false,
      '2024-05-31T12:00:00+02:00': true,
    });
    assert.deepEqual(await shifts('2024-02-01T00:00:00Z', '2024-03-28T00:00:00Z'), [], 'February 2024 has four');
  });

  it('the 31st, month by month: each on its own day, and no day that does not exist', async () => {
    for (const day of ['2024-01-31', '2024-03-31', '2024-05-31']) await added({ start_date: day, end_date: day });
    await onCallAt({
      '2024-01-31T12:00:00+01:00': true,
      '2024-03-01T12:00:00+01:00': false,
      '2024-03-31T12:00:00+02:00': true,
      '2024-05-01T12:00:00+02:00': false,
      '2024-05-31T12:00:00+02:00': true,
      '2024-06-01T12:00:00+02:00': false,
    });
    for (const day of ['2024-04-31', '2024-02-30', '2023-02-29']) {
      const refused = await add({ start_date: day, end_date: day });
      assert.deepEqual([refused.status, faultyFields(refused)], [422, ['end_date', 'start_date']], day);
    }
  });

  it('the leap day comes in leap years alone', async () => {
    await added({ start_date: '2024-02-29', end_date: '2024-02-29' });
    await added({ week_days: [4], months_of_year: [2], weeks_of_month: [5] });
    await onCallAt({
      '2024-02-29T12:00:00+01:00': true,
      '2025-02-28T12:00:00+01:00': false,
      '2025-03-01T12:00:00+01:00': false,
      // A Tuesday.
      '2028-02-29T12:00:00+01:00': false,
    });
  });

  it('0 is Sunday, by the clock of the team', async () => {
    await added({ week_days: [0], start_time: '00:00:00', end_time: '23:59:59' });
    await onCallAt({
      '2024-06-08T21:59:59Z': false,
      '2024-06-08T22:00:00Z': true,
      '2024-06-09T21:59:59Z': true,
      '2024-06-09T22:00:00Z': false,
    });
    const seven = await add({ week_days: [7] });
    assert.deepEqual([seven.status, faultyFields(seven)], [422, ['week_days[0]']]);
  });

  it('over midnight it is a shift of the day on which it began, also past the end of its dates', async () => {
    const last = { start_date: '2023-12-31', end_date: '2023-12-31' };
    await added({ ...last, week_days: [0], start_time: '22:00:00', end_time: '05:59:59' });
    assert.deepEqual(await shifts('2023-12-30T00:00:00Z', '2024-01-03T00:00:00Z'), [
      ['2023-12-31T21:00:00.000Z', '2024-01-01T05:00:00.000Z'],
    ]);
    await onCallAt({ '2023-12-31T04:00:00+01:00': false, '2024-01-01T22:30:00+01:00': false });
  });

  it('an end that is its start makes a whole day of it, or as long as the day of the clock change has', async () => {
    await added({ week_days: [6], start_time: '08:00:00', end_time: '08:00:00' });
    const spring = await shifts('2024-03-30T00:00:00Z', '2024-04-01T00:00:00Z');
    const [[since, until], ...more] = spring;
    assert.deepEqual(more, []);
    assert.equal(since, '2024-03-30T07:00:00.000Z');
    // To the last second at 08:00:00 included, an hour less by the clock that goes forward.
    assert.equal(Date.parse(until) - Date.parse(since), 23 * 3_600_000 + 1_000);
    await onCallAt({ '2024-03-30T07:59:59+01:00': false, '2024-03-31T07:59:59+02:00': true });
  });
});
