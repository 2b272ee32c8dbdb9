import assert from 'node:assert/strict';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import type { Answer, Json, TestApi } from '../support/api.ts';
import { insertContactMethod, setRules } from '../support/people.ts';
import { poll } from '../support/poll.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { startWorkingApi } from '../support/working-api.ts';

describe('what is deleted while an incident escalates', function () {
  this.timeout(120_000);
  let api: TestApi;
  let temporal: TestTemporal;
  let teamId: string;

  before(async () => {
    api = await startWorkingApi();
    temporal = await connectTestTemporal();
    teamId = await api.defaultTeamId();
  });
  after(async () => {
    await temporal.close();
    await api.close();
  });

  const done = async (method: string, path: string, json?: Json): Promise<Json> => {
    const answer = await api.send(method, path, { json });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const refused = async (path: string): Promise<Answer> => {
    const answer = await api.send('DELETE', path);
    assert.deepEqual([answer.status, answer.body.code], [409, 'still_referenced'], answer.text);
    return answer;
  };
  const team = async (name: string): Promise<string> => (await done('POST', '/v1/team', { name })).id;
  const member = async (name: string, of = teamId): Promise<string> =>
    (await done('POST', `/v1/team/${of}/member`, { name, email: `${name}@example.com` })).id;
  const level = (type: string, id: string) => ({ delay: 3_600, targets: [{ type, id }] });
  const log = async (id: string): Promise<Json[]> => (await api.get(`/v1/incident/${id}/log`)).body.log_entries;
  const types = async (id: string) => (await log(id)).map((entry) => entry.type);
  const open = (policyId: string) =>
    done('POST', `/v1/team/${teamId}/incident`, {
      ...{ name: 'Down', description: '', urgency: 'high', escalation_policy_id: policyId },
    });
  /** The level that is asked has not answered. */
  const letLapse = (id: string) =>
    done('PUT', `/v1/incident/${id}/pending-action/escalate`, { at: new Date(Date.now() + 3_000).toISOString() });
  const failedTasks = async (id: string) => {
    const { events } = await temporal.client.workflow.getHandle(incidentWorkflowId(id)).fetchHistory();
    return events!.filter((event) => event.workflowTaskFailedEventAttributes).length;
  };

  it('is passed over at once, each with a warning, until a level has somebody', async () => {
    const [ada, ben, cem] = [await member('ada'), await member('ben'), await member('cem')];
    const [rota, gone] = [await team('Rota'), await team('Gone')];
    const [dan, eve] = [await member('dan', rota), await member('eve', gone)];
    const entry = await done('POST', `/v1/team/${rota}/schedule`, {
      ...{ team_member_id: dan, week_days: [0, 1, 2, 3, 4, 5, 6], start_time: '00:00:00', end_time: '23:59:59' },
    });
    const organisationId = (await api.get('/v1/organisation')).body.id;
    const organisation = { organisationId, teamId, webhookId: '', apiKeyId: '' };
    const sealer = createSealer('test-secret-key-of-32-characters-or-more');
    const mail = { type: 'email', name: 'Mail', address: 'cem@example.com' } as const;
    const contactMethodId = await insertContactMethod(api.database.sql, sealer, organisation, cem, mail);
    await setRules(api.database.sql, organisation, cem, [{ delay: 0, contactMethodId }]);
    const policy = await done('POST', '/v1/escalation-policy', {
      name: 'Everybody',
      levels: [
        level('member', ada),
        level('member', ben),
        level('schedule', rota),
        level('team', gone),
        level('member', cem),
      ],
    });
    const { id } = await open(policy.id);
    await poll(async () => (await types(id)).includes('nobody_reachable'), { what: 'Ada cannot be reached' });

    await refused(`/v1/team/${teamId}/member/${ben}`);
    await done('DELETE', `/v1/escalation-policy/${policy.id}`);
    await done('DELETE', `/v1/team/${teamId}/member/${ben}`);
    await done(
      'DELETE',
      `/v1/team/${rota}/schedule?${new URLSearchParams({ team_member_id: dan, created_at: entry.created_at })}`,
    );
    await done('DELETE', `/v1/team/${gone}/member/${eve}`);
    await done('DELETE', `/v1/team/${gone}`);
    const { references } = (await refused(`/v1/team/${teamId}/member/${ada}`)).body;
    assert.deepEqual(
      references.map((one: Json) => [one.type, one.id]),
      [['incident', id]],
    );

    await letLapse(id);
    const notifications = await poll(async () => {
      const { body } = await api.get(`/v1/incident/${id}/notifications`);
      return body.notifications.length > 0 && body.notifications;
    });
    assert.deepEqual(
      notifications.map((one: Json) => one.member_id),
      [cem],
    );
    const entries = await log(id);
    assert.deepEqual(
      entries.map(({ type, details }) => [type, details.level ?? null, details.because ?? null]),
      [
        ['triggered', null, null],
        ['nobody_reachable', null, null],
        ['pending_action_changed', null, null],
        ['escalated', 2, 'no_answer'],
        ['nobody_on_call', null, null],
        ['escalated', 3, 'nobody_on_call'],
        ['nobody_on_call', null, null],
        ['escalated', 4, 'nobody_on_call'],
        ['nobody_on_call', null, null],
        ['escalated', 5, 'nobody_on_call'],
      ],
    );
    const { escalation } = (await api.get(`/v1/incident/${id}`)).body;
    assert.deepEqual([escalation.policy_id, escalation.level, escalation.exhausted], [policy.id, 5, false]);
    await done('POST', `/v1/incident/${id}/acknowledge`, {});
    assert.equal(await failedTasks(id), 0);
  });

  it('ends the asking with a warning when nobody at all is left, and the incident goes on', async () => {
    const [ada, ben] = [await member('ada2'), await member('ben2')];
    const policy = await done('POST', '/v1/escalation-policy', {
      ...{ name: 'Both', levels: [level('member', ada), level('member', ben)], repeat: 2, repeat_from_level: 2 },
    });
    const { id } = await open(policy.id);
    await done('DELETE', `/v1/escalation-policy/${policy.id}`);
    await done('DELETE', `/v1/team/${teamId}/member/${ben}`);
    await letLapse(id);
    await poll(async () => (await types(id)).includes('escalation_exhausted'));
    const warnings = (await types(id)).filter((type) => type === 'nobody_on_call');
    assert.equal(warnings.length, 3, 'one for each time that the level was asked');
    const { body: incident } = await api.get(`/v1/incident/${id}`);
    assert.deepEqual([incident.status, incident.escalation.exhausted], ['triggered', true]);

    await done('POST', `/v1/incident/${id}/reassign`, { assignees: [{ type: 'member', id: ada }] });
    await done('POST', `/v1/incident/${id}/resolve`, {});
    assert.equal(await failedTasks(id), 0);
    await done('DELETE', `/v1/team/${teamId}/member/${ada}`);
    assert.equal((await api.get(`/v1/incident/${id}`)).body.assignees[0].id, ada);
  });

  it('cannot be whom a ruleset, or an open incident, names', async () => {
    const dan = await member('dan2');
    const ruleset = await done('POST', '/v1/ruleset', {
      ...{ name: 'Rule', description: 'D', urgency: 'high', rule_type: 'webhook', level: 'team', team_id: teamId },
      ...{ conditions: [], assignees: [{ type: 'member', id: dan }] },
    });
    const path = `/v1/team/${teamId}/member/${dan}`;
    assert.deepEqual((await refused(path)).body.references, [{ type: 'ruleset', id: ruleset.id, name: 'Rule' }]);
    await done('DELETE', `/v1/ruleset/${ruleset.id}`);
    await done('DELETE', path);
  });
});
