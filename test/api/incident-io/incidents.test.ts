import assert from 'node:assert/strict';
import { ulidOf, uuidOfUlid } from '../../../src/outbound/incident-io/ulid.ts';
import type { Json, TestApi } from '../../support/api.ts';
import { createIncidentIo, faultySources, incidentIoDraft, settingOf } from '../../support/incident-io.ts';
import { poll } from '../../support/poll.ts';
import { restrictedKey } from '../../support/restricted-key.ts';
import { startWorkingApi } from '../../support/working-api.ts';

describe("incident.io's way to create incidents", function () {
  this.timeout(90_000);
  let api: TestApi;
  let organisationId: string;
  let member: Json;
  const fields: Record<string, Json> = {};
  const options: Record<string, Json> = {};

  before(async () => {
    api = await startWorkingApi();
    organisationId = (await api.get('/v1/organisation')).body.id;
    const teamId = await api.defaultTeamId();
    member = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body;
    for (const type of ['text', 'link', 'numeric', 'single_select', 'multi_select']) {
      const made = await api.post('/v1/custom_fields', { name: `A ${type}`, description: '', field_type: type });
      fields[type] = made.body.custom_field;
    }
    for (const [name, type] of Object.entries({ one: 'single_select', two: 'multi_select', three: 'multi_select' })) {
      const made = await api.post('/v1/custom_field_options', { custom_field_id: fields[type].id, value: name });
      options[name] = made.body.custom_field_option;
    }
  });
  after(() => api.close());

  const post = (draft: Json, key = api.adminKey, version = 'v2') => api.post(`/${version}/incidents`, draft, { key });
  const entry = (type: string, ...values: Json[]) => ({ custom_field_id: fields[type].id, values });
  const native = async (ulid: string): Promise<Json> => (await api.get(`/v1/incident/${uuidOfUlid(ulid)}`)).body;
  const count = async (): Promise<number> =>
    (await api.database.sql`SELECT FROM incidents WHERE organisation_id = ${organisationId}`).length;
  const refused = async (draft: Json, expected: string[], version = 'v2'): Promise<void> => {
    const before = await count();
    const answer = await post(draft, api.adminKey, version);
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.body.type, 'validation_error');
    assert.deepEqual(faultySources(answer), expected.sort());
    assert.equal(await count(), before, 'nothing is stored');
  };

  it('declares one incident from what a ticket system sends twenty times at once, and ever after', async () => {
    const severity = await settingOf(api, 'severities', 'Minor');
    const ticket = {
      name: 'Checkout is slow',
      idempotency_key: '4711',
      severity_id: severity.id,
      summary: 'From Zendesk: it takes a minute.',
      visibility: 'public',
      custom_field_entries: [entry('link', { value_link: 'https://acme.zendesk.com/tickets/4711' })],
    };
    const before = await count();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(ticket, api.adminKey, 'v1')));
    for (const { status, text } of answers) assert.equal(status, 200, text);
    const ids = new Set(answers.map(({ body }) => body.incident.id));
    assert.equal(ids.size, 1);
    assert.equal(await count(), before + 1);

    const { incident } = answers[0]!.body;
    await api.begun(uuidOfUlid(incident.id)!);
    assert.deepEqual(
      [incident.name, incident.summary, incident.visibility, incident.severity, incident.status, incident.mode],
      [ticket.name, ticket.summary, 'public', severity, 'triage', 'real'],
    );
    assert.deepEqual(incident.custom_field_entries[0].values, [
      { value_link: 'https://acme.zendesk.com/tickets/4711' },
    ]);
    assert.equal(incident.custom_field_entries[0].custom_field.id, fields['link'].id);
    assert.equal(incident.permalink, `http://tocsin.test/v1/incident/${uuidOfUlid(incident.id)}`);

    const other = {
      ...incidentIoDraft({ idempotency_key: '4711' }),
      name: 'Something else',
      severity_id: ulidOf(member.id),
    };
    assert.equal((await post(other)).body.incident.id, incident.id, 'another body');
    assert.equal((await api.post(`/v1/incident/${uuidOfUlid(incident.id)}/resolve`, {})).status, 200);
    const again = (await post(ticket)).body.incident;
    assert.deepEqual([again.id, again.incident_status.category], [incident.id, 'closed'], 'after it was resolved');
    assert.equal(await count(), before + 1);

    const elsewhere = await api.createOrganisation('Elsewhere');
    const theirs = await post(incidentIoDraft({ idempotency_key: '4711' }), elsewhere.key);
    assert.notEqual(theirs.body.incident.id, incident.id, 'a key is one of its organisation');
  });

  it('opens it as every other way does: a workflow, a log, a native incident', async () => {
    const incident = await createIncidentIo(api, { name: undefined, summary: '  \nWrites fail.\nReads too.' });
    const shown = await native(incident.id);
    assert.deepEqual(
      [shown.name, shown.description, shown.status, shown.urgency, shown.team_id, shown.reference],
      [
        'Writes fail.',
        '  \nWrites fail.\nReads too.',
        'triggered',
        'high',
        await api.defaultTeamId(),
        incident.reference,
      ],
    );
    assert.deepEqual(
      [shown.assignees, shown.acknowledgement_timeout, shown.auto_resolve_timeout],
      [[{ type: 'team', id: await api.defaultTeamId() }], null, null],
    );
    const { log_entries: log } = (await api.get(`/v1/incident/${shown.id}/log`)).body;
    assert.deepEqual([log[0].type, log[0].agent.type, log[0].channel], ['triggered', 'key', 'api']);
    assert.deepEqual(incident.creator.api_key.name, log[0].agent.name);
    assert.equal((await createIncidentIo(api, { name: ' ' })).name, 'Unnamed incident');
    const long = `${'x'.repeat(300)}\nmore`;
    assert.equal([...(await createIncidentIo(api, { name: null, summary: long })).name].length, 255);
  });

  it('is as urgent as its severity is high', async () => {
    const urgencies = [];
    for (const name of ['Minor', 'Major', 'Critical']) {
      const { id } = await createIncidentIo(api, { severity_id: (await settingOf(api, 'severities', name)).id });
      urgencies.push((await native(id)).urgency);
    }
    assert.deepEqual(urgencies, ['low', 'medium', 'high']);
  });

  it('keeps every kind of value, and shows it under its own name', async () => {
    const incident = await createIncidentIo(api, {
      custom_field_entries: [
        entry('text', { value_text: ' as it is ', value_timestamp: '' }),
        entry('link', { value_link: 'mailto:ada@example.com' }),
        entry('numeric', { value_numeric: '00123.4500000000000000000001' }),
        entry('single_select', { value_option_id: options['one'].id }),
        entry(
          'multi_select',
          { value_option_id: options['three'].id },
          { value_option_id: uuidOfUlid(options['two'].id) },
        ),
      ],
    });
    const values = Object.fromEntries(
      incident.custom_field_entries.map(({ custom_field: { field_type: type }, values: shown }: Json) => [type, shown]),
    );
    assert.deepEqual(values, {
      text: [{ value_text: ' as it is ' }],
      link: [{ value_link: 'mailto:ada@example.com' }],
      numeric: [{ value_numeric: '00123.4500000000000000000001' }],
      single_select: [{ value_option: options['one'] }],
      multi_select: [{ value_option: options['two'] }, { value_option: options['three'] }],
    });
    const none = await createIncidentIo(api, {
      custom_field_entries: [
        entry('text', {}, { value_text: ' ' }),
        entry('link'),
        entry('numeric', { value_numeric: null }),
      ],
    });
    assert.deepEqual(none.custom_field_entries, []);
  });

  it('gives roles to members by id or address, and asks whoever leads', async () => {
    const [lead, reporter] = [
      await settingOf(api, 'incident_roles', 'Incident Lead'),
      await settingOf(api, 'incident_roles', 'Reporter'),
    ];
    const incident = await createIncidentIo(api, {
      incident_role_assignments: [
        { incident_role_id: lead.id, assignee: { email: 'ADA@example.com' } },
        { incident_role_id: reporter.id, assignee: { id: ulidOf(member.id) } },
      ],
    });
    const ada = { id: ulidOf(member.id), name: 'Ada', email: 'ada@example.com', role: 'unset' };
    assert.deepEqual(
      incident.incident_role_assignments.map(({ role, assignee }: Json) => [role.role_type, assignee]),
      [
        ['lead', ada],
        ['reporter', ada],
      ],
    );
    assert.deepEqual((await native(incident.id)).assignees, [{ type: 'member', id: member.id }]);
    const nobody = await createIncidentIo(api, { incident_role_assignments: [{ incident_role_id: lead.id }] });
    assert.deepEqual(nobody.incident_role_assignments, []);
  });

  it('takes times that were set by hand, and shows its own for the others', async () => {
    const timestamps = (await api.get('/v2/incident_timestamps')).body.incident_timestamps;
    const [reported] = timestamps;
    assert.deepEqual((await api.get(`/v2/incident_timestamps/${reported.id}`)).body, { incident_timestamp: reported });
    const incident = await createIncidentIo(api, {
      incident_timestamp_values: [{ incident_timestamp_id: reported.id, value: '2026-03-01T10:00:00.123456+02:00' }],
    });
    const [value, ...others] = incident.incident_timestamp_values;
    assert.deepEqual(value, { incident_timestamp: reported, value: { value: '2026-03-01T08:00:00.123456Z' } });
    assert.deepEqual(
      others.map(({ incident_timestamp: one, value: set }: Json) => [one.name, set]),
      [
        ['Accepted at', undefined],
        ['Resolved at', undefined],
      ],
    );
  });

  it('goes on to the status that it is created with', async () => {
    const live = await settingOf(api, 'incident_statuses', 'Investigating');
    const accepted = await createIncidentIo(api, { incident_status_id: live.id });
    assert.deepEqual([accepted.incident_status, (await native(accepted.id)).status], [live, 'acknowledged']);

    const fixing = (await api.post('/v1/incident_statuses', { name: 'Fixing', description: '', category: 'live' })).body
      .incident_status;
    const draft = incidentIoDraft({ status: 'fixing' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(draft, api.adminKey, 'v1')));
    for (const { body } of answers) assert.equal(body.incident.status, 'fixing');
    const { id } = answers[0]!.body.incident;
    assert.equal((await api.get(`/v2/incidents/${id}`)).body.incident.incident_status.id, fixing.id);
    const { log_entries: log } = (await api.get(`/v1/incident/${uuidOfUlid(id)}/log`)).body;
    assert.deepEqual(
      log.map(({ type }: Json) => type),
      ['triggered', 'acknowledged'],
      'once, however often it was asked',
    );

    for (const [change, category] of [
      [{ mode: 'retrospective' }, 'closed'],
      [{ mode: 'retrospective', incident_status_id: live.id }, 'live'],
    ] as const)
      assert.equal((await createIncidentIo(api, change)).incident_status.category, category);
    const closed = await post(incidentIoDraft({ status: 'closed', mode: 'test' }), api.adminKey, 'v1');
    assert.deepEqual([closed.body.incident.status, closed.body.incident.mode], ['closed', 'test']);
  });

  it('makes up for a first try that was cut off before its status was taken', async () => {
    const live = await settingOf(api, 'incident_statuses', 'Investigating');
    const draft = incidentIoDraft();
    const { id } = (await post(draft)).body.incident;
    await api.begun(uuidOfUlid(id)!);
    await api.database
      .sql`UPDATE incidents SET incident_status_id = ${uuidOfUlid(live.id)!} WHERE id = ${uuidOfUlid(id)!}`;
    assert.equal((await post(draft)).body.incident.incident_status.id, live.id);
    assert.equal((await api.post(`/v1/incident/${uuidOfUlid(id)}/unacknowledge`, {})).status, 200);
    assert.equal((await post(draft)).body.incident.incident_status.category, 'triage', 'and does it once');
  });

  it('does so, too, where the actions of rulesets came first', async () => {
    const live = await settingOf(api, 'incident_statuses', 'Investigating');
    const [key] = await api.database
      .sql`SELECT id FROM api_keys WHERE is_admin AND organisation_id = ${organisationId}`;
    const ruleset = await api.post('/v1/ruleset', {
      rule_type: 'webhook',
      level: 'team',
      team_id: await api.defaultTeamId(),
      name: 'Reported by hand',
      description: '',
      urgency: 'low',
      conditions: [{ type: 'metadata-check', key: 'api_key', operator: 'equal', values: [key!['id']] }],
    });
    assert.equal(ruleset.status, 201, ruleset.text);
    const path = `/v1/ruleset/${ruleset.body.id}`;
    await api.send('PUT', `${path}/actions`, { json: { actions: [{ type: 'trigger-alerts' }] } });
    const draft = incidentIoDraft();
    const id = uuidOfUlid((await post(draft)).body.incident.id)!;
    await api.send('DELETE', path);
    await poll(async () => {
      const [row] = await api.database.sql`SELECT sequence FROM incidents WHERE id = ${id}`;
      return row!['sequence'] > 1;
    });
    await api.database.sql`UPDATE incidents SET incident_status_id = ${uuidOfUlid(live.id)!} WHERE id = ${id}`;
    assert.equal((await post(draft)).body.incident.incident_status.id, live.id);
    assert.equal((await native(ulidOf(id))).status, 'acknowledged');
  });

  it('follows its type: private from the start, and in triage whatever is asked for', async () => {
    const type = (
      await api.post('/v1/incident_types', {
        name: 'Security',
        private_incidents_only: true,
        create_in_triage: 'always',
      })
    ).body.incident_type;
    const live = await settingOf(api, 'incident_statuses', 'Investigating');
    const incident = await createIncidentIo(api, { incident_type_id: type.id, incident_status_id: live.id });
    assert.deepEqual(
      [incident.visibility, incident.incident_status.category, incident.incident_type],
      ['private', 'triage', type],
    );
  });

  it('shows a private incident to a key that may not see it only while nothing has happened to what it opened itself', async () => {
    const creator = await restrictedKey(api.database.sql, organisationId, ['create_incidents', 'view_data']);
    const other = await restrictedKey(api.database.sql, organisationId, ['create_incidents', 'view_data']);
    const draft = incidentIoDraft({ visibility: 'private', name: 'Leaked secrets' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(draft, creator)));
    for (const { status, text } of answers) assert.equal(status, 200, text);
    const { id } = answers[0]!.body.incident;
    await api.begun(uuidOfUlid(id)!);
    assert.equal((await post(draft, creator)).status, 200);
    for (const version of ['v1', 'v2'])
      assert.equal((await api.get(`/${version}/incidents/${id}`, { key: creator })).status, 404);

    const foreign = await post(draft, other);
    assert.deepEqual([foreign.status, foreign.body.errors[0].code], [422, 'already_exists']);
    assert.doesNotMatch(foreign.text, /Leaked|INC-|01[0-9A-Z]{24}/);
    assert.equal((await api.post(`/v1/incident/${uuidOfUlid(id)}/note`, { content: 'It was Eve.' })).status, 200);
    const later = await post(draft, creator);
    assert.deepEqual([later.status, later.body.errors[0].source.field], [422, 'idempotency_key']);
    assert.equal((await post(draft)).body.incident.id, id, 'whoever may see it gets it');

    const workflow = await api.database.sql<
      { opening: Json }[]
    >`SELECT opening FROM incidents WHERE id = ${uuidOfUlid(id)!}`;
    assert.doesNotMatch(JSON.stringify(workflow[0]!.opening), /Leaked/);
  });

  it('belongs to the team of its key, and knows the key', async () => {
    const team = (await api.post('/v1/team', { name: 'Second', time_zone: 'Europe/Berlin' })).body;
    const made = await api.post('/v1/api-key', {
      name: 'Zendesk',
      permissions: ['create_incidents'],
      team_id: team.id,
    });
    assert.equal(made.status, 201, made.text);
    const { incident } = (await post(incidentIoDraft(), made.body.key ?? made.body.api_key)).body;
    assert.deepEqual(incident.creator, { api_key: { id: ulidOf(made.body.id), name: 'Zendesk' } });
    assert.equal((await native(incident.id)).team_id, team.id);
    assert.equal((await api.get(`/v2/incidents/${incident.id}`, { key: made.body.key })).status, 403);
  });

  it('names all that is wrong at once, and stores nothing', async () => {
    await refused({}, ['idempotency_key', 'visibility']);
    await refused({}, ['idempotency_key', 'visibility'], 'v1');
    const foreign = await api.createOrganisation('Foreign');
    const theirs = await settingOf(api, 'severities', 'Minor', foreign.key);
    const status = await settingOf(api, 'incident_statuses', 'Closed', foreign.key);
    const type = await settingOf(api, 'incident_types', 'Default', foreign.key);
    const role = await settingOf(api, 'incident_roles', 'Reporter', foreign.key);
    const lead = await settingOf(api, 'incident_roles', 'Incident Lead');
    const unknown = '01FCNDV6P870EA6S7TK1DSYDG0';
    await refused(
      incidentIoDraft({
        severity_id: theirs.id,
        incident_status_id: status.id,
        incident_type_id: type.id,
        custom_field_entries: [
          { custom_field_id: unknown, values: [{ value_text: 'a' }] },
          entry('text', { value_text: 'a' }, { value_text: 'b' }),
          entry('text', { value_text: 'c' }),
          entry('link', { value_link: 'javascript:alert(1)', value_text: 'x' }),
          entry('numeric', { value_numeric: '1e5' }, { value_catalog_entry_id: 'x' }),
          entry('single_select', { value_option_id: options['two'].id }, { value_timestamp: '2026-01-01' }),
          entry('multi_select', { value_link: 'https://example.com' }, { value_option_id: options['two'].id }),
        ],
        incident_role_assignments: [
          { incident_role_id: role.id, assignee: { slack_user_id: 'U1' } },
          { incident_role_id: lead.id, assignee: { id: ulidOf(foreign.teamId) } },
          { incident_role_id: lead.id, assignee: { email: 'eve@example.com' } },
        ],
        incident_timestamp_values: [{ incident_timestamp_id: unknown, value: '2026-01-01T00:00:00Z' }],
      }),
      [
        'severity_id',
        'incident_status_id',
        'incident_type_id',
        'custom_field_entries.0.custom_field_id',
        'custom_field_entries.1.values',
        'custom_field_entries.2.custom_field_id',
        'custom_field_entries.3.values.0.value_link',
        'custom_field_entries.3.values.0.value_text',
        'custom_field_entries.4.values.0.value_numeric',
        'custom_field_entries.4.values.1.value_catalog_entry_id',
        'custom_field_entries.5.values.0.value_option_id',
        'custom_field_entries.5.values.1.value_timestamp',
        'custom_field_entries.6.values.0.value_link',
        'incident_role_assignments.0.incident_role_id',
        'incident_role_assignments.0.assignee.slack_user_id',
        'incident_role_assignments.1.assignee.id',
        'incident_role_assignments.2.incident_role_id',
        'incident_role_assignments.2.assignee.email',
        'incident_timestamp_values.0.incident_timestamp_id',
      ],
    );
    const merged = await settingOf(api, 'incident_statuses', 'Merged');
    await refused(incidentIoDraft({ incident_status_id: merged.id }), ['incident_status_id']);
  });

  it('bounds every field', async () => {
    const unstorable = ['a\0b', '\ud800'];
    for (const text of unstorable) {
      const values = [{ value_text: text }, { value_link: text }, { value_numeric: text }];
      await refused(
        {
          name: text,
          idempotency_key: text,
          summary: text,
          visibility: text,
          custom_field_entries: [entry('text', ...values)],
        },
        [
          ...['name', 'idempotency_key', 'summary', 'visibility'],
          'custom_field_entries.0.values.0.value_text',
          'custom_field_entries.0.values.1.value_link',
          'custom_field_entries.0.values.2.value_numeric',
        ],
      );
    }
    const lead = await settingOf(api, 'incident_roles', 'Incident Lead');
    for (const [change, field] of [
      [{ name: 'x'.repeat(256) }, 'name'],
      [{ summary: 'x'.repeat(15_001) }, 'summary'],
      [{ idempotency_key: 'x'.repeat(501) }, 'idempotency_key'],
      [{ idempotency_key: ' ' }, 'idempotency_key'],
      [{ idempotency_key: 7 }, 'idempotency_key'],
      [{ name: ['x'] }, 'name'],
      [{ mode: 'real' }, 'mode'],
      [{ severity_id: 'Minor' }, 'severity_id'],
      [{ severity_id: { id: 'x' } }, 'severity_id'],
      [{ custom_field_entries: {} }, 'custom_field_entries'],
      [{ custom_field_entries: Array.from({ length: 51 }, () => entry('text')) }, 'custom_field_entries'],
      [{ custom_field_entries: [{ custom_field_id: fields['text'].id }] }, 'custom_field_entries.0.values'],
      [
        { custom_field_entries: [entry('text', ...Array.from({ length: 101 }, () => ({})))] },
        'custom_field_entries.0.values',
      ],
      [
        { custom_field_entries: [entry('text', { value_text: 'x'.repeat(5_001) })] },
        'custom_field_entries.0.values.0.value_text',
      ],
      [
        { incident_role_assignments: Array.from({ length: 51 }, () => ({ incident_role_id: lead.id })) },
        'incident_role_assignments',
      ],
      [
        { incident_timestamp_values: [{ incident_timestamp_id: lead.id, value: '9999-12-31T23:59:59-23:00' }] },
        'incident_timestamp_values.0.value',
      ],
      [
        { incident_timestamp_values: [{ incident_timestamp_id: lead.id, value: 'yesterday' }] },
        'incident_timestamp_values.0.value',
      ],
    ] as const)
      await refused(incidentIoDraft(change as Json), [field]);
    await refused({ ...incidentIoDraft(), status: 'paused', mode: 'standard' }, ['status', 'mode'], 'v1');
    const most = incidentIoDraft({
      idempotency_key: '😀'.repeat(500),
      name: 'x'.repeat(255),
      summary: 'x'.repeat(15_000),
    });
    assert.equal((await post(most)).status, 200);
    assert.equal(
      (await post({ ...incidentIoDraft(), slack_team_id: 7, retrospective_incident_options: 'x' })).status,
      200,
    );
  });

  it('asks for the permission, and says so in the words of incident.io', async () => {
    const reader = await restrictedKey(api.database.sql, organisationId, ['view_data', 'edit_incidents']);
    const denied = await post({}, reader);
    assert.deepEqual([denied.status, denied.body.type], [403, 'authorization_error']);
    const nobody = await api.post('/v2/incidents', {}, { key: null });
    assert.deepEqual([nobody.status, nobody.body.type], [401, 'authentication_error']);
    const noJson = await api.send('POST', '/v2/incidents', {
      body: '{',
      headers: { 'Content-Type': 'application/json' },
    });
    assert.deepEqual([noJson.status, noJson.body.type], [400, 'bad_request']);
  });

  it('tells subscribers of it with the same ids', async () => {
    const incident = await createIncidentIo(api, {
      severity_id: (await settingOf(api, 'severities', 'Major')).id,
      custom_field_entries: [entry('text', { value_text: 'Berlin' })],
    });
    const stored = async () =>
      api.database.sql<{ snapshot: Json }[]>`
        SELECT snapshot FROM transitions WHERE incident_id = ${uuidOfUlid(incident.id)!}`;
    const [row] = await poll(async () => ((await stored()).length > 0 ? stored() : undefined));
    const { incidentStatus, rankedSeverity, customFields } = row!.snapshot.incident;
    assert.deepEqual([incidentStatus.id, rankedSeverity.id, customFields[0].id].map(ulidOf), [
      incident.incident_status.id,
      incident.severity.id,
      incident.custom_field_entries[0].custom_field.id,
    ]);
  });
});
