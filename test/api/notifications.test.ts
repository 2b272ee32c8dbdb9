import assert from 'node:assert/strict';
import { createPagingActivities } from '../../src/activities/page.ts';
import { startTestApi, type Json, type TestApi } from '../support/api.ts';
import { insertContactMethod, setRules } from '../support/people.ts';
import { recordIncident, type RecordedIncident } from '../support/recorded-incident.ts';

describe('who was notified of an incident', () => {
  let api: TestApi;
  let organisation: { organisationId: string; teamId: string; webhookId: string; apiKeyId: string };
  let incident: RecordedIncident;
  let members: Json[];

  before(async () => {
    api = await startTestApi();
    const { id: organisationId, default_team_id: teamId } = (await api.get('/v1/organisation')).body;
    organisation = { organisationId, teamId, webhookId: '', apiKeyId: '' };
    members = [];
    for (const name of ['Ada', 'Bob', 'Eve'])
      members.push((await api.post(`/v1/team/${teamId}/member`, { name, email: `${name}@example.com` })).body);
    for (const { id, email: address } of members.slice(0, 2)) {
      const method = { type: 'email', name: 'Mail', address } as const;
      const contactMethodId = await insertContactMethod(api.database.sql, api.deps.sealer, organisation, id, method);
      await setRules(api.database.sql, organisation, id, [
        { delay: 0, contactMethodId },
        { delay: 600, contactMethodId },
      ]);
    }
    incident = await recordIncident(api.database.sql, organisation);
  });
  after(() => api.close());

  const activities = () => createPagingActivities(api.deps.stores);
  const page = (targets: Json[]) =>
    activities().page({
      organisationId: organisation.organisationId,
      incidentId: incident.id,
      sequence: 1,
      at: new Date().toISOString(),
      kind: 'level',
      targets,
      actionId: null,
    });
  const path = () => `/v1/incident/${incident.id}/notifications`;

  it('is counted by the page: everybody of the targets once, and those who can be reached', async () => {
    const team = { type: 'team', id: organisation.teamId };
    assert.deepEqual(await page([team, { type: 'member', id: members[0].id }]), { members: 3, reachable: 2 });
    assert.deepEqual(await page([{ type: 'schedule', id: organisation.teamId }]), { members: 0, reachable: 0 });
  });

  it('is listed page by page, with what came of each', async () => {
    const first = await api.get(`${path()}?limit=3`);
    assert.equal(first.status, 200, first.text);
    const second = await api.get(`${path()}?limit=3&cursor=${first.body.next_cursor}`);
    assert.equal(second.body.next_cursor, null);
    const rows: Json[] = [...first.body.notifications, ...second.body.notifications];
    assert.deepEqual(rows.map((row) => row.member_name).sort(), ['Ada', 'Ada', 'Bob', 'Bob']);
    assert.deepEqual(Object.keys(rows[0]).sort(), [
      'attempts',
      'contact_method_id',
      'due_at',
      'error',
      'finished_at',
      'id',
      'member_id',
      'member_name',
      'reason',
      'status',
      'type',
    ]);
    await incident.apply({ type: 'acknowledge' });
    const after: Json[] = (await api.get(path())).body.notifications;
    assert.ok(after.every(({ status, finished_at: finishedAt }) => status === 'cancelled' && finishedAt !== null));
  });

  it('is told to nobody else', async () => {
    const other = await api.createOrganisation('Other');
    assert.equal((await api.get(path(), { key: other.key })).status, 404);
  });
});
