import assert from 'node:assert/strict';
import { pino } from 'pino';
import { createPagingActivities } from '../../src/activities/page.ts';
import { createSendNotifications } from '../../src/activities/send-notifications.ts';
import { createEar } from '../../src/stores/doorbell.ts';
import { createLinkTokens } from '../../src/stores/link-tokens.ts';
import { createNotificationQueue } from '../../src/stores/notification-queue.ts';
import { startTestApi, type Json, type TestApi } from '../support/api.ts';
import { insertContactMethod, setRules } from '../support/people.ts';
import { poll } from '../support/poll.ts';
import { createReceiver } from '../support/receiver.ts';
import { recordIncident, type RecordedIncident } from '../support/recorded-incident.ts';

describe('who was notified of an incident', function () {
  this.timeout(90_000);
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

  it('says of one that was refused five times that it failed, and why', async () => {
    const receiver = await createReceiver();
    receiver.behave({ status: 500 });
    const { sql } = api.database;
    const eve = members[2];
    const hook = { type: 'webhook', name: 'Hook', url: receiver.url } as const;
    const contactMethodId = await insertContactMethod(sql, api.deps.sealer, organisation, eve.id, hook);
    await setRules(sql, organisation, eve.id, [{ delay: 0, contactMethodId }]);
    incident = await recordIncident(sql, organisation);
    await page([{ type: 'member', id: eve.id }]);

    const ear = await createEar(sql);
    const stop = new AbortController();
    const { channels, sealer, publicUrl } = api.deps;
    const queue = createNotificationQueue(sql, sealer);
    const links = createLinkTokens(sealer);
    const round = createSendNotifications({
      queue,
      channels,
      links,
      ear,
      publicUrl,
      logger: pino({ level: 'silent' }),
    });
    const pumps = [0, 1, 2, 3].map((shard) => round(shard, stop.signal, () => undefined));
    const shown = async (): Promise<Json> => (await api.get(path())).body.notifications[0];
    for (let attempt = 1; attempt < 5; attempt++) {
      // The minutes between two attempts, once this one is over.
      const hasten = () => sql`
        UPDATE notifications SET due_at = now()
        WHERE incident_id = ${incident.id} AND attempts >= ${attempt} AND lease_token IS NULL
        RETURNING status`;
      const { status } = await poll(async () => (await hasten())[0]);
      assert.equal(status, 'pending');
    }
    const failed = await poll(async () => {
      const row = await shown();
      return row.status !== 'pending' && row;
    });
    stop.abort();
    await Promise.all(pumps);
    await ear.close();
    await receiver.close();
    assert.deepEqual([failed.status, failed.attempts, failed.error], ['failed', 5, 'answered 500']);
    assert.ok(Date.parse(failed.finished_at) <= Date.now());
    assert.equal(receiver.requests.length, 5);
  });

  it('is told to nobody else', async () => {
    const other = await api.createOrganisation('Other');
    assert.equal((await api.get(path(), { key: other.key })).status, 404);
  });
});
