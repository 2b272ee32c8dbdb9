import assert from 'node:assert/strict';
import { startTestApi, type TestApi } from '../support/api.ts';

describe('health', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  it('of the process needs nothing else', async () => {
    const answer = await api.get('/health', { key: null });
    assert.deepEqual([answer.status, answer.body], [200, { status: 'ok' }]);
  });

  it('names what is not ready', async () => {
    const noTemporal = await api.get('/ready', { key: null });
    assert.equal(noTemporal.status, 503);
    assert.deepEqual(noTemporal.body.errors, [{ field: 'temporal', message: 'does not answer' }]);
    assert.equal(noTemporal.headers.get('Retry-After'), '2');
    await api.database.sql`UPDATE migrations SET checksum = 'of another release'`;
    const { body } = await api.get('/ready', { key: null });
    assert.deepEqual(
      body.errors.map(({ field }: { field: string }) => field),
      ['migrations', 'temporal'],
    );
  });

  it('is degraded without workers, and keeps counts for those with a key', async () => {
    const open = await api.get('/v1/health-check', { key: null });
    assert.equal(open.status, 503);
    assert.equal(open.headers.get('Retry-After'), '2');
    assert.deepEqual(open.body, {
      status: 'degraded',
      checks: {
        workers: { status: 'failing' },
        events: { status: 'ok', oldest_seconds: null },
        deliveries: { status: 'ok', oldest_seconds: null },
        notifications: { status: 'ok', oldest_seconds: null },
      },
    });
    const keyed = await api.get('/v1/health-check');
    assert.deepEqual(keyed.body.incidents, { active: 0, resolved: 0 });
    assert.equal((await api.get('/v1/health-check', { key: 'wrong' })).status, 401);
  });

  it('is degraded when an event or a delivery has waited for over a minute', async () => {
    const other = await startTestApi();
    try {
      other.deps.temporal.hasWorkers = () => Promise.resolve(true);
      const { sql } = other.database;
      const { id } = (await other.post('/v1/webhook', {})).body;
      await other.send('POST', `/v1/incident/webhook/${id}`, { body: '{}' });
      assert.deepEqual((await other.deps.stores.backlog.read()).oldestDeliverySeconds, null);
      await sql`UPDATE events SET received_at = now() - interval '61 s'`;
      const late = await other.get('/v1/health-check', { key: null });
      assert.equal(late.status, 503);
      assert.equal(late.body.checks.events.status, 'failing');
      assert.ok(late.body.checks.events.oldest_seconds >= 61);
      assert.equal(late.body.checks.workers.status, 'ok');
    } finally {
      await other.close();
    }
  });
});
