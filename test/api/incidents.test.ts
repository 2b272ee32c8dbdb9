import assert from 'node:assert/strict';
import { createIncidentActivities } from '../../src/activities/record-transitions.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { poll } from '../support/poll.ts';

const bell = { ring: () => {} };

describe('incidents over HTTP', function () {
  this.timeout(90_000);
  let api: TestApi;
  let temporal: TestTemporal;
  let teamId: string;
  let memberId: string;
  /** The worker runs until this is called. */
  let stopWorker: () => void;
  let worker: Promise<unknown>;

  before(async () => {
    temporal = await connectTestTemporal();
    api = await startTestApi({ temporal });
    teamId = await api.defaultTeamId();
    memberId = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body.id;
    const activities = { ...createIncidentActivities(createTransitionStore(api.database.sql, bell)) };
    await new Promise<void>((ready) => {
      worker = temporal.withWorker({ activities }, () => {
        ready();
        return new Promise<void>((resolve) => (stopWorker = resolve));
      });
    });
  });
  after(async () => {
    stopWorker();
    await worker;
    await api.close();
    await temporal.close();
  });

  const draft = { name: 'API down', description: 'No answer', urgency: 'high' };
  const open = async (change: Record<string, unknown> = {}): Promise<Json> => {
    const answer = await api.post(`/v1/team/${teamId}/incident`, { ...draft, ...change });
    assert.equal(answer.status, 201, answer.text);
    await api.begun(answer.body.id);
    return answer.body;
  };
  const read = async (id: string): Promise<Json> => (await api.get(`/v1/incident/${id}`)).body;
  const command = (id: string, name: string, body?: unknown, headers: Record<string, string> = {}) =>
    api.send('POST', `/v1/incident/${id}/${name}`, { json: body, headers });

  it('open with a timer, and wait for somebody', async () => {
    const incident = await open({ incident_key: 'api' });
    const due = new Date(Date.parse(incident.created_at) + 14_400_000).toISOString();
    assert.deepEqual(incident, {
      id: incident.id,
      number: incident.number,
      reference: `INC-${incident.number}`,
      ...draft,
      severity: null,
      priority: null,
      visibility: 'public',
      status: 'triggered',
      team_id: teamId,
      ruleset_id: null,
      ruleset_version: null,
      webhook_id: null,
      assignees: [{ type: 'team', id: teamId }],
      incident_key: 'api',
      occurrences: 1,
      created_at: incident.created_at,
      acknowledged_at: null,
      resolved_at: null,
      resolution: null,
      root_cause: null,
      acknowledgement_timeout: 1800,
      auto_resolve_timeout: 14400,
      quiet_resolve: null,
      escalation: null,
      pending_actions: [{ type: 'resolve', at: due }],
      responders: [],
      conference_bridge: null,
      merged_into: null,
      resolve_reason: null,
      workflow_ended: null,
    });
    const again = await api.post(`/v1/team/${teamId}/incident`, { ...draft, incident_key: 'api' });
    assert.deepEqual([again.status, again.body.code, faultyFields(again)], [409, 'already_exists', ['incident_key']]);
  });

  it('are acknowledged, escalated and resolved, and each answer is what the next read shows', async () => {
    const { id } = await open({ acknowledgement_timeout: 60, auto_resolve_timeout: null });
    const acknowledged = await command(id, 'acknowledge', { by: memberId });
    assert.equal(acknowledged.status, 200, acknowledged.text);
    assert.equal(acknowledged.body.status, 'acknowledged');
    assert.deepEqual(
      acknowledged.body.pending_actions.map(({ type }: Json) => type),
      ['unacknowledge'],
    );
    assert.deepEqual(await read(id), acknowledged.body);

    const twice = await command(id, 'acknowledge');
    assert.deepEqual([twice.status, twice.body.code], [409, 'already_acknowledged']);

    const escalated = await command(id, 'escalate');
    assert.deepEqual([escalated.body.status, escalated.body.acknowledged_at], ['triggered', null]);
    assert.deepEqual(await read(id), escalated.body);

    const resolved = await command(id, 'resolve', { resolution: 'Restarted', root_cause: 'Leak' });
    assert.deepEqual(
      [resolved.body.status, resolved.body.resolution, resolved.body.root_cause, resolved.body.pending_actions],
      ['resolved', 'Restarted', 'Leak', []],
    );
    assert.deepEqual(await read(id), resolved.body);

    for (const name of ['acknowledge', 'unacknowledge', 'escalate', 'resolve', 'action']) {
      const late = await command(id, name, name === 'action' ? { type: 'trigger-alerts' } : undefined);
      assert.deepEqual([late.status, late.body.code], [409, 'incident_resolved'], name);
    }

    const log = (await api.get(`/v1/incident/${id}/log`)).body.log_entries as Json[];
    const [adminKey] = await api.database.sql<{ id: string }[]>`SELECT id FROM api_keys WHERE is_admin`;
    assert.deepEqual(
      log.map(({ type, channel, agent }) => [type, channel, agent.type, agent.id, agent.name]),
      [
        ['triggered', 'api', 'key', adminKey!.id, 'Admin key'],
        ['acknowledged', 'api', 'member', memberId, 'Ada'],
        ['escalated', 'api', 'key', adminKey!.id, 'Admin key'],
        ['resolved', 'api', 'key', adminKey!.id, 'Admin key'],
      ],
    );
    const page = (await api.get(`/v1/incident/${id}/log?limit=3`)).body;
    const rest = (await api.get(`/v1/incident/${id}/log?limit=3&cursor=${page.next_cursor}`)).body;
    assert.deepEqual([...page.log_entries, ...rest.log_entries], log);
  });

  it('take an acknowledgement back', async () => {
    const { id } = await open();
    const early = await command(id, 'unacknowledge');
    assert.deepEqual([early.status, early.body.code], [409, 'not_acknowledged']);
    await command(id, 'acknowledge');
    const taken = await command(id, 'unacknowledge', { by: memberId }, { 'Idempotency-Key': `back-${id}` });
    assert.deepEqual([taken.status, taken.body.status, taken.body.acknowledged_at], [200, 'triggered', null]);
    assert.deepEqual(await read(id), taken.body);
    // As if the process had died after the command and before its outcome was kept.
    await api.database.sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now()`;
    const again = await command(id, 'unacknowledge', { by: memberId }, { 'Idempotency-Key': `back-${id}` });
    assert.deepEqual([again.status, again.body], [200, taken.body]);
    const last = (await api.get(`/v1/incident/${id}/log`)).body.log_entries.at(-1);
    assert.deepEqual([last.type, last.agent.name], ['unacknowledged', 'Ada']);
    assert.equal((await command(teamId, 'unacknowledge')).status, 404);
    const late = await open();
    await command(late.id, 'resolve');
    assert.equal((await command(late.id, 'unacknowledge')).body.code, 'incident_resolved');
  });

  it('carry severity and priority, and wait for quiet', async () => {
    const given = { severity: 'SEV1', priority: 'P2', quiet_resolve: 600, auto_resolve_timeout: null };
    const incident = await open(given);
    const { severity, priority, quiet_resolve, auto_resolve_timeout } = incident;
    assert.deepEqual({ severity, priority, quiet_resolve, auto_resolve_timeout }, given);
    const after = (from: string, seconds: number) => new Date(Date.parse(from) + seconds * 1_000).toISOString();
    assert.deepEqual(incident.pending_actions, [{ type: 'resolve', at: after(incident.created_at, 600) }]);
    // Each occurrence puts it off, though the stored timer stays until it comes due.
    const lastAt = after(incident.created_at, 60);
    await api.database.sql`UPDATE incidents SET last_occurrence_at = ${lastAt} WHERE id = ${incident.id}`;
    assert.deepEqual((await read(incident.id)).pending_actions, [{ type: 'resolve', at: after(lastAt, 600) }]);
    const before = after(incident.created_at, -60);
    await api.database.sql`UPDATE incidents SET last_occurrence_at = ${before} WHERE id = ${incident.id}`;
    assert.deepEqual((await read(incident.id)).pending_actions, incident.pending_actions);

    const faulty = await api.post(`/v1/team/${teamId}/incident`, {
      ...draft,
      severity: 'x'.repeat(65),
      priority: '',
      quiet_resolve: 0,
    });
    assert.deepEqual(faultyFields(faulty), ['priority', 'quiet_resolve', 'severity']);
  });

  it('take each command once for its key', async () => {
    const { id } = await open();
    const key = { 'Idempotency-Key': `ack-${id}` };
    const first = await command(id, 'acknowledge', undefined, key);
    const second = await command(id, 'acknowledge', undefined, key);
    assert.deepEqual([second.status, second.text], [200, first.text]);
    // As if the process had died after the command and before its outcome was kept.
    await api.database.sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now()`;
    const third = await command(id, 'acknowledge', undefined, key);
    assert.deepEqual([third.status, third.body], [200, first.body]);

    const resolve = { 'Idempotency-Key': `resolve-${id}` };
    assert.equal((await command(id, 'resolve', {}, resolve)).status, 200);
    await api.database.sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now()`;
    assert.equal(
      (await command(id, 'resolve', {}, resolve)).status,
      200,
      'though it is resolved: by this very command',
    );
    const log = (await api.get(`/v1/incident/${id}/log`)).body.log_entries as Json[];
    assert.deepEqual(
      log.map(({ type }) => type),
      ['triggered', 'acknowledged', 'resolved'],
    );
  });

  it('are listed by team and organisation, filtered and sorted', async () => {
    const team = (await api.post('/v1/team', { name: 'Quiet' })).body;
    const made: Json[] = [];
    for (const urgency of ['low', 'medium', 'high'])
      made.push((await api.post(`/v1/team/${team.id}/incident`, { ...draft, urgency })).body);
    await command(made[0].id, 'acknowledge');
    await command(made[1].id, 'resolve');
    const numbers = async (query: string, path = `/v1/team/${team.id}/incidents`) => {
      const { status, body } = await api.get(`${path}${query}`);
      assert.equal(status, 200);
      return body.incidents.map(({ number }: Json) => number - made[0].number);
    };
    assert.deepEqual(await numbers(''), [2, 1, 0]);
    assert.deepEqual(await numbers('?sort=number'), [0, 1, 2]);
    assert.deepEqual(await numbers('?status=acknowledged'), [0]);
    assert.deepEqual(await numbers('?status=acknowledged,triggered'), [2, 0]);
    assert.deepEqual(await numbers('?status=acknowledged&status=resolved&sort=number'), [0, 1]);
    assert.deepEqual(await numbers('?urgency=high&status=resolved'), []);
    assert.deepEqual(await numbers('?limit=3', '/v1/organisation/incidents'), [2, 1, 0]);
    const page = (await api.get(`/v1/team/${team.id}/incidents?limit=1`)).body;
    assert.deepEqual(await numbers(`?limit=1&cursor=${page.next_cursor}`), [1]);
    const filtered = await api.get(`/v1/team/${team.id}/incidents?limit=1&urgency=low&cursor=${page.next_cursor}`);
    assert.equal(filtered.status, 400);
    const faulty = await api.get(`/v1/team/${team.id}/incidents?status=open&urgency=,&sort=name`);
    assert.deepEqual(faultyFields(faulty), ['query.sort', 'query.status[0]', 'query.urgency[0]', 'query.urgency[1]']);
    const health = await api.get('/v1/health-check');
    assert.ok(health.body.incidents.active >= 2 && health.body.incidents.resolved >= 1);
  });

  it('name every faulty field and store nothing', async () => {
    const count = async () => (await api.database.sql`SELECT 1 FROM incidents`).length;
    const before = await count();
    const answer = await api.post(`/v1/team/${teamId}/incident`, {
      name: 'x'.repeat(256),
      urgency: 'urgent',
      assignees: [{ type: 'member' }],
      actions: [{ type: 'trigger-webhook' }, 7],
      incident_key: 'x'.repeat(256),
      acknowledgement_timeout: '60',
      status: 'resolved',
    });
    assert.deepEqual(faultyFields(answer), [
      'acknowledgement_timeout',
      'actions[0].settings',
      'actions[1]',
      'assignees[0].id',
      'description',
      'incident_key',
      'name',
      'status',
      'urgency',
    ]);
    const unknown = await api.post(`/v1/team/${teamId}/incident`, {
      ...draft,
      assignees: [
        { type: 'member', id: memberId },
        { type: 'member', id: teamId },
        { type: 'team', id: memberId },
      ],
      actions: [{ type: 'trigger-webhook', settings: { subscription_id: teamId } }],
    });
    assert.deepEqual(faultyFields(unknown), [
      'actions[0].settings.subscription_id',
      'assignees[1].id',
      'assignees[2].id',
    ]);
    assert.equal(await count(), before);
  });

  it('are seen by the health check, whose worker polls', async () => {
    const { status, body } = await poll(
      async () => {
        const answer = await api.get('/v1/health-check', { key: null });
        return answer.status === 200 && answer;
      },
      { what: 'a healthy answer' },
    );
    assert.equal(status, 200);
    assert.deepEqual(body.checks.workers, { status: 'ok' });
    assert.equal(body.incidents, undefined);
    assert.deepEqual((await api.get('/ready')).body, { status: 'ready' });
  });
});
