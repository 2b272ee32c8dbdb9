import assert from 'node:assert/strict';
import { startTestApi, type Json, type TestApi } from '../../support/api.ts';

const day = 86_400_000;

describe('who is on call across teams', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  const createTeam = async (name: string, key?: string): Promise<string> =>
    (await api.post('/v1/team', { name }, key === undefined ? {} : { key })).body.id;
  const addMember = async (team: string, name: string): Promise<string> =>
    (await api.post(`/v1/team/${team}/member`, { name, email: `${name}@example.com` })).body.id;
  const roundTheClock = { week_days: [0, 1, 2, 3, 4, 5, 6], start_time: '00:00:00', end_time: '23:59:59' };
  const addEntry = (team: string, team_member_id: string, given: object = {}) =>
    api.post(`/v1/team/${team}/schedule`, { team_member_id, ...roundTheClock, ...given });
  const stand = (team: string, member_id: string, since: number, until: number) =>
    api.post(`/v1/team/${team}/override`, {
      member_id,
      since: new Date(since).toISOString(),
      until: new Date(until).toISOString(),
    });
  const onCall = async (query = '?limit=200') => (await api.get(`/v1/on-call${query}`)).body;

  it('names those who are, those who are next, and the policies that ask them', async () => {
    const team = await createTeam('Payments');
    const [ada, ben] = [await addMember(team, 'Ada'), await addMember(team, 'Ben')];
    await addEntry(team, ada);
    const inTwoDays = Math.floor(Date.now() / day) * day + 2 * day;
    await stand(team, ben, inTwoDays, inTwoDays + day / 2);
    const policies = [];
    for (const type of ['schedule', 'team', 'schedule']) {
      const levels = [
        {
          delay: 60,
          targets: [
            { type: 'member', id: ada },
            { type, id: team },
          ],
        },
      ];
      policies.push((await api.post('/v1/escalation-policy', { name: type, levels })).body.id);
    }
    const { at, teams } = await onCall();
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000);
    assert.deepEqual(
      teams.find(({ team_id }: Json) => team_id === team),
      {
        team_id: team,
        team_name: 'Payments',
        now: [{ member_id: ada, name: 'Ada', until: new Date(inTwoDays).toISOString() }],
        next: [{ member_id: ben, name: 'Ben', since: new Date(inTwoDays).toISOString() }],
        escalation_policies: [policies[0], policies[2]],
      },
    );
    await api.send('DELETE', `/v1/escalation-policy/${policies[0]}`);
    const left = (await onCall()).teams.find(({ team_id }: Json) => team_id === team);
    assert.deepEqual(left.escalation_policies, [policies[2]]);
  });

  it('says where nobody is, where nobody follows, and looks two weeks ahead', async () => {
    const [nobody, always, later, never] = [
      await createTeam('Nobody'),
      await createTeam('Always'),
      await createTeam('Later'),
      await createTeam('Never'),
    ];
    await addEntry(always, await addMember(always, 'Ada'));
    const ben = await addMember(later, 'Ben');
    const inThirteenDays = Math.floor(Date.now() / day) * day + 13 * day;
    await stand(later, ben, inThirteenDays, inThirteenDays + 7 * day);
    await stand(never, await addMember(never, 'Cyd'), Date.now() + 15 * day, Date.now() + 16 * day);
    const { teams } = await onCall();
    const told = [nobody, always, later, never].map((id) => {
      const { now, next } = teams.find(({ team_id }: Json) => team_id === id);
      return [now.map(({ name, until }: Json) => [name, until]), next && next.map(({ name }: Json) => name)];
    });
    assert.deepEqual(told, [
      [[], null],
      [[['Ada', null]], null],
      [[], ['Ben']],
      [[], null],
    ]);
  });

  it('comes in pages, of one organisation', async () => {
    const all = (await onCall()).teams.map(({ team_id }: Json) => team_id);
    const read: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Json = await onCall(`?limit=2${cursor && `&cursor=${cursor}`}`);
      read.push(...page.teams.map(({ team_id }: Json) => team_id));
      cursor = page.next_cursor;
    }
    assert.deepEqual(read, all);
    const other = await api.createOrganisation('Other');
    const { body } = await api.get('/v1/on-call', { key: other.key });
    assert.deepEqual(
      body.teams.map(({ team_id }: Json) => team_id),
      [other.teamId],
    );
  });
});
