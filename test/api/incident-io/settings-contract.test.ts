import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { ulidOf, uuidOfUlid } from '../../../src/outbound/incident-io/ulid.ts';
import { restrictedKey } from '../../support/restricted-key.ts';
import { startTestApi, type Answer, type Json, type TestApi } from '../../support/api.ts';

/** What every kind of setting of incident.io's API keeps to. */
interface Noun {
  path: string;
  /** In answers: one, and many. */
  one: string;
  many: string;
  /** The field that is unique in capital or small letters. */
  unique: 'name' | 'value';
  /** A whole body; `label` makes its unique fields. */
  draft(label: string, fieldId: string): Json;
  /** Changes what an entry of that draft has. */
  change(label: string): Json;
  /** Every field of it is faulty, and named so. */
  faulty: Json;
  /** Fields that a draft cannot be without. */
  needed: string[];
  /** What is listed before anything was made. */
  atFirst: number;
  most: number;
  query?: (fieldId: string) => string;
}

const long = (length: number) => 'x'.repeat(length + 1);
const role = (label: string) => ({ name: label, description: 'D', instructions: 'I', shortform: `s ${label}` });
const faultyRole = { name: '', description: 1, instructions: long(10_000), shortform: long(50) };
const field = { description: 'D', field_type: 'multi_select' };
const fieldV1 = {
  ...field,
  required: 'before_closure',
  required_v2: 'before_resolution',
  show_before_creation: true,
  show_before_closure: true,
  show_before_update: false,
  show_in_announcement_post: true,
};

const nouns: Noun[] = [
  {
    path: '/v1/severities',
    ...{ one: 'severity', many: 'severities', unique: 'name', needed: ['name'], atFirst: 3, most: 200 },
    draft: (label) => ({ name: label, description: 'Issues with **low impact**.', rank: 7 }),
    change: (label) => ({ name: label, description: '', rank: 0 }),
    faulty: { name: long(64), description: long(2_000), rank: -1 },
  },
  {
    path: '/v1/custom_fields',
    ...{ one: 'custom_field', many: 'custom_fields', unique: 'name', atFirst: 0, most: 200 },
    needed: ['field_type', 'name'],
    draft: (label) => ({ name: label, ...fieldV1 }),
    change: (label) => ({ name: label, description: '', required: 'never', required_v2: 'never' }),
    faulty: {
      ...{ name: ' ', description: null, field_type: 'checkbox', required: 'x', required_v2: 'before_closure' },
      ...{ show_before_creation: 1, show_before_closure: 'true', show_before_update: null },
      show_in_announcement_post: {},
    },
  },
  {
    path: '/v2/custom_fields',
    ...{ one: 'custom_field', many: 'custom_fields', unique: 'name', atFirst: 0, most: 200 },
    needed: ['field_type', 'name'],
    draft: (label) => ({ name: label, ...field }),
    change: (label) => ({ name: label, description: '' }),
    faulty: { name: long(100), description: 1, field_type: null },
  },
  {
    path: '/v1/custom_field_options',
    ...{ one: 'custom_field_option', many: 'custom_field_options', unique: 'value', atFirst: 0, most: 1_000 },
    needed: ['custom_field_id', 'value'],
    draft: (label, fieldId) => ({ custom_field_id: fieldId, value: label, sort_key: 7 }),
    change: (label) => ({ value: label, sort_key: 0 }),
    faulty: { custom_field_id: 'x', value: 'a\tb', sort_key: 1.5 },
    query: (fieldId) => `custom_field_id=${fieldId}`,
  },
  {
    path: '/v1/incident_roles',
    ...{ one: 'incident_role', many: 'incident_roles', unique: 'name', atFirst: 2, most: 200 },
    needed: ['name', 'shortform'],
    draft: (label) => ({ ...role(label), required: true }),
    change: (label) => ({ ...role(label), description: '', required: false }),
    faulty: { ...faultyRole, required: 'no' },
  },
  {
    path: '/v2/incident_roles',
    ...{ one: 'incident_role', many: 'incident_roles', unique: 'name', atFirst: 2, most: 200 },
    needed: ['name', 'shortform'],
    draft: role,
    change: (label) => ({ ...role(label), instructions: '' }),
    faulty: faultyRole,
  },
  {
    path: '/v1/incident_statuses',
    ...{ one: 'incident_status', many: 'incident_statuses', unique: 'name', atFirst: 4, most: 200 },
    needed: ['category', 'name'],
    draft: (label) => ({ name: label, description: 'D', category: 'learning' }),
    change: (label) => ({ name: label, description: '' }),
    faulty: { name: 7, description: long(2_000), category: 'triage' },
  },
  {
    path: '/v1/incident_types',
    ...{ one: 'incident_type', many: 'incident_types', unique: 'name', needed: ['name'], atFirst: 1, most: 200 },
    draft: (label) => ({
      ...{ name: label, description: 'D', is_default: false },
      ...{ private_incidents_only: true, create_in_triage: 'always' },
    }),
    change: (label) => ({ name: label, private_incidents_only: false, create_in_triage: 'optional' }),
    faulty: {
      ...{ name: '', description: 1, is_default: 'no' },
      ...{ private_incidents_only: 0, create_in_triage: 'never' },
    },
  },
];

describe("the settings of incident.io's API", () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

  for (const noun of nouns)
    describe(noun.path, () => {
      let key: string;
      let organisationId: string;
      let fieldId: string;
      let other: { key: string; fieldId: string };
      before(async () => {
        const make = async (name: string) => {
          const { id, key } = await api.createOrganisation(name);
          if (!noun.query) return { id, key, fieldId: ulidOf(uuid()) };
          const made = await api.post('/v2/custom_fields', { name: 'Field', ...field }, { key });
          return { id, key, fieldId: made.body.custom_field.id as string };
        };
        ({ id: organisationId, key, fieldId } = await make('Acme'));
        other = await make('Other');
      });

      const send = (method: string, path = '', json?: Json, as = key): Promise<Answer> =>
        api.send(method, noun.path + path, { key: as, json });
      const list = async (as = { key, fieldId }): Promise<Json[]> => {
        const answer = await send('GET', noun.query ? `?${noun.query(as.fieldId)}` : '', undefined, as.key);
        assert.equal(answer.status, 200, answer.text);
        return answer.body[noun.many];
      };
      const create = async (label: string): Promise<Json> => {
        const answer = await send('POST', '', noun.draft(label, fieldId));
        assert.equal(answer.status, 201, answer.text);
        return answer.body[noun.one];
      };
      /** What the draft says, as answers repeat it. */
      const pick = (entry: Json, draft: Json) =>
        Object.fromEntries(Object.keys(draft).map((name) => [name, entry[name]]));

      it('are made, shown, listed, changed and deleted', async () => {
        const before = await list();
        assert.equal(before.length, noun.atFirst);
        const made = await create('Round trip');
        assert.deepEqual(pick(made, noun.draft('Round trip', fieldId)), noun.draft('Round trip', fieldId));
        assert.match(made.id, /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
        for (const time of noun.unique === 'value' ? [] : [made.created_at, made.updated_at])
          assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
        assert.deepEqual((await send('GET', `/${made.id}`)).body, { [noun.one]: made });
        assert.deepEqual(
          (await list()).find(({ id }) => id === made.id),
          made,
        );
        assert.equal((await list()).length, before.length + 1);

        const change = noun.change('Changed');
        const changed = await send('PUT', `/${made.id}`, change);
        assert.equal(changed.status, 200, changed.text);
        const { updated_at: changedAt, ...expected } = { ...made, ...change };
        const { updated_at: shownAt, ...shown } = changed.body[noun.one];
        assert.deepEqual(shown, expected);
        assert.ok(changedAt === undefined || shownAt > changedAt);
        assert.deepEqual((await send('GET', `/${made.id}`)).body, changed.body);

        const deleted = await send('DELETE', `/${made.id}`);
        assert.deepEqual([deleted.status, deleted.text], [204, '']);
        for (const [method, json] of [['GET'], ['PUT', {}], ['DELETE']] as const)
          assert.equal((await send(method, `/${made.id}`, json)).status, 404, method);
        assert.deepEqual(await list(), before);
      });

      it('are the same after the same PUT, and after one of nothing', async () => {
        const { id } = await create('Twice');
        const change = noun.change('Twice, changed');
        const settled = async (json: Json) => {
          const { updated_at: at, ...rest } = (await send('PUT', `/${id}`, json)).body[noun.one];
          return { rest, at };
        };
        const first = await settled(change);
        for (const json of [change, {}, { unheard_of: 1 }]) assert.deepEqual((await settled(json)).rest, first.rest);
        await send('DELETE', `/${id}`);
      });

      it('are known by ULID and UUID, in capital and small letters', async () => {
        const made = await create('Ids');
        const plain = uuidOfUlid(made.id)!;
        for (const id of [made.id.toLowerCase(), plain, plain.toUpperCase()]) {
          const answer = await send('GET', `/${id}`);
          assert.deepEqual(answer.body, { [noun.one]: made }, id);
        }
        await send('DELETE', `/${plain}`);
        assert.equal((await send('GET', `/${made.id}`)).status, 404);
      });

      it('are unknown under other ids, and to others', async () => {
        const made = await create('Ours');
        for (const [id, as] of [
          [made.id, other.key],
          ...[ulidOf(uuid()), uuid(), 'x', `${made.id}0`, 'Z'.repeat(26)].map((id) => [id, key] as const),
        ] as const)
          for (const [method, json] of [['GET'], ['PUT', noun.change('Stolen')], ['DELETE']] as const) {
            const answer = await send(method, `/${id}`, json, as);
            assert.equal(answer.status, 404, `${method} ${id}`);
            const { request_id: requestId, ...rest } = answer.body;
            assert.equal(requestId, answer.headers.get('x-request-id'));
            const errors = [{ code: 'not_found', message: 'Nothing is known under this path.' }];
            assert.deepEqual(rest, { type: 'not_found', status: 404, errors });
          }
        assert.deepEqual((await send('GET', `/${made.id}`)).body, { [noun.one]: made });
        assert.ok(!(await list(other)).some(({ id }) => id === made.id));
        // Their names are free for us.
        const theirs = await send('POST', '', noun.draft('Ours', other.fieldId), other.key);
        assert.equal(theirs.status, 201, theirs.text);
        await send('DELETE', `/${theirs.body[noun.one].id}`, undefined, other.key);
        await send('DELETE', `/${made.id}`);
      });

      it('name every faulty field, and store nothing then', async () => {
        const made = await create('Faults');
        const before = await list();
        const missing = await send('POST', '', {});
        assert.deepEqual(faultsOf(missing), noun.needed);
        assert.deepEqual([...new Set(missing.body.errors.map(({ code }: Json) => code))], ['is_required']);
        assert.deepEqual(faultsOf(await send('POST', '', noun.faulty)), Object.keys(noun.faulty).sort());
        const onlyNew = noun.unique === 'value' ? 'custom_field_id' : noun.one === 'incident_status' ? 'category' : '';
        const { [onlyNew]: ignored, ...changeable } = noun.faulty;
        void ignored;
        const faults = await send('PUT', `/${made.id}`, changeable);
        assert.deepEqual(faultsOf(faults), Object.keys(changeable).sort());
        for (const { code, message, source } of faults.body.errors) {
          assert.equal(code, 'invalid_value');
          assert.ok(message.startsWith(`${source.field} `), message);
        }
        assert.deepEqual(await list(), before);
        await send('DELETE', `/${made.id}`);
      });

      it('have names of their own, until they are deleted', async () => {
        const [first, second] = [await create('Taken'), await create('Free')];
        const isTaken = (answer: Answer) => {
          assert.deepEqual(faultsOf(answer), [noun.unique]);
          assert.equal(answer.body.errors[0].code, 'already_exists');
        };
        const draft = { ...noun.draft('another', fieldId), [noun.unique]: 'tAKEN' };
        isTaken(await send('POST', '', draft));
        isTaken(await send('PUT', `/${second.id}`, { [noun.unique]: 'TAKEN' }));
        assert.deepEqual((await send('GET', `/${second.id}`)).body, { [noun.one]: second });
        assert.equal((await send('PUT', `/${first.id}`, { [noun.unique]: 'TAKEN' })).body[noun.one].id, first.id);
        await send('DELETE', `/${first.id}`);
        assert.equal((await send('PUT', `/${second.id}`, { [noun.unique]: 'Taken' })).status, 200);
        await send('DELETE', `/${second.id}`);
      });

      it('have one name each, also when several are made at once', async () => {
        const answers = await Promise.all(
          Array.from({ length: 6 }, () => send('POST', '', noun.draft('Race', fieldId))),
        );
        assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 422, 422, 422, 422, 422]);
        for (const answer of answers)
          if (answer.status === 422) assert.ok(faultsOf(answer).includes(noun.unique), answer.text);
          else await send('DELETE', `/${answer.body[noun.one].id}`);
      });

      it('are refused to those without a key or the permission', async () => {
        const made = await create('Permitted');
        const reader = await restrictedKey(api.deps.sql, organisationId, ['view_data']);
        const blind = await restrictedKey(api.deps.sql, organisationId, ['create_incidents']);
        const requests = [
          ['GET', noun.query ? `?${noun.query(fieldId)}` : '', undefined],
          ['GET', `/${made.id}`, undefined],
          ['POST', '', {}],
          ['PUT', `/${made.id}`, {}],
          ['DELETE', `/${made.id}`, undefined],
        ] as const;
        for (const [method, path, json] of requests) {
          const refusals = [
            [401, 'authentication_error', 'missing_authorization_material', null],
            [401, 'authentication_error', 'access_token_invalid', 'unheard-of'],
            [403, 'authorization_error', 'permission_denied', blind],
            ...(method === 'GET' ? [] : [[403, 'authorization_error', 'permission_denied', reader] as const]),
          ] as const;
          for (const [status, type, code, as] of refusals) {
            const answer = await api.send(method, noun.path + path, { key: as, json });
            assert.equal(answer.status, status, `${method} ${path} ${code}`);
            assert.deepEqual(Object.keys(answer.body), ['type', 'status', 'request_id', 'errors']);
            assert.deepEqual([answer.body.type, answer.body.status], [type, status]);
            assert.deepEqual(
              answer.body.errors.map((error: Json) => error.code),
              [code],
            );
          }
          if (method === 'GET') assert.equal((await send(method, path, json, reader)).status, 200);
        }
        assert.deepEqual((await send('GET', `/${made.id}`)).body, { [noun.one]: made });
        await send('DELETE', `/${made.id}`);
      });

      it('refuse what is no JSON in the words of incident.io', async () => {
        for (const [body, type, status, code] of [
          ['{', 'application/json', 400, 'malformed_json'],
          ['{}', 'text/plain', 415, 'unsupported_media_type'],
          [JSON.stringify({ name: 'x'.repeat(1_100_000) }), 'application/json', 413, 'body_too_large'],
        ] as const) {
          const answer = await api.send('POST', noun.path, { key, body, headers: { 'Content-Type': type } });
          assert.equal(answer.status, status, code);
          assert.match(answer.headers.get('Content-Type')!, /^application\/json/);
          assert.deepEqual([answer.body.status, answer.body.errors[0].code], [status, code]);
        }
        const wrong = await send('PUT', '', {});
        assert.deepEqual([wrong.status, wrong.body.errors[0].code], [405, 'method_not_allowed']);
      });

      it('are as many as there may be, and no more', async function () {
        this.timeout(90_000);
        const table = noun.path.slice(4);
        const { sql } = api.deps;
        const made = await create('The first');
        const [row] = await sql<Json[]>`SELECT * FROM ${sql(table)} WHERE id = ${uuidOfUlid(made.id)!}`;
        const columns = Object.keys(row!).filter((column) => !['id', noun.unique, 'shortform'].includes(column));
        const rows = Array.from({ length: noun.most - (await list()).length }, (_, index) => ({
          ...Object.fromEntries(columns.map((column) => [column, row![column]])),
          ...{ id: uuid(), [noun.unique]: `Many ${index}`, ...('shortform' in row! ? { shortform: `m${index}` } : {}) },
        }));
        await sql`INSERT INTO ${sql(table)} ${sql(rows)}`;
        const full = await send('POST', '', noun.draft('One too many', fieldId));
        assert.deepEqual(
          [full.status, full.body.type, full.body.errors[0].code],
          [422, 'validation_error', 'limit_reached'],
        );
        assert.equal((await send('DELETE', `/${made.id}`)).status, 204);
        await create('Room again');
      });
    });
});

/** The names of the faulty fields, in alphabetical order, once the answer is incident.io's. */
function faultsOf({ status, body, text }: Answer): string[] {
  assert.equal(status, 422, text);
  assert.deepEqual([body.type, body.status], ['validation_error', 422]);
  return body.errors.map(({ source }: Json) => source?.field).sort();
}
