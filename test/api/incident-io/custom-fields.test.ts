import assert from 'node:assert/strict';
import { startTestApi, type Answer, type Json, type TestApi } from '../../support/api.ts';

describe('custom fields', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

  let count = 0;
  const create = async (json: Json = {}, version = 'v1'): Promise<Json> => {
    const draft = { name: `Field ${(count += 1)}`, field_type: 'single_select', ...json };
    const answer = await api.post(`/${version}/custom_fields`, draft);
    assert.equal(answer.status, 201, answer.text);
    return answer.body.custom_field;
  };
  const put = (id: string, json: Json, version = 'v1') => api.send('PUT', `/${version}/custom_fields/${id}`, { json });
  const show = async (id: string, version = 'v1') =>
    (await api.get(`/${version}/custom_fields/${id}`)).body.custom_field;
  const faultsOf = ({ status, body }: Answer): string[] => {
    assert.equal(status, 422);
    return body.errors.map(({ source }: Json) => source.field);
  };

  it('are the same in both versions, the second without options and forms', async () => {
    const made = await create({ name: 'Affected team', description: 'Whom it hurts', show_before_update: true });
    const option = (await api.post('/v1/custom_field_options', { custom_field_id: made.id, value: 'Payments' })).body;
    const first = await show(made.id);
    assert.deepEqual(first, {
      ...{ id: made.id, name: 'Affected team', description: 'Whom it hurts', field_type: 'single_select' },
      ...{ required: 'never', required_v2: 'never' },
      ...{ show_before_creation: false, show_before_closure: false, show_before_update: true },
      ...{ show_in_announcement_post: false, options: [option.custom_field_option] },
      ...{ created_at: made.created_at, updated_at: made.updated_at },
    });
    const { id, name, description, field_type: fieldType, created_at: createdAt, updated_at: updatedAt } = first;
    const second = { id, name, description, field_type: fieldType, created_at: createdAt, updated_at: updatedAt };
    assert.deepEqual(await show(id, 'v2'), second);
    const listed = (await api.get('/v2/custom_fields')).body.custom_fields;
    assert.deepEqual(
      listed.find((field: Json) => field.id === id),
      second,
    );
    await put(id, { description: 'Changed by the second version' }, 'v2');
    const changed = await show(id);
    assert.deepEqual([changed.description, changed.show_before_update], ['Changed by the second version', true]);
  });

  it('take both words for when they are required, the newer one first', async () => {
    for (const [given, words] of [
      [{ required: 'before_closure' }, ['before_closure', 'before_resolution']],
      [{ required_v2: 'before_resolution' }, ['before_closure', 'before_resolution']],
      [{ required: 'before_closure', required_v2: 'never' }, ['never', 'never']],
      [{ required: 'always', show_before_creation: true }, ['always', 'always']],
    ] as const) {
      const made = await create(given);
      assert.deepEqual([made.required, made.required_v2], words);
      const changed = (await put(made.id, { required_v2: 'before_resolution' })).body.custom_field;
      assert.deepEqual([changed.required, changed.required_v2], ['before_closure', 'before_resolution']);
    }
  });

  it('are shown before creation where they are always required', async () => {
    const draft = { name: 'Always', field_type: 'text', required_v2: 'always' };
    assert.deepEqual(faultsOf(await api.post('/v1/custom_fields', draft)), ['show_before_creation']);
    const made = await create({ ...draft, show_before_creation: true });
    assert.deepEqual(faultsOf(await put(made.id, { show_before_creation: false })), ['show_before_creation']);
    assert.deepEqual(await show(made.id), made);
    assert.equal((await put(made.id, { required_v2: 'never', show_before_creation: false })).status, 200);
    assert.deepEqual(faultsOf(await put(made.id, { required: 'always' })), ['show_before_creation']);
  });

  it('keep their type', async () => {
    for (const version of ['v1', 'v2']) {
      const made = await create({ field_type: 'numeric' }, version);
      const refused = await put(made.id, { name: 'New name', field_type: 'text' }, version);
      assert.deepEqual(faultsOf(refused), ['field_type']);
      assert.deepEqual(await show(made.id, version), made);
      assert.equal((await put(made.id, { field_type: 'numeric' }, version)).status, 200);
    }
  });

  it('take their options along when they are deleted', async () => {
    const { id, name } = await create();
    const { custom_field_option: option } = (
      await api.post('/v1/custom_field_options', { custom_field_id: id, value: 'Payments' })
    ).body;
    assert.equal((await api.send('DELETE', `/v2/custom_fields/${id}`)).status, 204);
    assert.equal((await api.get(`/v1/custom_fields/${id}`)).status, 404);
    for (const [method, json] of [['GET'], ['PUT', {}], ['DELETE']] as const) {
      const answer = await api.send(method, `/v1/custom_field_options/${option.id}`, { json });
      assert.equal(answer.status, 404, method);
    }
    assert.deepEqual(faultsOf(await api.get(`/v1/custom_field_options?custom_field_id=${id}`)), ['custom_field_id']);
    const again = await create({ name });
    assert.deepEqual(again.options, []);
  });
});
