import assert from 'node:assert/strict';
import { ulidOf, uuidOfUlid } from '../../../src/outbound/incident-io/ulid.ts';
import type { Answer, Json, TestApi } from '../../support/api.ts';
import { createIncidentIo, faultySources, settingOf } from '../../support/incident-io.ts';
import { restrictedKey } from '../../support/restricted-key.ts';
import { startWorkingApi } from '../../support/working-api.ts';

describe("incident.io's way to edit incidents", function () {
  this.timeout(90_000);
  let api: TestApi;
  let member: Json;
  let text: Json;
  let select: Json;
  let option: Json;
  let lead: Json;
  let fixing: Json;
  let live: Json;
  let triage: Json;
  let closed: Json;

  before(async () => {
    api = await startWorkingApi();
    const teamId = await api.defaultTeamId();
    member = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body;
    const field = async (name: string, type: string) =>
      (await api.post('/v1/custom_fields', { name, description: '', field_type: type })).body.custom_field;
    text = await field('Region', 'text');
    select = await field('Product', 'single_select');
    option = (await api.post('/v1/custom_field_options', { custom_field_id: select.id, value: 'Shop' })).body
      .custom_field_option;
    lead = await settingOf(api, 'incident_roles', 'Incident Lead');
    fixing = (await api.post('/v1/incident_statuses', { name: 'Fixing', description: '', category: 'live' })).body
      .incident_status;
    live = await settingOf(api, 'incident_statuses', 'Investigating');
    triage = await settingOf(api, 'incident_statuses', 'Triage');
    closed = await settingOf(api, 'incident_statuses', 'Closed');
  });
  after(() => api.close());

  const edit = (id: string, incident: Json, key = api.adminKey): Promise<Answer> =>
    api.post(`/v2/incidents/${id}/actions/edit`, { incident, notify_incident_channel: true }, { key });
  const edited = async (id: string, change: Json): Promise<Json> => {
    const answer = await edit(id, change);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual((await api.get(`/v2/incidents/${id}`)).body, answer.body, 'the next read shows it');
    return answer.body.incident;
  };
  const log = async (id: string): Promise<Json[]> =>
    (await api.get(`/v1/incident/${uuidOfUlid(id)}/log`)).body.log_entries.filter(
      ({ type }: Json) => type !== 'nobody_reachable',
    );
  const status = async (id: string): Promise<string> => (await api.get(`/v1/incident/${uuidOfUlid(id)}`)).body.status;

  it('changes texts, severity, fields, roles and times in one step, which the log and webhooks tell of', async () => {
    const { id } = await createIncidentIo(api, {
      custom_field_entries: [{ custom_field_id: text.id, values: [{ value_text: 'eu' }] }],
    });
    const major = await settingOf(api, 'severities', 'Major');
    const [reported] = (await api.get('/v2/incident_timestamps')).body.incident_timestamps;
    const change = {
      name: 'Only reads fail',
      summary: 'Writes work again.',
      severity_id: major.id,
      incident_status_id: triage.id,
      custom_field_entries: [{ custom_field_id: select.id, values: [{ value_option_id: option.id }] }],
      incident_role_assignments: [{ incident_role_id: lead.id, assignee: { id: ulidOf(member.id) } }],
      incident_timestamp_values: [{ incident_timestamp_id: reported.id, value: '2026-03-01T08:00:00Z' }],
    };
    const incident = await edited(id, change);
    assert.deepEqual(
      [incident.name, incident.summary, incident.severity, incident.incident_status.id],
      ['Only reads fail', 'Writes work again.', major, triage.id],
    );
    assert.deepEqual(
      incident.custom_field_entries.map(({ custom_field: { id: field }, values }: Json) => [field, values]),
      [
        [text.id, [{ value_text: 'eu' }]],
        [select.id, [{ value_option: option }]],
      ],
    );
    assert.deepEqual(incident.incident_role_assignments[0].assignee.name, 'Ada');
    assert.deepEqual(incident.incident_timestamp_values[0].value, { value: '2026-03-01T08:00:00.000000Z' });

    const entries = await log(id);
    assert.deepEqual(
      entries.map(({ type }) => type),
      ['triggered', 'updated'],
    );
    assert.deepEqual(
      [entries[1]!.agent.type, entries[1]!.details.name, entries[1]!.details.severity, entries[1]!.details.changed],
      [
        'key',
        'Only reads fail',
        'Major',
        ['name', 'description', 'severity', 'incident_status', 'custom_fields', 'roles', 'timestamps'],
      ],
    );
    const [row] = await api.database.sql<{ snapshot: Json }[]>`
      SELECT snapshot FROM transitions WHERE incident_id = ${uuidOfUlid(id)!} AND sequence = 2`;
    assert.deepEqual(
      [row!.snapshot.incident.customFields.length, row!.snapshot.incident.roleAssignments[0].memberId],
      [2, member.id],
      'what webhooks are rendered from has the fields as they are',
    );

    assert.deepEqual(await edited(id, change), incident);
    assert.equal((await log(id)).length, 2, 'what is so already is not done again');
    assert.deepEqual(await edited(id, {}), incident);
    assert.deepEqual(await edited(id, { name: null, summary: null, severity_id: null, call_url: null }), incident);
  });

  it('takes values, roles and times away, and leaves the others alone', async () => {
    const [reported] = (await api.get('/v2/incident_timestamps')).body.incident_timestamps;
    const { id, incident_timestamp_values: own } = await createIncidentIo(api, {
      custom_field_entries: [
        { custom_field_id: text.id, values: [{ value_text: 'eu' }] },
        { custom_field_id: select.id, values: [{ value_option_id: option.id }] },
      ],
      incident_role_assignments: [{ incident_role_id: lead.id, assignee: { email: member.email } }],
    });
    await edited(id, {
      incident_timestamp_values: [{ incident_timestamp_id: reported.id, value: '2026-03-01T08:00:00Z' }],
    });
    const incident = await edited(id, {
      custom_field_entries: [{ custom_field_id: text.id, values: [] }],
      incident_role_assignments: [{ incident_role_id: lead.id }],
      incident_timestamp_values: [{ incident_timestamp_id: reported.id }],
    });
    assert.deepEqual(
      incident.custom_field_entries.map(({ values }: Json) => values),
      [[{ value_option: option }]],
    );
    assert.deepEqual(incident.incident_role_assignments, []);
    assert.deepEqual(incident.incident_timestamp_values, own);
    assert.deepEqual((await log(id)).at(-1)!.details, { changed: ['custom_fields', 'roles', 'timestamps'] });
  });

  it('lets edits of different fields at once both stand', async () => {
    const { id } = await createIncidentIo(api);
    const answers = await Promise.all([
      edit(id, { custom_field_entries: [{ custom_field_id: text.id, values: [{ value_text: 'us' }] }] }),
      edit(id, { custom_field_entries: [{ custom_field_id: select.id, values: [{ value_option_id: option.id }] }] }),
      edit(id, { summary: 'Both.' }),
    ]);
    for (const answer of answers) assert.equal(answer.status, 200, answer.text);
    const { incident } = (await api.get(`/v2/incidents/${id}`)).body;
    assert.deepEqual([incident.custom_field_entries.length, incident.summary], [2, 'Both.']);
  });

  it('moves the incident as its status says, there and back', async () => {
    const { id } = await createIncidentIo(api);
    for (const [wanted, shown, ours] of [
      [fixing, fixing, 'acknowledged'],
      [live, live, 'acknowledged'],
      [triage, triage, 'triggered'],
      [closed, closed, 'resolved'],
      [fixing, fixing, 'acknowledged'],
      [closed, closed, 'resolved'],
      [triage, triage, 'triggered'],
    ] as const) {
      assert.deepEqual((await edited(id, { incident_status_id: wanted.id })).incident_status, shown);
      assert.equal(await status(id), ours);
    }
    assert.deepEqual(
      (await log(id)).map(({ type }) => type).filter((type) => type !== 'updated'),
      ['triggered', 'acknowledged', 'unacknowledged', 'resolved', 'reopened', 'acknowledged', 'resolved', 'reopened'],
    );
  });

  it('shows no other status in between, whatever else changes with it', async () => {
    const { id } = await createIncidentIo(api, { incident_status_id: fixing.id });
    const done = (await api.post('/v1/incident_statuses', { name: 'Done', description: '', category: 'closed' })).body
      .incident_status;
    await edited(id, { name: 'It was the cache', incident_status_id: done.id });
    const rows = await api.database.sql<{ type: string; shown: string }[]>`
      SELECT type, snapshot#>>'{incident,incidentStatus,name}' AS shown FROM transitions
      WHERE incident_id = ${uuidOfUlid(id)!} ORDER BY sequence`;
    assert.deepEqual(
      rows.map(({ type, shown }) => [type, shown]),
      [
        ['triggered', 'Triage'],
        ['acknowledged', 'Fixing'],
        ['updated', 'Fixing'],
        ['resolved', 'Done'],
      ],
    );
  });

  it('edits what is resolved, but where it talks', async () => {
    const { id } = await createIncidentIo(api);
    const talking = await edited(id, { call_url: 'https://meet.example.com/1' });
    assert.equal(talking.call_url, 'https://meet.example.com/1');
    const over = await edited(id, { incident_status_id: closed.id, call_url: '' });
    assert.deepEqual([over.call_url, over.incident_status.id], [undefined, closed.id]);
    const refused = await edit(id, { name: 'Not stored', call_url: 'https://meet.example.com/2' });
    assert.deepEqual(
      [refused.status, refused.body.type, refused.body.errors[0].code],
      [409, 'conflict', 'incident_resolved'],
    );
    const learning = (
      await api.post('/v1/incident_statuses', { name: 'Review', description: '', category: 'learning' })
    ).body.incident_status;
    const incident = await edited(id, { name: 'What we learnt', incident_status_id: learning.id });
    assert.deepEqual(
      [incident.name, incident.incident_status.id, await status(id)],
      ['What we learnt', learning.id, 'resolved'],
    );
    assert.deepEqual((await log(id)).at(-1)!.details.changed, ['name', 'incident_status']);
  });

  it('keeps what is written of a private incident out of its workflow', async () => {
    const { id } = await createIncidentIo(api, { visibility: 'private', name: 'Leaked secrets' });
    const incident = await edited(id, {
      name: 'Leaked tokens',
      summary: 'By a log.',
      severity_id: (await settingOf(api, 'severities', 'Critical')).id,
      custom_field_entries: [{ custom_field_id: text.id, values: [{ value_text: 'eu' }] }],
      call_url: 'https://meet.example.com/secret',
    });
    assert.deepEqual(
      [
        incident.name,
        incident.summary,
        incident.severity.name,
        incident.custom_field_entries.length,
        incident.call_url,
      ],
      ['Leaked tokens', 'By a log.', 'Critical', 1, 'https://meet.example.com/secret'],
    );
    const changed = (await log(id)).find(({ type }) => type === 'updated')!.details;
    assert.deepEqual(
      [changed.name, changed.changed],
      ['Leaked tokens', ['name', 'description', 'severity', 'custom_fields']],
    );
    const [row] = await api.database.sql<{ lifecycle: Json; opening: Json }[]>`
      SELECT lifecycle, opening FROM incidents WHERE id = ${uuidOfUlid(id)!}`;
    assert.doesNotMatch(JSON.stringify([row!.opening, row!.lifecycle.name]), /Leaked/);

    const { id: organisationId } = (await api.get('/v1/organisation')).body;
    const blind = await restrictedKey(api.database.sql, organisationId, ['view_data', 'edit_incidents']);
    const unseen = await edit(id, { name: 'Mine' }, blind);
    const unknown = await edit('01FCNDV6P870EA6S7TK1DSYDG0', { name: 'Mine' }, blind);
    assert.deepEqual([unseen.status, unknown.status], [404, 404]);
    assert.deepEqual({ ...unseen.body, request_id: '' }, { ...unknown.body, request_id: '' });
  });

  it('does once what is asked twice under one Idempotency-Key', async () => {
    const { id } = await createIncidentIo(api);
    const headers = { 'Idempotency-Key': 'edit-1' };
    const json = {
      incident: { name: 'Twice', custom_field_entries: [{ custom_field_id: text.id, values: [{ value_text: 'x' }] }] },
    };
    const first = await api.post(`/v2/incidents/${id}/actions/edit`, json, { headers });
    await edited(id, { name: 'Since' });
    const second = await api.post(`/v2/incidents/${id}/actions/edit`, json, { headers });
    assert.deepEqual([second.status, second.body], [first.status, first.body]);
    assert.equal((await api.get(`/v2/incidents/${id}`)).body.incident.name, 'Since');
  });

  it('names all that is wrong, and changes nothing', async () => {
    const { id } = await createIncidentIo(api);
    const { incident } = (await api.get(`/v2/incidents/${id}`)).body;
    const reporter = await settingOf(api, 'incident_roles', 'Reporter');
    const foreign = await api.createOrganisation('Foreign');
    const theirs = await settingOf(api, 'severities', 'Minor', foreign.key);
    const answer = await edit(incident.id, {
      name: 'Not stored',
      severity_id: theirs.id,
      incident_status_id: theirs.id,
      custom_field_entries: [
        { custom_field_id: select.id, values: [{ value_text: 'Shop' }] },
        { custom_field_id: theirs.id, values: [] },
      ],
      incident_role_assignments: [{ incident_role_id: reporter.id, assignee: { id: ulidOf(member.id) } }],
    });
    assert.equal(answer.status, 422);
    assert.deepEqual(faultySources(answer), [
      'incident.custom_field_entries.0.values.0.value_text',
      'incident.custom_field_entries.1.custom_field_id',
      'incident.incident_role_assignments.0.incident_role_id',
      'incident.incident_status_id',
      'incident.severity_id',
    ]);
    for (const [body, field] of [
      [{}, 'incident'],
      [{ incident: { name: '' } }, 'incident.name'],
      [{ incident: { name: 'a\0' } }, 'incident.name'],
      [{ incident: { name: 'x'.repeat(256) } }, 'incident.name'],
      [{ incident: { call_url: 'javascript:alert(1)' } }, 'incident.call_url'],
      [{ incident: {}, notify_incident_channel: 'yes' }, 'notify_incident_channel'],
    ] as const) {
      const refused = await api.post(`/v2/incidents/${incident.id}/actions/edit`, body);
      assert.deepEqual([refused.status, faultySources(refused)], [422, [field]]);
    }
    assert.deepEqual((await api.get(`/v2/incidents/${incident.id}`)).body.incident, incident);
    assert.equal((await api.get(`/v2/incidents/${incident.id}`, { key: foreign.key })).status, 404);
    assert.equal((await edit(incident.id, { name: 'Theirs' }, foreign.key)).status, 404);
  });
});
