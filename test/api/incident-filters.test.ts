import assert from 'node:assert/strict';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';
import { storeOpenIncident } from '../support/open-incident.ts';

describe('filters of incident lists', () => {
  let api: TestApi;
  let teamId: string;
  let other: Json;
  const texts: [name: string, description: string][] = [
    ['Checkout is down', 'all of it'],
    ['100% CPU', 'load_average is high'],
    ['100 CPUs', 'loadXaverage'],
    ['Größe überschritten', 'ÄÖÜ and ß'],
    ['back\\slash', 'quote \' and " and $1'],
    ['Last', 'CHECKOUT again'],
  ];

  before(async () => {
    api = await startTestApi();
    teamId = await api.defaultTeamId();
    other = (await api.post('/v1/team', { name: 'Other' })).body;
    for (const [name, description] of texts) await open(teamId, { name, description });
  });
  after(() => api.close());

  const open = (team: string, more: Parameters<typeof storeOpenIncident>[2] = {}) =>
    storeOpenIncident(api, team, { name: 'I', urgency: 'low', ...more });
  const names = async (query: string, path = '/v1/organisation/incidents'): Promise<string[]> => {
    const answer = await api.get(`${path}?sort=number&${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.incidents.map(({ name }: Json) => name);
  };
  const containing = (text: string) => names(`text=${encodeURIComponent(text)}`);

  it('find a text in name or description, in any case, and nothing in it is special', async () => {
    assert.deepEqual(await containing('checkOUT'), ['Checkout is down', 'Last']);
    assert.deepEqual(await containing('100%'), ['100% CPU']);
    assert.deepEqual(await containing('load_average'), ['100% CPU']);
    assert.deepEqual(await containing('%'), ['100% CPU']);
    assert.deepEqual(await containing('_'), ['100% CPU']);
    assert.deepEqual(await containing('GRÖSSE ÜBERSCHRITTEN'), []);
    assert.deepEqual(await containing('ÜBERSCHRITTEN'), ['Größe überschritten']);
    assert.deepEqual(await containing('äöü'), ['Größe überschritten']);
    assert.deepEqual(await containing('back\\slash'), ['back\\slash']);
    assert.deepEqual(await containing(`' and " and $1`), ['back\\slash']);
    assert.deepEqual(await containing("'; DROP TABLE incidents; --"), []);
    assert.deepEqual(await containing('downall'), [], 'name and description are apart');
  });

  it('page through what is filtered', async () => {
    const first = (await api.get('/v1/organisation/incidents?text=checkout&limit=1')).body;
    assert.deepEqual([first.incidents.length, first.incidents[0].name], [1, 'Last']);
    const next = await api.get(`/v1/organisation/incidents?text=checkout&limit=1&cursor=${first.next_cursor}`);
    assert.deepEqual([next.body.incidents[0].name, next.body.next_cursor], ['Checkout is down', null]);
    const changed = await api.get(`/v1/organisation/incidents?text=check&limit=1&cursor=${first.next_cursor}`);
    assert.deepEqual([changed.status, changed.body.code], [400, 'malformed_cursor']);
  });

  it('cut by time: since is part of it, until is not', async () => {
    const all: Json[] = (await api.get('/v1/organisation/incidents?sort=number')).body.incidents;
    await api.database.sql`
      UPDATE incidents SET created_at = '2026-01-01T00:00:00Z'::timestamptz + number * interval '1 hour'`;
    const named = (...places: number[]) => places.map((place) => all[place]!.name);
    assert.deepEqual(await names('since=2026-01-01T02:00:00Z&until=2026-01-01T04:00:00Z'), named(1, 2));
    assert.deepEqual(await names('since=2026-01-01T06:00:00Z'), named(5));
    assert.deepEqual(await names('until=2026-01-01T01:00:00.000001Z'), named(0));
    assert.deepEqual(await names(`since=${encodeURIComponent('2026-01-01T07:00:00+01:00')}`), named(5));
    assert.deepEqual(await names('since=2026-01-01T04:00:00Z&until=2026-01-01T02:00:00Z'), []);
  });

  it('name every faulty parameter', async () => {
    const answer = await api.get(
      `/v1/organisation/incidents?since=yesterday&until=2026-02-30T00:00:00Z&text=${'x'.repeat(201)}&status=open&urgency=none&sort=name`,
    );
    assert.deepEqual(
      [answer.status, faultyFields(answer)],
      [422, ['query.since', 'query.sort', 'query.status[0]', 'query.text', 'query.until', 'query.urgency[0]']],
    );
    for (const text of ['', '%20', '%00', 'a&text=b', '%ED%A0%80%00'])
      assert.deepEqual(faultyFields(await api.get(`/v1/organisation/incidents?text=${text}`)), ['query.text'], text);
  });

  it('show a team what it owns and what is assigned to it or to its schedule', async () => {
    const member = (await api.post(`/v1/team/${other.id}/member`, { name: 'A', email: 'a@example.com' })).body;
    await open(teamId, { name: 'Assigned', assignees: [{ type: 'team', id: other.id }] });
    await open(teamId, {
      name: 'Both',
      assignees: [
        { type: 'team', id: teamId },
        { type: 'team', id: other.id },
      ],
    });
    await open(teamId, { name: 'To the schedule', assignees: [{ type: 'schedule', id: other.id }] });
    await open(other.id, { name: 'Own', urgency: 'high' });
    await open(other.id, { name: 'Given away', assignees: [{ type: 'team', id: teamId }] });
    await open(teamId, { name: 'To a member', assignees: [{ type: 'member', id: member.id }] });
    const path = `/v1/team/${other.id}/incidents`;
    assert.deepEqual(await names('', path), ['Assigned', 'Both', 'To the schedule', 'Own', 'Given away']);
    assert.deepEqual(await names('urgency=high', path), ['Own']);
    assert.deepEqual(await names('text=a&urgency=low', path), ['Assigned', 'Given away']);

    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await api.get(`${path}?limit=1${cursor}`);
      seen.push(...body.incidents.map(({ name }: Json) => name));
      cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
    } while (cursor);
    assert.deepEqual(seen, ['Given away', 'Own', 'To the schedule', 'Both', 'Assigned'], 'each once');
    assert.ok((await names('limit=200', `/v1/team/${teamId}/incidents`)).includes('Given away'));
  });
});
