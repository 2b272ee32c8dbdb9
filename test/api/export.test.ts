import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import { v7 as uuid } from 'uuid';
import { z } from 'zod';
import { exportedIncident } from '../../src/api/export/incident-schema.ts';
import { exportedAction, exportedFollowUp } from '../../src/api/export/task-schema.ts';
import { faultyFields, startTestApi, type Answer, type Json, type TestApi } from '../support/api.ts';
import { storeIncident } from '../support/incident.ts';
import { insertMember } from '../support/people.ts';
import { restrictedKey } from '../support/restricted-key.ts';

describe('exports', () => {
  let api: TestApi;
  let owner: { organisationId: string; teamId: string; webhookId: string; apiKeyId: string };

  beforeEach(async () => {
    api = await startTestApi();
    const { id: organisationId } = (await api.get('/v1/organisation')).body;
    owner = { organisationId, teamId: await api.defaultTeamId(), webhookId: '', apiKeyId: '' };
  });
  afterEach(() => api.close());

  /** An incident whose row then gets these columns. */
  async function incident(columns: Record<string, unknown> = {}, name = 'Checkout is down'): Promise<string> {
    const { sql } = api.database;
    const { incidentId } = await storeIncident(sql, owner, { name });
    if (Object.keys(columns).length > 0) await sql`UPDATE incidents SET ${sql(columns)} WHERE id = ${incidentId}`;
    return incidentId;
  }

  async function task(incidentId: string, columns: Record<string, unknown>): Promise<string> {
    const { sql } = api.database;
    const id = uuid();
    const creator = { type: 'key', id: null, name: 'Chat bot' };
    const row = { id, organisation_id: owner.organisationId, incident_id: incidentId, title: '', description: 'Call' };
    await sql`INSERT INTO incident_tasks ${sql({ ...row, creator: sql.json(creator), ...columns })}`;
    return id;
  }

  const rowsOf = (answer: Answer): Json[] => {
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text);
  };
  const csvOf = (answer: Answer): Record<string, string>[] => {
    assert.equal(answer.status, 200, answer.text);
    return parse(answer.text, { columns: true, record_delimiter: '\r\n' });
  };

  it('of incidents say all of each, oldest first, in JSON', async () => {
    const { sql } = api.database;
    const id = await incident({
      status: 'resolved',
      severity: 'SEV1',
      priority: 'P2',
      mode: 'retrospective',
      created_at: '2026-03-01T09:00:00Z',
      acknowledged_at: '2026-03-01T09:02:05.9Z',
      resolved_at: '2026-03-01T10:00:00Z',
      occurrences: 4,
      root_cause: 'Cold cache',
      resolution: 'Warmed it',
    });
    await sql`UPDATE incidents SET api_key_id = (SELECT id FROM api_keys LIMIT 1) WHERE id = ${id}`;
    const second = await incident({ merging_into: id });
    const answer = await api.get('/v1/export/incidents');
    assert.match(answer.headers.get('content-type')!, /^application\/json; charset=utf-8$/);
    assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="incidents.json"');
    const rows = z.array(exportedIncident.strict()).parse(rowsOf(answer));
    assert.deepEqual(
      rows.map((row) => row.id),
      [id, second],
    );
    const [keyName] = (await sql`SELECT name FROM api_keys LIMIT 1`).map(({ name }) => name);
    const { team, ...first } = rows[0]!;
    assert.deepEqual(first, {
      id,
      reference: 'INC-1',
      number: 1,
      name: 'Checkout is down',
      description: 'Orders fail with 503.',
      status: 'resolved',
      severity: 'SEV1',
      urgency: 'high',
      priority: 'P2',
      visibility: 'public',
      mode: 'retrospective',
      team_id: owner.teamId,
      service_type: 'team',
      service: team,
      created_at: '2026-03-01T09:00:00.000Z',
      acknowledged_at: '2026-03-01T09:02:05.900Z',
      resolved_at: '2026-03-01T10:00:00.000Z',
      time_to_acknowledge_seconds: 125,
      time_to_resolve_seconds: 3600,
      occurrences: 4,
      reported_by: keyName,
      custom_fields: {},
      roles: rows[0]!.roles,
      root_cause: 'Cold cache',
      resolution: 'Warmed it',
      merged_into: null,
    });
    assert.deepEqual(
      [rows[1]!.merged_into, rows[1]!.time_to_resolve_seconds, rows[1]!.reported_by],
      ['INC-1', null, null],
    );
  });

  it('have a column for each custom field and each role, in CSV too', async () => {
    const { sql } = api.database;
    const [regions, ticket, eu, us] = [uuid(), uuid(), uuid(), uuid()];
    for (const [id, name, field_type] of [
      [regions, 'Regions', 'multi_select'],
      [ticket, '__proto__', 'text'],
    ] as const)
      await sql`INSERT INTO custom_fields ${sql({ id, organisation_id: owner.organisationId, name, description: '', field_type })}`;
    for (const [id, value] of [
      [eu, 'eu-1'],
      [us, 'us-2'],
    ] as const)
      await sql`INSERT INTO custom_field_options ${sql({ id, organisation_id: owner.organisationId, custom_field_id: regions, value, sort_key: 1 })}`;
    await sql`UPDATE custom_field_options SET deleted_at = now() WHERE id = ${us}`;
    const ada = await insertMember(sql, owner, 'Ada');
    const [lead] = await sql`
      SELECT id, name FROM incident_roles WHERE organisation_id = ${owner.organisationId} AND role_type = 'lead'`;
    await incident({
      custom_fields: sql.json({ [regions]: [eu, us], [ticket]: ['T-1'] }),
      role_assignments: sql.json({ [lead!['id']]: ada }),
    });
    await incident();

    const rows = rowsOf(await api.get('/v1/export/incidents?format=json'));
    const own = (row: Json, name: string) => Object.getOwnPropertyDescriptor(row.custom_fields, name)?.value;
    assert.deepEqual([own(rows[0], 'Regions'), own(rows[0], '__proto__')], [['eu-1', 'us-2'], 'T-1']);
    assert.deepEqual([own(rows[1], 'Regions'), own(rows[1], '__proto__')], [[], null]);
    assert.deepEqual([rows[0].roles[lead!['name']], rows[1].roles[lead!['name']]], ['Ada', null]);

    const answer = await api.get('/v1/export/incidents', { headers: { Accept: 'text/csv' } });
    assert.equal(answer.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
    assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="incidents.csv"');
    const [header, ...lines] = parse(answer.text, { record_delimiter: '\r\n' }) as string[][];
    const before = Object.keys(exportedIncident.shape).indexOf('custom_fields');
    assert.deepEqual(header!.slice(before, before + 3), [
      'Custom field: Regions',
      'Custom field: __proto__',
      `Role: ${lead!['name']}`,
    ]);
    assert.deepEqual(lines[0]!.slice(before, before + 3), ['eu-1; us-2', 'T-1', 'Ada']);
    assert.deepEqual(lines[1]!.slice(before, before + 3), ['', '', '']);
  });

  it('of actions and follow-ups say whose they are and what of', async () => {
    const { sql } = api.database;
    const ada = await insertMember(sql, owner, 'Ada');
    const id = await incident({ severity: 'SEV2' });
    const call = await task(id, { kind: 'action', assignee_id: ada });
    const alert = await task(id, {
      kind: 'follow_up',
      title: 'Add an alert',
      description: '',
      status: 'completed',
      completed_at: '2026-03-02T00:00:00Z',
      priority: 'High',
      labels: ['monitoring', 'q3'],
    });
    const [action, ...others] = z.array(exportedAction.strict()).parse(rowsOf(await api.get('/v1/export/actions')));
    assert.deepEqual(others, []);
    assert.deepEqual(
      [action!.id, action!.incident_reference, action!.assignee, action!.assignee_id, action!.creator, action!.status],
      [call, 'INC-1', 'Ada', ada, 'Chat bot', 'outstanding'],
    );
    const [followUp] = z.array(exportedFollowUp.strict()).parse(rowsOf(await api.get('/v1/export/follow-ups')));
    assert.deepEqual(
      [followUp!.id, followUp!.title, followUp!.priority, followUp!.labels, followUp!.completed_at],
      [alert, 'Add an alert', 'High', ['monitoring', 'q3'], '2026-03-02T00:00:00.000Z'],
    );
    const answer = await api.get('/v1/export/follow-ups?format=csv');
    assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="follow-ups.csv"');
    const [row] = csvOf(answer);
    assert.deepEqual(Object.keys(row!), Object.keys(exportedFollowUp.shape));
    assert.deepEqual([row!['labels'], row!['assignee'], row!['title']], ['monitoring; q3', '', 'Add an alert']);
    for (const [query, count] of [
      ['status=completed', 1],
      ['status=outstanding,deleted', 0],
      ['severity=sev2', 1],
      ['severity=SEV1', 0],
      [`team_id=${owner.teamId}`, 1],
      [`team_id=${uuid()}`, 0],
      ['until=2026-01-01T00:00:00Z', 0],
    ] as const)
      assert.equal(rowsOf(await api.get(`/v1/export/follow-ups?${query}`)).length, count, query);
  });

  it('can be narrowed', async () => {
    const old = await incident({ created_at: '2026-01-01T00:00:00Z', severity: 'SEV1' });
    const done = await incident({ created_at: '2026-02-01T00:00:00Z', status: 'resolved' });
    const found = async (query: string) =>
      rowsOf(await api.get(`/v1/export/incidents?${query}`)).map(({ id }: Json) => id);
    assert.deepEqual(await found('status=resolved'), [done]);
    assert.deepEqual(await found('status=resolved,triggered'), [old, done]);
    assert.deepEqual(await found('severity=sev1'), [old]);
    assert.deepEqual(await found('since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z'), [old]);
    assert.deepEqual(await found(`team_id=${owner.teamId}`), [old, done]);
    assert.deepEqual(await found(`team_id=${uuid()}`), []);
    const wrong = await api.get('/v1/export/incidents?format=xml&status=open&since=now&team_id=1&limit=3');
    assert.deepEqual(faultyFields(wrong), [
      'query.format',
      'query.limit',
      'query.since',
      'query.status[0]',
      'query.team_id',
    ]);
  });

  it('of nothing are whole all the same', async () => {
    assert.equal((await api.get('/v1/export/incidents')).text, '[]\n');
    const csv = (await api.get('/v1/export/actions?format=csv')).text;
    assert.equal(csv, `${Object.keys(exportedAction.shape).join(',')}\r\n`);
    const head = await api.send('HEAD', '/v1/export/actions?format=csv');
    assert.deepEqual([head.status, head.text], [200, '']);
    assert.match(head.headers.get('content-type')!, /^text\/csv/);
  });

  it('show private incidents and their tasks to those alone who may see them, and nothing of other organisations', async () => {
    const { sql } = api.database;
    const open = await incident();
    const secret = await incident({ visibility: 'private' }, 'Secret');
    const merged = await incident({ merging_into: secret });
    await task(secret, { kind: 'action', description: 'Secret' });
    await task(open, { kind: 'action' });
    const ada = await insertMember(sql, owner, 'Ada');
    await sql`INSERT INTO incident_memberships ${sql({
      id: uuid(),
      organisation_id: owner.organisationId,
      incident_id: secret,
      member_id: ada,
      granted_by: sql.json({}),
    })}`;
    const keyWith = (permissions: Parameters<typeof restrictedKey>[2], memberId: string | null = null) =>
      restrictedKey(sql, owner.organisationId, permissions, { memberId });
    const seen = async (key: string) => {
      const rows = rowsOf(await api.get('/v1/export/incidents', { key }));
      const actions = rowsOf(await api.get('/v1/export/actions', { key }));
      const into = rows.find(({ id }: Json) => id === merged)?.merged_into;
      return [rows.map(({ id }: Json) => id), into, actions.length];
    };
    assert.deepEqual(await seen(api.adminKey), [[open, secret, merged], 'INC-2', 2]);
    assert.deepEqual(await seen(await keyWith(['view_data', 'view_private_incidents'])), [
      [open, secret, merged],
      'INC-2',
      2,
    ]);
    assert.deepEqual(await seen(await keyWith(['view_data'], ada)), [[open, secret, merged], 'INC-2', 2]);
    assert.deepEqual(await seen(await keyWith(['view_data'])), [[open, merged], null, 1]);
    const other = await api.createOrganisation('Other');
    assert.deepEqual(await seen(other.key), [[], undefined, 0]);
    for (const path of ['incidents', 'actions', 'follow-ups']) {
      const key = await keyWith(['view_private_incidents']);
      assert.equal((await api.get(`/v1/export/${path}`, { key })).body.code, 'permission_denied');
    }
  });

  it('are described in both content types', async () => {
    const { paths } = (await api.get('/openapi.json')).body;
    for (const path of ['incidents', 'actions', 'follow-ups']) {
      const { content } = paths[`/v1/export/${path}`].get.responses[200];
      assert.deepEqual(Object.keys(content), ['application/json', 'text/csv']);
      assert.equal(content['application/json'].schema.type, 'array');
    }
  });
});
