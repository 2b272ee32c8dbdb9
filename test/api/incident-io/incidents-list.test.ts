import assert from 'node:assert/strict';
import { ulidOf, uuidOfUlid } from '../../../src/outbound/incident-io/ulid.ts';
import type { Answer, Json, TestApi } from '../../support/api.ts';
import { createIncidentIo, faultySources, settingOf } from '../../support/incident-io.ts';
import { restrictedKey } from '../../support/restricted-key.ts';
import { startWorkingApi } from '../../support/working-api.ts';

describe("incident.io's incidents", function () {
  this.timeout(90_000);
  let api: TestApi;
  let member: Json;
  let blind: string;
  const made: Record<string, Json> = {};
  const severities: Record<string, Json> = {};
  const statuses: Record<string, Json> = {};
  const fields: Record<string, Json> = {};
  let shop: Json;
  let types: Record<string, Json>;
  let lead: Json;

  before(async () => {
    api = await startWorkingApi();
    const teamId = await api.defaultTeamId();
    member = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' })).body;
    for (const name of ['Minor', 'Major', 'Critical']) severities[name] = await settingOf(api, 'severities', name);
    for (const name of ['Fixing', 'Waiting'])
      await api.post('/v1/incident_statuses', { name, description: '', category: 'live' });
    for (const one of (await api.get('/v1/incident_statuses')).body.incident_statuses) statuses[one.name] = one;
    for (const [name, field_type] of [
      ['Region', 'text'],
      ['Product', 'multi_select'],
    ] as const)
      fields[name] = (await api.post('/v1/custom_fields', { name, description: '', field_type })).body.custom_field;
    shop = (await api.post('/v1/custom_field_options', { custom_field_id: fields['Product'].id, value: 'Shop' })).body
      .custom_field_option;
    types = {
      Security: (await api.post('/v1/incident_types', { name: 'Security' })).body.incident_type,
      Default: await settingOf(api, 'incident_types', 'Default'),
    };
    lead = await settingOf(api, 'incident_roles', 'Incident Lead');

    const region = (value: string) => ({ custom_field_id: fields['Region'].id, values: [{ value_text: value }] });
    made['plain'] = await createIncidentIo(api);
    made['minor'] = await createIncidentIo(api, {
      severity_id: severities['Minor'].id,
      custom_field_entries: [region('eu')],
    });
    made['major'] = await createIncidentIo(api, {
      severity_id: severities['Major'].id,
      incident_status_id: statuses['Investigating'].id,
      custom_field_entries: [
        region('us'),
        { custom_field_id: fields['Product'].id, values: [{ value_option_id: shop.id }] },
      ],
    });
    made['fixing'] = await createIncidentIo(api, {
      severity_id: severities['Critical'].id,
      incident_status_id: statuses['Fixing'].id,
      incident_role_assignments: [{ incident_role_id: lead.id, assignee: { id: ulidOf(member.id) } }],
    });
    made['past'] = await createIncidentIo(api, { mode: 'retrospective', incident_type_id: types['Security'].id });
    made['test'] = await createIncidentIo(api, { mode: 'test' });
    made['secret'] = await createIncidentIo(api, { visibility: 'private' });
    const { id: organisationId } = (await api.get('/v1/organisation')).body;
    blind = await restrictedKey(api.database.sql, organisationId, ['view_data']);
  });
  after(() => api.close());

  const list = async (
    query: Record<string, string | string[]> = {},
    key = api.adminKey,
    version = 'v2',
  ): Promise<Answer> => {
    const parameters = Object.entries(query).flatMap(([name, value]) =>
      [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`),
    );
    return api.get(`/${version}/incidents?${parameters.join('&')}`, { key });
  };
  /** What was made, as it is called above, in the order of the list. */
  const found = async (query: Record<string, string | string[]> = {}, key = api.adminKey, version = 'v2') => {
    const answer = await list(query, key, version);
    assert.equal(answer.status, 200, `${JSON.stringify(query)} ${answer.text}`);
    const names = new Map(Object.entries(made).map(([name, { id }]) => [id, name]));
    const all = answer.body.incidents.map(({ id }: Json) => names.get(id) ?? 'other');
    assert.equal(answer.body.pagination_meta.total_record_count, all.length, 'all are counted');
    return all.join(' ');
  };

  it('come the newest first, or the oldest, without tests unless they are asked for', async () => {
    assert.equal(await found(), 'secret past fixing major minor plain');
    assert.equal(await found({ sort_by: 'created_at_oldest_first' }), 'plain minor major fixing past secret');
    assert.equal(await found({ 'mode[one_of]': ['test', 'retrospective'] }), 'test past');
    assert.equal(await found({ 'mode[not_in]': ['standard'] }), 'test past');
    assert.equal(await found({}, api.adminKey, 'v1'), 'secret test past fixing major minor plain');
  });

  it('are filtered by what they show, with every operator of incident.io', async () => {
    const at = (name: string) => made[name].created_at as string;
    const updated = async (name: string) => (await api.get(`/v2/incidents/${made[name].id}`)).body.incident.updated_at;
    for (const [query, expected] of [
      [{ 'status[one_of]': statuses['Fixing'].id }, 'fixing'],
      [{ 'status[one_of]': [statuses['Fixing'].id, statuses['Closed'].id] }, 'past fixing'],
      [{ 'status[not_in]': [statuses['Fixing'].id, statuses['Triage'].id] }, 'past major'],
      [{ 'status[one_of]': statuses['Waiting'].id }, ''],
      [{ 'status_category[one_of]': 'live' }, 'fixing major'],
      [{ 'status_category[one_of]': ['triage', 'closed'] }, 'secret past minor plain'],
      [{ 'status_category[not_in]': ['live', 'closed'] }, 'secret minor plain'],
      [{ 'status_category[one_of]': 'paused' }, ''],
      [{ 'severity[one_of]': [severities['Minor'].id, severities['Critical'].id] }, 'fixing minor'],
      [{ 'severity[not_in]': severities['Minor'].id }, 'secret past fixing major plain'],
      [{ 'severity[gte]': severities['Major'].id }, 'fixing major'],
      [{ 'severity[lte]': severities['Major'].id }, 'major minor'],
      [{ 'severity[lte]': uuidOfUlid(severities['Minor'].id)! }, 'minor'],
      [{ 'incident_type[one_of]': types['Security'].id }, 'past'],
      [{ 'incident_type[not_in]': types['Security'].id }, 'secret fixing major minor plain'],
      [{ 'incident_type[one_of]': types['Default'].id }, 'secret fixing major minor plain'],
      [{ 'incident_type[not_in]': types['Default'].id }, 'past'],
      [{ [`incident_role[${lead.id}][one_of]`]: ulidOf(member.id) }, 'fixing'],
      [{ [`incident_role[${lead.id}][is_blank]`]: 'false' }, 'fixing'],
      [{ [`incident_role[${lead.id}][is_blank]`]: 'true' }, 'secret past major minor plain'],
      [{ [`custom_field[${fields['Region'].id}][one_of]`]: ['eu', 'asia'] }, 'minor'],
      [{ [`custom_field[${fields['Region'].id}][one_of]`]: ['eu', 'us'] }, 'major minor'],
      [{ [`custom_field[${fields['Region'].id}][not_in]`]: 'eu' }, 'secret past fixing major plain'],
      [{ [`custom_field[${fields['Product'].id}][one_of]`]: shop.id }, 'major'],
      [{ [`custom_field[${fields['Product'].id}][one_of]`]: 'Shop' }, ''],
      [{ [`custom_field[${fields['Product'].id}][is_blank]`]: 'false' }, 'major'],
      [{ [`custom_field[${fields['Region'].id}][is_blank]`]: 'true' }, 'secret past fixing plain'],
      [{ 'created_at[gte]': at('fixing') }, 'secret past fixing'],
      [{ 'created_at[lte]': at('minor') }, 'minor plain'],
      [{ 'created_at[date_range]': `${at('minor')}~${at('fixing')}` }, 'fixing major minor'],
      [{ 'created_at[gte]': '2020-01-01', 'created_at[lte]': '2021-01-01' }, ''],
      [{ 'created_at[date_range]': '2020-01-01~2999-01-01' }, 'secret past fixing major minor plain'],
      [{ 'updated_at[gte]': await updated('secret') }, 'secret'],
      [{ 'severity[gte]': severities['Minor'].id, 'status_category[one_of]': 'live' }, 'fixing major'],
      [
        { 'severity[one_of]': severities['Minor'].id, 'status_category[one_of]': 'live', filter_mode: 'any' },
        'fixing major minor',
      ],
    ] as const)
      assert.equal(await found(query as Record<string, string | string[]>), expected, JSON.stringify(query));
  });

  it('follow their status when it changes, also where one was chosen by hand', async () => {
    const incident = await createIncidentIo(api, { incident_status_id: statuses['Fixing'].id, mode: 'tutorial' });
    const shows = async (name: string) =>
      (await list({ 'status[one_of]': statuses[name].id, 'mode[one_of]': 'tutorial' })).body.incidents.length;
    assert.equal(await shows('Fixing'), 1);
    assert.equal((await api.post(`/v1/incident/${uuidOfUlid(incident.id)}/unacknowledge`, {})).status, 200);
    assert.deepEqual([await shows('Fixing'), await shows('Triage')], [0, 1]);
    assert.equal((await api.post(`/v1/incident/${uuidOfUlid(incident.id)}/acknowledge`, {})).status, 200);
    assert.deepEqual([await shows('Fixing'), await shows('Triage')], [1, 0]);
  });

  it('have the words of version 1 there', async () => {
    const inV1 = (status: string | string[]) => found({ status }, api.adminKey, 'v1');
    assert.equal(await inV1('triage'), 'secret test minor plain');
    assert.equal(await inV1(['investigating', 'fixing']), 'other fixing major');
    assert.equal(await inV1('closed'), 'past');
    assert.equal(await inV1('declined'), '');
    const { incident } = (await api.get(`/v1/incidents/${made['fixing'].id}`)).body;
    assert.deepEqual([incident.status, incident.mode, incident.id], ['fixing', 'real', made['fixing'].id]);
    assert.equal((await api.get(`/v1/incidents/${made['test'].id}`)).body.incident.mode, 'test');
  });

  it('come page by page, each once, whatever is opened meanwhile', async () => {
    for (const sort of ['created_at_newest_first', 'created_at_oldest_first']) {
      const all = (await list({ sort_by: sort, page_size: '250' })).body.incidents.map(({ id }: Json) => id);
      const paged: string[] = [];
      for (let after: string | undefined; ;) {
        const { body } = await list({ sort_by: sort, page_size: '2', ...(after ? { after } : {}) });
        paged.push(...body.incidents.map(({ id }: Json) => id));
        ({ after } = body.pagination_meta);
        if (after === undefined) break;
      }
      assert.deepEqual(paged, all);
    }
  });

  it('are found by id in every spelling, and by the number that people know', async () => {
    const { id, reference } = made['minor'];
    const uuid = uuidOfUlid(id)!;
    const number = reference.replace('INC-', '');
    for (const version of ['v1', 'v2']) {
      const { body } = await api.get(`/${version}/incidents/${id}`);
      assert.equal(body.incident.id, id);
      for (const spelling of [id.toLowerCase(), uuid, uuid.toUpperCase(), number, reference, reference.toLowerCase()])
        assert.deepEqual((await api.get(`/${version}/incidents/${spelling}`)).body, body, spelling);
    }
    for (const unknown of [
      '0',
      '00',
      '999999999',
      '99999999999',
      'INC-0',
      '-1',
      'INC-',
      'x',
      `${id}0`,
      '1.0',
      '%00',
      '%F0%9F%92%A5',
    ])
      assert.equal((await api.get(`/v2/incidents/${unknown}`)).status, 404, unknown);
  });

  it('are not there for who may not see them: in no list, no count, under no name', async () => {
    assert.equal(await found({}, blind), 'past fixing major minor plain');
    assert.equal(await found({ 'status_category[one_of]': 'triage' }, blind), 'minor plain');
    assert.equal(await found({ 'severity[not_in]': severities['Minor'].id }, blind), 'past fixing major plain');
    const { id, reference } = made['secret'];
    for (const version of ['v1', 'v2'])
      for (const spelling of [id, uuidOfUlid(id), reference, reference.replace('INC-', '')])
        assert.equal((await api.get(`/${version}/incidents/${spelling}`, { key: blind })).status, 404);
    const after = await list({ after: id }, blind);
    assert.deepEqual([after.status, faultySources(after)], [422, ['after']]);
    const { id: organisationId } = (await api.get('/v1/organisation')).body;
    const invited = await restrictedKey(api.database.sql, organisationId, ['view_data'], { memberId: member.id });
    assert.equal(await found({}, invited), 'past fixing major minor plain');
    await api.database.sql`
      INSERT INTO incident_memberships (id, organisation_id, incident_id, member_id, granted_by)
      VALUES (gen_random_uuid(), ${organisationId}, ${uuidOfUlid(id)!}, ${member.id}, '{}')`;
    assert.equal(await found({}, invited), 'secret past fixing major minor plain');
    assert.equal((await api.get(`/v2/incidents/${reference}`, { key: invited })).status, 200);
  });

  it('are those of the organisation alone', async () => {
    const foreign = await api.createOrganisation('Foreign');
    assert.equal(await found({}, foreign.key), '');
    assert.equal((await api.get(`/v2/incidents/${made['plain'].id}`, { key: foreign.key })).status, 404);
    assert.equal((await api.get('/v2/incidents/1', { key: foreign.key })).status, 404);
    for (const [query, field] of [
      [{ after: made['plain'].id }, 'after'],
      [{ 'severity[gte]': severities['Minor'].id }, 'severity[gte]'],
      [{ 'severity[one_of]': severities['Minor'].id }, 'severity[one_of]'],
      [{ 'status[not_in]': statuses['Fixing'].id }, 'status[not_in]'],
      [{ 'incident_type[one_of]': types['Security'].id }, 'incident_type[one_of]'],
      [{ [`custom_field[${fields['Region'].id}][one_of]`]: 'eu' }, `custom_field[${fields['Region'].id}][one_of]`],
      [{ [`incident_role[${lead.id}][is_blank]`]: 'true' }, `incident_role[${lead.id}][is_blank]`],
    ] as const) {
      const answer = await list(query as Record<string, string>, foreign.key);
      assert.deepEqual([answer.status, faultySources(answer)], [422, [field]]);
    }
  });

  it('name every filter that makes no sense, all at once', async () => {
    const field = fields['Region'].id;
    const wrong = {
      page_size: '251',
      after: 'x',
      sort_by: 'name',
      filter_mode: 'none',
      'status[one_of]': ['Triage', statuses['Triage'].id],
      'status_category[one_of]': 'open',
      'severity[gte]': [severities['Minor'].id, severities['Major'].id],
      'mode[one_of]': 'real',
      'created_at[gte]': 'yesterday',
      'created_at[lte]': '2026-02-30',
      'updated_at[date_range]': '2026-03-02~2026-03-01',
      status: 'triage',
      'status[gte]': 'x',
      'severity[]': 'x',
      [`custom_field[${field}][gte]`]: '1',
      'custom_field[x][one_of]': '1',
      [`custom_field[${field}][is_blank]`]: 'maybe',
      [`custom_field[${field}][one_of]`]: 'a\0',
      [`incident_role[${lead.id}][one_of]`]: 'Ada',
      [`incident_role[${lead.id}][not_in]`]: lead.id,
      "x'; DROP TABLE incidents; --": '1',
      __proto__x: '1',
      nonsense: '1',
    };
    const answer = await list(wrong);
    assert.equal(answer.status, 422);
    assert.deepEqual(faultySources(answer), Object.keys(wrong).sort());
    const tooMany = {
      'severity[one_of]': Array.from({ length: 101 }, (_, n) =>
        ulidOf(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`),
      ),
    };
    assert.deepEqual(faultySources(await list(tooMany)), ['severity[one_of]']);
    for (const query of [
      'page_size=',
      'page_size=2&page_size=3',
      'status[one_of]=',
      'created_at[date_range]=~',
      '%F0=1',
      'a[b',
    ])
      assert.equal((await api.get(`/v2/incidents?${query}`)).status, 422, query);
    assert.deepEqual(faultySources(await list({ status: 'open', page_size: '0', mode: 'x' }, api.adminKey, 'v1')), [
      'mode',
      'page_size',
      'status',
    ]);
  });

  it('refuse in the words of incident.io when a key asks too much', async () => {
    const limited = await startWorkingApi({
      rateLimits: { apiKey: { name: 'api-key', quota: 1, windowSeconds: 600 } },
    });
    try {
      assert.equal((await limited.get('/v2/incidents')).status, 200);
      const { status, body, headers } = await limited.get('/v2/incidents');
      assert.deepEqual([status, body.type, body.status], [429, 'too_many_requests', 429]);
      assert.deepEqual([body.rate_limit.limit, body.rate_limit.remaining], [1, 0]);
      assert.ok(Number(headers.get('Retry-After')) > 0);
    } finally {
      await limited.close();
    }
  });
});
