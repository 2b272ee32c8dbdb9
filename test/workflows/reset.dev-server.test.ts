import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { createSealer } from '../../src/stores/sealed.ts';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import type { Json, TestApi } from '../support/api.ts';
import { insertContactMethod, setRules } from '../support/people.ts';
import { poll } from '../support/poll.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { startWorkingApi } from '../support/working-api.ts';

describe('a workflow that an operator resets, on the dev server', function () {
  this.timeout(120_000);
  let api: TestApi;
  let temporal: TestTemporal;
  let teamId: string;
  let memberId: string;

  before(async () => {
    api = await startWorkingApi();
    temporal = await connectTestTemporal();
    teamId = await api.defaultTeamId();
    const organisationId = (await api.get('/v1/organisation')).body.id;
    memberId = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body.id;
    const { sql } = api.database;
    const organisation = { organisationId, teamId, webhookId: uuid(), apiKeyId: uuid() };
    const sealer = createSealer('test-secret-key-of-32-characters-or-more');
    const mail = { type: 'email', name: 'Mail', address: 'ada@example.com' } as const;
    const contactMethodId = await insertContactMethod(sql, sealer, organisation, memberId, mail);
    await setRules(sql, organisation, memberId, [{ delay: 0, contactMethodId }]);
    const subscribed = await api.post('/v1/subscription', {
      ...{ name: 'All', url: 'https://example.com/hook', dialect: 'standard' },
    });
    assert.equal(subscribed.status, 201, subscribed.text);
  });
  after(async () => {
    await temporal.close();
    await api.close();
  });

  /** All that an incident has told the world. */
  const told = async (id: string) => {
    const { sql } = api.database;
    return {
      log: (await api.get(`/v1/incident/${id}/log`)).body.log_entries as Json[],
      deliveries: (await sql`SELECT id FROM deliveries WHERE incident_id = ${id} ORDER BY id`).map((row) => row.id),
      notifications: (await sql`SELECT id FROM notifications WHERE incident_id = ${id} ORDER BY id`).map(
        (row) => row.id,
      ),
    };
  };

  it('sends nothing again, and has lost nothing', async () => {
    const level = { delay: 3_600, targets: [{ type: 'member', id: memberId }] };
    const { body: policy } = await api.post('/v1/escalation-policy', { name: 'P', levels: [level, level] });
    const draft = { name: 'Down', description: '', urgency: 'high', escalation_policy_id: policy.id };
    const { id } = (await api.post(`/v1/team/${teamId}/incident`, draft)).body;
    const asked = (count: number) => poll(async () => (await told(id)).notifications.length === count);
    await asked(1);
    assert.equal((await api.post(`/v1/incident/${id}/escalate`, {})).status, 200);
    await asked(2);
    const handle = temporal.client.workflow.getHandle(incidentWorkflowId(id));
    await handle.signal('note', { content: 'By signal' });
    await poll(async () => (await told(id)).log.length === 3);
    assert.equal((await api.post(`/v1/incident/${id}/note`, { content: 'By update' })).status, 200);
    const before = await told(id);
    assert.deepEqual(
      before.log.map(({ type }) => type),
      ['triggered', 'escalated', 'annotated', 'annotated'],
    );
    assert.ok(before.deliveries.length > 0);

    const { runId } = await handle.describe();
    const { events } = await handle.fetchHistory();
    const first = events!.find((event) => event.workflowTaskCompletedEventAttributes)!;
    await temporal.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: incidentWorkflowId(id), runId },
      workflowTaskFinishEventId: first.eventId!,
      reason: 'by hand',
      requestId: uuid(),
    });
    // The new run plays the same again, and has done so by the time that it has stored another command.
    const after = await poll(
      async () => {
        const answer = await api.post(`/v1/incident/${id}/note`, { content: 'After the reset' });
        return answer.status === 200 && told(id);
      },
      { timeoutMs: 60_000 },
    );
    assert.notEqual((await handle.describe()).runId, runId);
    assert.deepEqual(after.log.slice(0, before.log.length), before.log);
    assert.deepEqual(
      after.log.slice(before.log.length).map(({ details }) => details.content),
      ['After the reset'],
    );
    assert.equal((await api.post(`/v1/incident/${id}/resolve`, {})).status, 200);
    await handle.result();
    const end = await told(id);
    assert.deepEqual(end.notifications, before.notifications);
    for (const delivery of before.deliveries) assert.ok(end.deliveries.includes(delivery));
    assert.equal(end.deliveries.length, new Set(end.deliveries).size);
    const { body } = await api.get(`/v1/incident/${id}`);
    assert.deepEqual([body.status, body.pending_actions], ['resolved', []]);
  });
});
