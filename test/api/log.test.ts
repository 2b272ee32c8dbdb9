import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { createNoticeEndedWorkflows } from '../../src/activities/notice-ended-workflows.ts';
import { createEndedWorkflowStore } from '../../src/stores/ended-workflows.ts';
import { createEndedWorkflows } from '../../src/temporal/ended-workflows.ts';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import type { Json, TestApi } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { startWorkingApi } from '../support/working-api.ts';

describe('the log of an incident', function () {
  this.timeout(120_000);
  let api: TestApi;
  let temporal: TestTemporal;
  let teamId: string;
  let ada: string;

  before(async () => {
    api = await startWorkingApi();
    temporal = await connectTestTemporal();
    teamId = await api.defaultTeamId();
    ada = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body.id;
  });
  after(async () => {
    await temporal.close();
    await api.close();
  });

  const open = async (): Promise<string> => {
    const draft = { name: 'Down', description: '', urgency: 'high' };
    const { id } = (await api.post(`/v1/team/${teamId}/incident`, draft)).body;
    await api.begun(id);
    return id;
  };
  const log = async (id: string): Promise<Json[]> =>
    (await api.get(`/v1/incident/${id}/log?limit=200`)).body.log_entries;
  const done = async (id: string, path: string, json: Json, method = 'POST') => {
    const answer = await api.send(method, `/v1/incident/${id}${path}`, { json });
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  };

  it('gets an entry from every command, with who, through what and when, and none of them ever changes', async () => {
    const [id, other] = [await open(), await open()];
    const levels = [1, 2].map(() => ({ delay: 600, targets: [{ type: 'member', id: ada }] }));
    const policy = (await api.post('/v1/escalation-policy', { name: 'P', levels })).body.id;
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const commands: [string, Json, string, string?][] = [
      ['/acknowledge', {}, 'acknowledged'],
      ['/unacknowledge', {}, 'unacknowledged'],
      ['/escalate', {}, 'escalated'],
      ['/snooze', { duration: 60 }, 'snoozed'],
      ['/reassign', { assignees: [{ type: 'member', id: ada }] }, 'reassigned'],
      ['/delegate', { escalation_policy_id: policy }, 'delegated'],
      ['/note', { content: 'Seen' }, 'annotated'],
      ['/responder', { member_id: ada }, 'responder_added'],
      ['/responder-reply', { member_id: ada, reply: 'accepted' }, 'responder_replied'],
      ['/status-update', { message: 'On it' }, 'status_update_published'],
      ['/conference-bridge', { url: 'https://meet.example.com/1' }, 'conference_bridge_updated'],
      ['/priority', { priority: 'P1' }, 'priority_updated'],
      ['/severity', { severity: 'SEV1' }, 'updated'],
      ['/urgency', { urgency: 'low' }, 'updated'],
      ['', { name: 'API down' }, 'updated', 'PUT'],
      ['/pending-action/escalate', { at }, 'pending_action_changed', 'PUT'],
      ['/action', { type: 'trigger-alerts' }, 'alerted'],
      ['/merge', { incident_ids: [other] }, 'merged'],
      ['/resolve', { resolution: 'Restarted' }, 'resolved'],
      ['/reopen', {}, 'reopened'],
    ];
    let before = await log(id);
    assert.deepEqual(
      before.map((entry) => entry.type),
      ['triggered'],
    );
    for (const [path, json, type, method] of commands) {
      const startedAt = Date.now();
      await done(id, path, { by: ada, ...json }, method);
      // Warnings that nobody can be reached come in beside, in their own time.
      const now = await log(id);
      const added = now.map((entry) => JSON.stringify(entry));
      for (const entry of before) {
        const place = added.indexOf(JSON.stringify(entry));
        assert.ok(place >= 0, `${entry.type} stays as it is`);
        added.splice(place, 1);
      }
      const made = added.map((text): Json => JSON.parse(text)).filter((one) => one.agent.type === 'member');
      assert.deepEqual(
        made.map((one) => [one.type, one.agent, one.channel]),
        [[type, { type: 'member', id: ada, name: 'Ada' }, 'api']],
        path,
      );
      assert.ok(Date.parse(made[0].at) >= startedAt - 5 && Date.parse(made[0].at) <= Date.now() + 5);
      before = now;
    }
    for (const { agent, channel, at: when, type } of before) {
      assert.ok(agent.name.length > 0 && agent.type.length > 0 && channel.length > 0, type);
      assert.ok(!Number.isNaN(Date.parse(when)), type);
    }
  });

  it('says that an operator terminated the workflow, through what and when', async () => {
    const id = await open();
    await temporal.client.workflow.getHandle(incidentWorkflowId(id)).terminate('by hand');
    const notice = createNoticeEndedWorkflows({
      workflows: createEndedWorkflows(temporal.client),
      store: createEndedWorkflowStore(api.database.sql),
    });
    const entry = await poll(async () => {
      await notice();
      return (await log(id)).find(({ type }) => type === 'workflow_terminated');
    });
    assert.deepEqual(
      [entry.agent, entry.channel, entry.details],
      [{ type: 'operator', id: null, name: 'Temporal' }, 'signal', { how: 'terminated' }],
    );
    assert.ok(Math.abs(Date.parse(entry.at) - Date.now()) < 60_000);
    assert.equal((await api.get(`/v1/incident/${id}`)).body.workflow_ended.how, 'terminated');
  });

  it('is only ever read and added to', async () => {
    const id = await open();
    const { paths } = (await api.get('/openapi.json', { key: null })).body;
    const ofLogs = Object.keys(paths).filter((path) => /\/log\b/.test(path));
    assert.deepEqual(ofLogs, ['/v1/incident/{id}/log']);
    assert.deepEqual(Object.keys(paths[ofLogs[0]!]), ['get']);
    for (const method of ['PUT', 'PATCH', 'POST', 'DELETE']) {
      const answer = await api.send(method, `/v1/incident/${id}/log`, { json: {} });
      assert.equal(answer.status, 405, method);
      assert.ok(!(answer.headers.get('Allow') ?? '').includes(method));
    }
    const stores = new URL('../../src/stores/', import.meta.url);
    for (const name of await readdir(stores))
      assert.doesNotMatch(
        await readFile(new URL(name, stores), 'utf8'),
        /(UPDATE|DELETE\s+FROM|TRUNCATE)\s+log_entries/i,
        name,
      );
  });
});
