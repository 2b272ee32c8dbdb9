import assert from 'node:assert/strict';
import { faultyFields, type Answer, type Json, type TestApi } from '../support/api.ts';
import { startWorkingApi } from '../support/working-api.ts';

const url = 'http://127.0.0.1:9999/hook';

describe('PUT /v1/incident/{id}', function () {
  this.timeout(90_000);
  let api: TestApi;
  let teamId: string;
  let memberId: string;
  let component: { status_page_id: string; component_id: string };

  before(async () => {
    api = await startWorkingApi();
    teamId = await api.defaultTeamId();
    memberId = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body.id;
    const page = (await api.post('/v1/status-page', { name: 'Acme' })).body;
    const made = (await api.post(`/v1/status-page/${page.id}/component`, { name: 'Shop' })).body;
    component = { status_page_id: page.id, component_id: made.id };
  });
  after(() => api.close());

  const draft = { name: 'API down', description: 'No answer', urgency: 'high' };
  const open = async (change: Record<string, unknown> = {}): Promise<Json> => {
    const answer = await api.post(`/v1/team/${teamId}/incident`, { ...draft, ...change });
    assert.equal(answer.status, 201, answer.text);
    await api.begun(answer.body.id);
    return answer.body;
  };
  const read = async (id: string): Promise<Json> => (await api.get(`/v1/incident/${id}`)).body;
  const put = (id: string, json: unknown, key?: string): Promise<Answer> =>
    api.send('PUT', `/v1/incident/${id}`, { json, ...(key ? { key } : {}) });
  const changed = async (id: string, json: unknown): Promise<Json> => {
    const answer = await put(id, json);
    assert.equal(answer.status, 200, answer.text);
    const { message, ...incident } = answer.body;
    assert.equal(message, 'The incident was updated.');
    assert.deepEqual(await read(id), incident);
    return incident;
  };
  /** What was done; that nobody can be reached is added whenever it is found out. */
  const logged = async (id: string): Promise<string[]> =>
    (await api.get(`/v1/incident/${id}/log`)).body.log_entries
      .map(({ type }: Json) => type)
      .filter((type: string) => type !== 'nobody_reachable');
  const runs = async (id: string): Promise<Json[]> => (await api.get(`/v1/incident/${id}/actions`)).body.actions;

  it("takes the documentation's example, twice with the same end", async () => {
    const { id } = await open();
    const example = {
      name: 'Incident name',
      description: 'Incident description',
      urgency: 'medium',
      assignees: [{ type: 'team', id: teamId }],
      actions: [{ id: '', type: 'trigger-alerts', settings: [{ id: '', ...component }] }],
    };
    const first = await changed(id, example);
    assert.deepEqual(
      [first.name, first.description, first.urgency, first.assignees],
      [example.name, example.description, example.urgency, example.assignees],
    );
    assert.deepEqual(await changed(id, example), first);
    assert.deepEqual(await logged(id), ['triggered', 'updated', 'alerted']);
    assert.equal((await runs(id)).length, 1);
  });

  it('leaves alone what the body leaves out, and does nothing for what is so already', async () => {
    const incident = await open({ assignees: [{ type: 'member', id: memberId }] });
    const { id } = incident;
    assert.deepEqual(await changed(id, {}), incident);
    const { name, description, urgency, assignees } = incident;
    assert.deepEqual(await changed(id, { name, description, urgency, assignees, status: 'triggered' }), incident);
    assert.deepEqual(await logged(id), ['triggered']);

    assert.deepEqual(await changed(id, { urgency: 'low' }), { ...incident, urgency: 'low' });
    const texts = { description: '', resolution: 'So far', root_cause: 'Unknown' };
    assert.deepEqual(await changed(id, { ...texts, by: memberId }), { ...incident, urgency: 'low', ...texts });
    const [last] = (await api.get(`/v1/incident/${id}/log`)).body.log_entries.slice(-1);
    assert.deepEqual(
      [last.type, last.agent.name, last.details.changed],
      ['updated', 'Ada', ['description', 'resolution', 'root_cause']],
    );
    const own = await changed(id, { assignees: [] });
    assert.deepEqual(own.assignees, [{ type: 'team', id: teamId }], 'empty: the team');
    const onCall = [{ type: 'schedule', id: teamId }];
    assert.deepEqual((await changed(id, { assignees: onCall })).assignees, onCall);
  });

  it('acknowledges, takes that back and resolves, as the commands do', async () => {
    const { id } = await open();
    const acknowledged = await changed(id, { status: 'acknowledged', name: 'Known' });
    assert.deepEqual([acknowledged.status, acknowledged.name], ['acknowledged', 'Known']);
    const again = await put(id, { status: 'acknowledged' });
    assert.deepEqual([again.status, again.body.code], [409, 'already_acknowledged']);
    assert.equal((await changed(id, { status: 'triggered' })).acknowledged_at, null);
    const resolved = await changed(id, { status: 'resolved', resolution: 'Restarted', root_cause: 'Leak' });
    assert.deepEqual(
      [resolved.status, resolved.resolution, resolved.root_cause, resolved.pending_actions],
      ['resolved', 'Restarted', 'Leak', []],
    );
    assert.deepEqual(await logged(id), ['triggered', 'updated', 'acknowledged', 'unacknowledged', 'resolved']);
    for (const late of [
      { urgency: 'low' },
      { name: 'Late', assignees: [{ type: 'member', id: memberId }] },
      { status: 'resolved' },
      { status: 'triggered' },
      { status: 'acknowledged' },
    ]) {
      const refused = await put(id, late);
      assert.deepEqual([refused.status, refused.body.code], [409, 'incident_resolved'], JSON.stringify(late));
    }
    assert.deepEqual(await changed(id, { name: 'Known' }), resolved, 'nothing to change');
    const texts = { name: 'Known', root_cause: 'A leak', severity: 'SEV3' };
    assert.deepEqual(await changed(id, texts), { ...resolved, ...texts }, 'its texts may still be corrected');
  });

  it('does it once for an Idempotency-Key, also where a further try would be refused', async () => {
    const { id } = await open();
    const body = {
      name: 'Over',
      status: 'resolved',
      resolution: 'Restarted',
      actions: [{ type: 'trigger-statuspage-update', settings: component }],
    };
    const send = () =>
      api.send('PUT', `/v1/incident/${id}`, { json: body, headers: { 'Idempotency-Key': `put-${id}` } });
    const first = await send();
    assert.equal(first.status, 200, first.text);
    const again = await send();
    assert.deepEqual([again.status, again.text], [200, first.text]);
    assert.equal(again.headers.get('Idempotent-Replayed'), 'true');
    // As after a crash, or after a 503 `not_confirmed`: carried out, and never answered.
    await api.database.sql`UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = now()`;
    const late = await send();
    assert.deepEqual([late.status, late.text], [200, first.text]);
    assert.deepEqual(await logged(id), ['triggered', 'updated', 'action_run', 'resolved']);
    assert.equal((await put(id, body)).status, 409, 'without a key it is another request');
  });

  it('does all of it or nothing', async () => {
    const { id } = await open();
    await changed(id, { status: 'acknowledged' });
    const before = [await read(id), await logged(id)];
    const actions = [{ type: 'trigger-statuspage-update', settings: component }];
    const refused = await put(id, { name: 'New', actions, status: 'acknowledged' });
    assert.deepEqual([refused.status, refused.body.code], [409, 'already_acknowledged']);
    assert.deepEqual([await read(id), await logged(id), await runs(id)], [...before, []]);

    // What was refused has not been run.
    const all = await changed(id, { name: 'New', actions, status: 'resolved', resolution: 'Done' });
    assert.deepEqual([all.name, all.status, all.resolution], ['New', 'resolved', 'Done']);
    assert.deepEqual((await logged(id)).slice(-3), ['updated', 'action_run', 'resolved']);
    assert.equal((await runs(id)).length, 1);
  });

  it('runs no action twice: of a repeat, of two at once, of the opening', async () => {
    const call = (path: string, more: Record<string, unknown> = {}) => ({ url: `${url}/${path}`, ...more });
    const { id } = await open({ actions: [{ type: 'trigger-webhook', settings: call('opening') }] });
    const actions = [
      // In other words what the incident was opened with.
      { type: 'trigger-webhook', settings: [call('opening', { headers: {}, body: null })] },
      {
        type: 'trigger-webhook',
        settings: [call('a', { headers: { 'X-Key': 'k' }, body: { b: 1, a: [2] } }), call('b')],
      },
      { type: 'trigger-webhook', settings: call('b') },
    ];
    const both = await Promise.all([put(id, { actions }), put(id, { actions })]);
    assert.deepEqual([both[0].status, both[1].status], [200, 200], both[0].text + both[1].text);
    const urls = async () => (await runs(id)).map(({ target }: Json) => target.url.slice(url.length + 1));
    assert.deepEqual(await urls(), ['opening', 'a', 'b']);
    const sameInOtherWords = [
      { type: 'trigger-webhook', settings: call('a', { body: { a: [2], b: 1 }, headers: { 'x-key': 'k' } }) },
    ];
    await changed(id, { actions: sameInOtherWords });
    assert.deepEqual(await urls(), ['opening', 'a', 'b']);
    const other = [
      { type: 'trigger-webhook', settings: call('a', { body: { a: [2], b: 1 }, headers: { 'x-key': 'l' } }) },
    ];
    await changed(id, { actions: other });
    assert.deepEqual(await urls(), ['opening', 'a', 'b', 'a'], 'another value is another action');
    const redacted = (await runs(id)).map(({ action_id, settings }: Json) => {
      return { id: action_id, type: 'trigger-webhook', settings };
    });
    await changed(id, { actions: redacted });
    assert.deepEqual(await urls(), ['opening', 'a', 'b', 'a'], 'sent back as they are shown');
    assert.ok((await runs(id)).every(({ trigger }: Json) => trigger === 'manual'));
  });

  it('names every faulty field, and changes nothing', async () => {
    const incident = await open();
    const { id } = incident;
    const shapes = await put(id, {
      name: '',
      description: 7,
      urgency: null,
      status: 'open',
      resolution: 'x'.repeat(15_001),
      root_cause: null,
      by: 'Ada',
      actions: [{ type: 'trigger-webhook', settings: { url: 7 } }],
      team_id: teamId,
    });
    const fields = ['actions[0].settings.url', 'by', 'description', 'name', 'resolution', 'root_cause'];
    assert.deepEqual([shapes.status, faultyFields(shapes)], [422, [...fields, 'status', 'team_id', 'urgency']]);
    const unknown = await put(id, {
      name: 'New',
      by: teamId,
      assignees: [
        { type: 'member', id: memberId },
        { type: 'schedule', id: memberId },
      ],
      actions: [
        { id: teamId, type: 'trigger-alerts' },
        { type: 'trigger-webhook', settings: [{ url: 'http://10.0.0.1/', headers: { a: '<redacted>' } }] },
        { type: 'trigger-statuspage-update', settings: { ...component, component_id: teamId } },
      ],
    });
    assert.deepEqual(faultyFields(unknown), [
      'actions[0].id',
      'actions[1].settings[0].headers.a',
      'actions[1].settings[0].url',
      'actions[2].settings.component_id',
      'assignees[1].id',
      'by',
    ]);
    assert.deepEqual(await read(id), incident);
    const { key } = await api.createOrganisation('Other');
    assert.equal((await put(id, { name: 'Theirs' }, key)).status, 404);
    assert.equal((await put(teamId, {})).status, 404);
    assert.deepEqual(await read(id), incident);
  });
});
