import assert from 'node:assert/strict';
import { createEscalationPolicyStore } from '../../src/stores/escalation-policies.ts';
import { faultyFields, type Answer, type Json, type TestApi } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { startWorkingApi } from '../support/working-api.ts';

const unknown = '01999999-0000-7000-8000-000000000000';
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

describe('commands to incidents over HTTP', function () {
  this.timeout(90_000);
  let api: TestApi;
  let teamId: string;
  let ada: string;
  let ben: string;

  before(async () => {
    api = await startWorkingApi();
    teamId = await api.defaultTeamId();
    const member = async (name: string) =>
      (await api.post(`/v1/team/${teamId}/member`, { name, email: `${name}@example.com` })).body.id as string;
    [ada, ben] = [await member('Ada'), await member('Ben')];
  });
  after(() => api.close());

  const open = async (change: Record<string, unknown> = {}): Promise<Json> => {
    const draft = { name: 'API down', description: 'No answer', urgency: 'high' };
    const answer = await api.post(`/v1/team/${teamId}/incident`, { ...draft, ...change });
    assert.equal(answer.status, 201, answer.text);
    await api.begun(answer.body.id);
    return answer.body;
  };
  const read = async (id: string): Promise<Json> => (await api.get(`/v1/incident/${id}`)).body;
  const post = (id: string, name: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> =>
    api.send('POST', `/v1/incident/${id}/${name}`, { json: body, headers });
  /** Done, and what the next read shows. */
  const done = async (id: string, name: string, body: unknown = {}): Promise<Json> => {
    const answer = await post(id, name, body);
    assert.equal(answer.status, 200, `${name}: ${answer.text}`);
    assert.deepEqual(await read(id), answer.body, name);
    return answer.body;
  };
  const refused = async (id: string, name: string, body: unknown, code: string): Promise<void> => {
    const before = await read(id);
    const answer = await post(id, name, body);
    assert.deepEqual([answer.status, answer.body.code], [409, code], `${name}: ${answer.text}`);
    assert.deepEqual(await read(id), before);
  };
  /** What was done; that nobody can be reached is added whenever it is found out. */
  const log = async (id: string): Promise<Json[]> =>
    (await api.get(`/v1/incident/${id}/log`)).body.log_entries.filter(({ type }: Json) => type !== 'nobody_reachable');
  const last = async (id: string): Promise<Json> => (await log(id)).at(-1);
  const policy = async (levels: number): Promise<string> => {
    const { id: organisationId } = (await api.get('/v1/organisation')).body;
    const draft = {
      name: `Policy of ${levels}`,
      levels: Array.from({ length: levels }, (_, index) => ({
        delay: 600,
        targets: [{ type: 'member' as const, id: index % 2 === 0 ? ada : ben }],
        assign: 'everyone' as const,
      })),
      repeat: 0,
      repeatFromLevel: 1,
    };
    const store = createEscalationPolicyStore(api.database.sql);
    const made = await api.database.sql.begin((tx) => store.create(organisationId, draft, tx));
    assert.ok(typeof made === 'object' && 'id' in made);
    return made.id;
  };

  it('say who works on it: snooze, reassign, responders', async () => {
    const { id } = await open({ auto_resolve_timeout: null });
    const from = Date.now();
    const snoozed = await done(id, 'snooze', { duration: 3_600, by: ada });
    assert.deepEqual([snoozed.status, snoozed.pending_actions.length], ['acknowledged', 1]);
    const { type, at } = snoozed.pending_actions[0];
    assert.ok(type === 'unacknowledge' && Math.abs(Date.parse(at) - from - 3_600_000) < 60_000);
    const entry = await last(id);
    assert.deepEqual(
      [entry.type, entry.channel, entry.agent, entry.details],
      ['snoozed', 'api', { type: 'member', id: ada, name: 'Ada' }, { duration: 3_600 }],
    );

    const assignees = [{ type: 'member', id: ben }];
    const reassigned = await done(id, 'reassign', { assignees });
    assert.deepEqual([reassigned.status, reassigned.assignees], ['triggered', assignees]);
    assert.deepEqual((await last(id)).details, { assignees });

    const asked = await done(id, 'responder', { member_id: ada, message: 'Please look' });
    assert.deepEqual(asked.responders, [{ member_id: ada, state: 'pending' }]);
    assert.deepEqual((await last(id)).details, { member_ids: [ada], message: 'Please look' });
    await refused(id, 'responder-reply', { member_id: ben, reply: 'accepted' }, 'not_a_responder');
    for (const reply of ['accepted', 'declined'])
      assert.deepEqual((await done(id, 'responder-reply', { member_id: ada, reply, by: ada })).responders, [
        { member_id: ada, state: reply },
      ]);
    assert.deepEqual(
      (await log(id)).map((line) => line.type),
      ['triggered', 'snoozed', 'reassigned', 'responder_added', 'responder_replied', 'responder_replied'],
    );
  });

  it('delegate to a policy, and escalate through its levels', async () => {
    const { id } = await open();
    await refused(id, 'escalate', { level: 1 }, 'no_further_level');
    const delegated = await done(id, 'delegate', { escalation_policy_id: await policy(3), by: ben });
    assert.deepEqual(delegated.assignees, [{ type: 'member', id: ada }]);
    assert.deepEqual([delegated.escalation.level, delegated.escalation.policy_name], [1, 'Policy of 3']);
    assert.deepEqual(
      delegated.pending_actions.map(({ type }: Json) => type),
      ['escalate', 'resolve'],
    );
    assert.equal((await done(id, 'escalate')).escalation.level, 2);
    assert.equal((await done(id, 'escalate', { level: 1 })).escalation.level, 1);
    assert.equal((await done(id, 'escalate', { level: 3 })).escalation.level, 3);
    await refused(id, 'escalate', {}, 'no_further_level');
    await refused(id, 'escalate', { level: 4 }, 'no_further_level');
    await done(id, 'acknowledge');
    const again = await done(id, 'escalate', { level: 3 });
    assert.deepEqual([again.status, again.escalation.level], ['triggered', 3]);
    const other = await done(id, 'delegate', { escalation_policy_id: await policy(1) });
    assert.deepEqual([other.escalation.policy_name, other.escalation.level], ['Policy of 1', 1]);
    const unknownPolicy = await post(id, 'delegate', { escalation_policy_id: unknown });
    assert.deepEqual([unknownPolicy.status, faultyFields(unknownPolicy)], [422, ['escalation_policy_id']]);
  });

  it('say something about it, and change nothing twice', async () => {
    const { id } = await open();
    await done(id, 'note', { content: 'The cache was cold.', by: ada });
    await done(id, 'status-update', { message: 'We are on it.' });
    const bridge = { number: '+1 415 555 0100', url: 'https://meet.example.com/x' };
    assert.deepEqual((await done(id, 'conference-bridge', bridge)).conference_bridge, bridge);
    assert.equal((await done(id, 'conference-bridge', {})).conference_bridge, null);
    for (let time = 0; time < 2; time++) {
      assert.equal((await done(id, 'priority', { priority: 'P1' })).priority, 'P1');
      assert.equal((await done(id, 'severity', { severity: 'SEV2' })).severity, 'SEV2');
      assert.equal((await done(id, 'urgency', { urgency: 'low' })).urgency, 'low');
    }
    assert.equal((await done(id, 'priority', { priority: null })).priority, null);
    assert.equal((await done(id, 'severity', { severity: null })).severity, null);
    assert.deepEqual(
      (await log(id)).map(({ type, details }) => [type, details]),
      [
        ['triggered', { assignees: [{ type: 'team', id: teamId }] }],
        ['annotated', { content: 'The cache was cold.' }],
        ['status_update_published', { message: 'We are on it.' }],
        ['conference_bridge_updated', { conference_bridge: bridge }],
        ['conference_bridge_updated', { conference_bridge: null }],
        ['priority_updated', { priority: 'P1' }],
        ['updated', { severity: 'SEV2', changed: ['severity'] }],
        ['updated', { urgency: 'low', changed: ['urgency'] }],
        ['priority_updated', { priority: null }],
        ['updated', { severity: null, changed: ['severity'] }],
      ],
    );
  });

  it('change severity and priority by PUT, with all else or not at all', async () => {
    const { id } = await open({ severity: 'SEV3' });
    const put = async (json: unknown) => {
      const answer = await api.send('PUT', `/v1/incident/${id}`, { json });
      assert.equal(answer.status, 200, answer.text);
      return answer.body;
    };
    const changed = await put({ severity: 'SEV1', priority: 'P1', name: 'All down', status: 'acknowledged' });
    assert.deepEqual(
      [changed.severity, changed.priority, changed.name, changed.status],
      ['SEV1', 'P1', 'All down', 'acknowledged'],
    );
    await put({ severity: 'SEV1', priority: 'P1' });
    const rejected = await api.send('PUT', `/v1/incident/${id}`, { json: { priority: 'P2', status: 'acknowledged' } });
    assert.deepEqual([rejected.status, rejected.body.code], [409, 'already_acknowledged']);
    assert.equal((await read(id)).priority, 'P1');
    assert.equal((await put({ priority: null })).priority, null);
    assert.equal((await put({ status: 'resolved', priority: 'P4', resolution: 'Done' })).priority, 'P4');
    assert.equal((await put({ priority: 'P5', severity: null })).severity, null, 'also afterwards');
    assert.deepEqual(
      (await log(id)).map(({ type }) => type),
      [
        ...['triggered', 'updated', 'priority_updated', 'acknowledged', 'priority_updated'],
        ...['updated', 'priority_updated', 'resolved', 'updated', 'priority_updated'],
      ],
    );
  });

  it('leave a resolved incident its texts, and let it be reopened', async () => {
    const incident = await open({ incident_key: 'api' });
    const { id } = incident;
    await refused(id, 'reopen', {}, 'not_resolved');
    await done(id, 'resolve', { resolution: 'Restarted' });
    for (const [name, body] of [
      ['acknowledge', {}],
      ['unacknowledge', {}],
      ['escalate', {}],
      ['snooze', { duration: 60 }],
      ['resolve', {}],
      ['reassign', { assignees: [{ type: 'member', id: ada }] }],
      ['delegate', { escalation_policy_id: await policy(1) }],
      ['responder', { member_id: ada }],
      ['responder-reply', { member_id: ada, reply: 'accepted' }],
      ['conference-bridge', { number: '1' }],
      ['urgency', { urgency: 'low' }],
      ['action', { type: 'trigger-alerts' }],
    ] as const)
      await refused(id, name, body, 'incident_resolved');
    await done(id, 'note', { content: 'Still warm.' });
    await done(id, 'status-update', { message: 'All is well.' });
    await done(id, 'priority', { priority: 'P1' });
    await done(id, 'severity', { severity: 'SEV1' });
    const later = await api.send('PUT', `/v1/incident/${id}`, { json: { root_cause: 'Leak', name: 'API was down' } });
    assert.deepEqual([later.status, later.body.root_cause, later.body.status], [200, 'Leak', 'resolved']);

    const other = await open({ incident_key: 'api' });
    await refused(id, 'reopen', {}, 'key_in_use');
    await done(other.id, 'resolve');
    const reopened = await done(id, 'reopen', { by: ada });
    assert.deepEqual([reopened.status, reopened.resolved_at, reopened.pending_actions.length], ['triggered', null, 1]);
    const again = await api.post(`/v1/team/${teamId}/incident`, {
      ...{ name: 'A', description: '', urgency: 'low', incident_key: 'api' },
    });
    assert.equal(again.body.code, 'already_exists', 'it has its key again');
    await done(id, 'resolve');
    assert.deepEqual(
      (await log(id)).slice(1).map(({ type, agent }) => `${type} ${agent.name}`),
      [
        ...['resolved Admin key', 'annotated Admin key', 'status_update_published Admin key'],
        ...['priority_updated Admin key', 'updated Admin key', 'updated Admin key'],
        ...['reopened Ada', 'resolved Admin key'],
      ],
    );
  });

  it('are done once for their key, though the first answer was lost', async () => {
    const { id } = await open();
    const forget = () => api.database.sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now()`;
    const twice = async (name: string, body: unknown) => {
      const header = { 'Idempotency-Key': `${name}-${id}` };
      const first = await post(id, name, body, header);
      assert.equal(first.status, 200, first.text);
      await forget();
      const second = await post(id, name, body, header);
      assert.deepEqual([second.status, second.body], [200, first.body], name);
    };
    await twice('note', { content: 'Once' });
    await twice('escalate', {});
    await twice('responder', { member_id: ben });
    await twice('resolve', {});

    await twice('reopen', {});
    await forget();
    await post(id, 'resolve', {});
    const late = await post(id, 'reopen', {}, { 'Idempotency-Key': `reopen-${id}` });
    assert.deepEqual([late.status, late.body.status], [200, 'resolved'], 'what was done is not done again');
  });

  it('move and cancel pending actions', async () => {
    const { id } = await open({ auto_resolve_timeout: 600, quiet_resolve: 300 });
    const send = (method: 'PUT' | 'DELETE', type: string, json?: unknown, query = '') =>
      api.send(method, `/v1/incident/${id}/pending-action/${type}${query}`, { json });
    const timers = async () => (await read(id)).pending_actions;
    assert.deepEqual((await timers()).length, 2);
    const at = inSeconds(1_000);
    const moved = await send('PUT', 'resolve', { at: at.replace('Z', '+00:00'), by: ada });
    assert.equal(moved.status, 200, moved.text);
    assert.deepEqual(moved.body.pending_actions, [{ type: 'resolve', at }], 'it no longer waits for quiet');
    assert.deepEqual((await last(id)).details.to, at);
    const entries = (await log(id)).length;
    assert.equal((await send('PUT', 'resolve', { at })).status, 200);
    assert.equal((await log(id)).length, entries, 'a repeat changes nothing');

    for (const type of ['escalate', 'unacknowledge', 'urgency_change']) {
      const none = await send('PUT', type, { at });
      assert.deepEqual([none.status, none.body.code], [409, 'no_such_pending_action'], type);
    }
    await done(id, 'acknowledge');
    assert.equal((await send('PUT', 'unacknowledge', { at: inSeconds(2_000) })).status, 200);
    assert.deepEqual(
      (await timers()).map(({ type }: Json) => type),
      ['resolve', 'unacknowledge'],
    );
    const cancelled = await send('DELETE', 'resolve', undefined, `?by=${ben}`);
    assert.deepEqual([cancelled.status, cancelled.body.pending_actions.length], [200, 1], cancelled.text);
    const { type, agent, details } = await last(id);
    assert.deepEqual(
      [type, agent.name, details],
      ['pending_action_changed', 'Ben', { pending_action: 'resolve', from: at, to: null }],
    );
    assert.equal((await send('DELETE', 'resolve')).body.code, 'no_such_pending_action');

    for (const wrong of [inSeconds(-1), inSeconds(31_536_000 + 60), 'soon', 7]) {
      const answer = await send('PUT', 'unacknowledge', { at: wrong, by: unknown });
      assert.equal(answer.status, 422, String(wrong));
      assert.ok(faultyFields(answer).includes('at'));
    }
    assert.deepEqual(faultyFields(await send('PUT', 'unacknowledge', { at: inSeconds(-1), by: unknown })), [
      'at',
      'by',
    ]);
    assert.deepEqual(faultyFields(await send('DELETE', 'unacknowledge', undefined, '?by=x')), ['query.by']);
    assert.equal((await send('PUT', 'quiet_resolve', { at })).status, 404);
    await done(id, 'resolve');
    assert.equal((await send('DELETE', 'unacknowledge')).body.code, 'incident_resolved');
  });

  it('a timer that was moved resolves at its new time', async () => {
    const { id } = await open({ auto_resolve_timeout: 3_600 });
    await api.send('PUT', `/v1/incident/${id}/pending-action/resolve`, { json: { at: inSeconds(3) } });
    await poll(async () => (await read(id)).status === 'resolved', { what: 'it is resolved' });
    assert.equal((await last(id)).channel, 'timer');
  });

  it('name every faulty field and do nothing', async () => {
    const { id } = await open();
    const faults: [string, unknown, string[]][] = [
      ['snooze', { duration: 0 }, ['duration']],
      ['snooze', { duration: 604_801, by: 'Ada' }, ['by', 'duration']],
      ['escalate', { level: 1.5 }, ['level']],
      ['reassign', { assignees: [] }, ['assignees']],
      ['reassign', { assignees: [{ type: 'member', id: teamId }], by: teamId }, ['assignees[0].id', 'by']],
      ['delegate', {}, ['escalation_policy_id']],
      ['note', { content: ' ' }, ['content']],
      ['note', { content: 'x'.repeat(15_001) }, ['content']],
      ['responder', { member_id: teamId, by: teamId }, ['by', 'member_id']],
      ['responder-reply', { member_id: ada, reply: 'maybe' }, ['reply']],
      ['status-update', { message: '\0' }, ['message']],
      ['conference-bridge', { number: '', url: 'mailto:a@example.com' }, ['number', 'url']],
      ['priority', {}, ['priority']],
      ['severity', { severity: 'x'.repeat(65) }, ['severity']],
      ['urgency', { urgency: null }, ['urgency']],
      ['reopen', { why: 'so' }, ['why']],
    ];
    for (const [name, body, fields] of faults) {
      const answer = await post(id, name, body);
      assert.deepEqual([answer.status, faultyFields(answer)], [422, fields], `${name}: ${answer.text}`);
    }
    assert.deepEqual(
      (await log(id)).map(({ type }) => type),
      ['triggered'],
    );
    const { key } = await api.createOrganisation('Other');
    for (const [name, body] of [
      ['note', { content: 'Theirs' }],
      ['reopen', {}],
      ['snooze', { duration: 9 }],
    ] as const)
      assert.equal((await api.send('POST', `/v1/incident/${id}/${name}`, { json: body, key })).status, 404);
  });
});
