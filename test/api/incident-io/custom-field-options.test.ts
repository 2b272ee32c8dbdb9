import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { ulidOf, uuidOfUlid } from '../../../src/outbound/incident-io/ulid.ts';
import { startTestApi, type Answer, type Json, type TestApi } from '../../support/api.ts';

describe('the options of a custom field', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

  let count = 0;
  const field = async (type = 'multi_select'): Promise<string> => {
    const draft = { name: `Field ${(count += 1)}`, field_type: type };
    return (await api.post('/v2/custom_fields', draft)).body.custom_field.id;
  };
  const post = (json: Json) => api.post('/v1/custom_field_options', json);
  const create = async (json: Json): Promise<Json> => {
    const answer = await post(json);
    assert.equal(answer.status, 201, answer.text);
    return answer.body.custom_field_option;
  };
  const list = (fieldId: string, query = '') => api.get(`/v1/custom_field_options?custom_field_id=${fieldId}${query}`);
  const faultsOf = ({ status, body, text }: Answer): string[] => {
    assert.equal(status, 422, text);
    return body.errors.map(({ source }: Json) => source.field);
  };

  it('are listed by their sort keys, page by page, also while one is deleted', async () => {
    const fieldId = await field();
    await create({ custom_field_id: await field(), value: 'Of another field' });
    for (const sortKey of [30, 10, 20, 20, 10]) {
      count += 1;
      await create({ custom_field_id: fieldId, value: `Option ${count}`, sort_key: sortKey });
    }
    const whole = (await list(fieldId)).body;
    assert.deepEqual(whole.pagination_meta, { page_size: 25 });
    assert.deepEqual(
      whole.custom_field_options.map((option: Json) => option.sort_key),
      [10, 10, 20, 20, 30],
    );
    const seen: Json[] = [];
    let after = '';
    for (const size of [2, 2, 1]) {
      const page = (await list(fieldId, `&page_size=2${after && `&after=${after}`}`)).body;
      assert.equal(page.custom_field_options.length, size);
      seen.push(...page.custom_field_options);
      const last = page.custom_field_options.at(-1).id;
      assert.deepEqual(page.pagination_meta, size === 2 ? { page_size: 2, after: last } : { page_size: 2 });
      after = uuidOfUlid(last)!;
      // Where the page ended is known all the same.
      await api.send('DELETE', `/v1/custom_field_options/${last}`);
    }
    assert.deepEqual(seen, whole.custom_field_options);
  });

  it('are refused a page that is none of theirs', async () => {
    const fieldId = await field();
    const other = await create({ custom_field_id: await field(), value: 'Elsewhere' });
    for (const after of [other.id, ulidOf(uuid()), 'x'])
      assert.deepEqual(faultsOf(await list(fieldId, `&after=${after}`)), ['after']);
    for (const size of ['0', '251', 'x', ''])
      assert.deepEqual(faultsOf(await list(fieldId, `&page_size=${size}`)), ['page_size']);
    assert.equal((await list(fieldId, '&page_size=250')).status, 200);
    assert.deepEqual(faultsOf(await api.get('/v1/custom_field_options')), ['custom_field_id']);
    assert.deepEqual(faultsOf(await list(ulidOf(uuid()))), ['custom_field_id']);
    const { key } = await api.createOrganisation('Other');
    const foreign = await api.get(`/v1/custom_field_options?custom_field_id=${fieldId}`, { key });
    assert.deepEqual(faultsOf(foreign), ['custom_field_id']);
  });

  it('come last without a sort key', async () => {
    const fieldId = await field();
    const keys = [];
    for (const value of ['A', 'B']) keys.push((await create({ custom_field_id: fieldId, value })).sort_key);
    await create({ custom_field_id: fieldId, value: 'C', sort_key: 55 });
    keys.push((await create({ custom_field_id: fieldId, value: 'D' })).sort_key);
    assert.deepEqual(keys, [10, 20, 65]);
    await create({ custom_field_id: fieldId, value: 'E', sort_key: 999_999_999 });
    assert.equal((await create({ custom_field_id: fieldId, value: 'F' })).sort_key, 1_000_000_000);
  });

  it('are of fields where something is chosen, and of our own', async () => {
    for (const type of ['text', 'link', 'numeric'])
      assert.deepEqual(faultsOf(await post({ custom_field_id: await field(type), value: 'V' })), ['custom_field_id']);
    for (const type of ['single_select', 'multi_select'])
      await create({ custom_field_id: await field(type), value: 'V' });
    assert.deepEqual(faultsOf(await post({ custom_field_id: ulidOf(uuid()), value: 'V' })), ['custom_field_id']);
    const { key } = await api.createOrganisation('Strangers');
    const foreign = await api.post('/v1/custom_field_options', { custom_field_id: await field(), value: 'V' }, { key });
    assert.deepEqual(faultsOf(foreign), ['custom_field_id']);
  });

  it('may be called the same in different fields, and neither begin nor end with white space', async () => {
    for (const fieldId of [await field(), await field()]) await create({ custom_field_id: fieldId, value: 'Same' });
    const fieldId = await field();
    for (const value of [' A', 'A ', 'A\tB', 'A\nB', '', ' ', 'x'.repeat(256)])
      assert.deepEqual(faultsOf(await post({ custom_field_id: fieldId, value })), ['value'], JSON.stringify(value));
    for (const value of ['A', 'A B', 'É', 'x'.repeat(255)]) await create({ custom_field_id: fieldId, value });
  });

  it('stay known to incidents when they are deleted', async () => {
    const fieldId = await field();
    const made = await create({ custom_field_id: fieldId, value: 'Kept' });
    await api.send('DELETE', `/v1/custom_field_options/${made.id}`);
    const organisationId = (await api.get('/v1/organisation')).body.id;
    const [kept] = await api.deps.stores.customFields.byIds(organisationId, [uuidOfUlid(fieldId)!]);
    const [option] = kept!.options;
    assert.deepEqual([option!.value, option!.isDeleted], ['Kept', true]);
    assert.deepEqual((await api.get(`/v1/custom_fields/${fieldId}`)).body.custom_field.options, []);
  });
});
