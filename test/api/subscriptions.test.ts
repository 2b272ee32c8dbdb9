import assert from 'node:assert/strict';
import { createAddressGuard } from '../../src/outbound/address-guard.ts';
import { faultyFields, startTestApi, type TestApi } from '../support/api.ts';

describe('subscriptions over HTTP', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi({ targetRefusal: createAddressGuard({ allowedNetworks: ['127.0.0.0/8'] }).refusalOf });
  });
  after(() => api.close());

  const draft = { name: 'Pager', url: 'http://127.0.0.1:9999/hook', dialect: 'pulseapi' };

  it('show their secret once', async () => {
    const created = await api.post('/v1/subscription', draft);
    assert.equal(created.status, 201);
    const { secret, ...rest } = created.body;
    assert.match(secret, /^whsec_/);
    assert.deepEqual(rest, {
      id: rest.id,
      ...draft,
      events: ['incident.created', 'incident.resolved'],
      enabled: true,
      created_at: rest.created_at,
    });
    const list = await api.get('/v1/subscriptions');
    assert.deepEqual(list.body.subscriptions, [rest]);
    assert.ok(!list.text.includes(secret));
    const deliveries = await api.get(`/v1/subscription/${rest.id}/deliveries`);
    assert.deepEqual(deliveries.body, { deliveries: [], next_cursor: null });
  });

  it('name every faulty field', async () => {
    assert.deepEqual(faultyFields(await api.post('/v1/subscription', { dialect: 'morse', secret: 'x' })), [
      'dialect',
      'name',
      'secret',
      'url',
    ]);
    const events = ['incident.created', 'incident.acknowledged', 7];
    assert.deepEqual(faultyFields(await api.post('/v1/subscription', { ...draft, events })), [
      'events[1]',
      'events[2]',
    ]);
    assert.deepEqual(faultyFields(await api.post('/v1/subscription', { ...draft, events: [] })), ['events']);
  });

  it('do not lead to private places', async () => {
    for (const url of [
      'http://10.0.0.1/',
      'http://169.254.169.254/latest',
      'http://[::ffff:10.0.0.1]/',
      'http://user:pass@example.com/',
      'file:///etc/passwd',
      'http://127.0.0.1:5432/',
      'javascript:alert(1)',
    ]) {
      const answer = await api.post('/v1/subscription', { ...draft, url });
      assert.deepEqual([answer.status, faultyFields(answer)], [422, ['url']], url);
    }
  });
});
