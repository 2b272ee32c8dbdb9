import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSql, type Sql } from '../../src/stores/sql.ts';
import type { Answer } from '../support/api.ts';
import { kill, launchedAfter } from '../support/kill.ts';
import { createPgProxy, type PgProxy } from '../support/pg-proxy.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { lockRow } from '../support/row-lock.ts';
import { createStory } from '../support/story.ts';

const api = 'tocsin-api';

describe('chaos/api-killed-before-answer', function () {
  this.timeout(240_000);
  const name = `chaos_${randomBytes(6).toString('hex')}`;
  let admin: Sql;
  let sql: Sql;
  let proxy: PgProxy;
  let product: TestProduct;
  const story = createStory(() => product);

  before(async () => {
    const serverUrl = process.env.TEST_DATABASE_URL!;
    admin = createSql(serverUrl, { max: 1 });
    await admin.unsafe(`CREATE DATABASE ${name}`);
    const databaseUrl = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).toString();
    sql = createSql(databaseUrl, { max: 4 });
    proxy = await createPgProxy(databaseUrl);
    product = await startProduct({ env: { DATABASE_URL: proxy.url, OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' } });
  });
  after(async () => {
    await product.killAll();
    await proxy.close();
    await sql.end({ timeout: 1 });
    await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
    await removeDataDir(product.dataDir);
  });

  it('keeps an event whose sender never heard of it, and evaluates it once', async () => {
    const { webhookId } = await story.cases(['down']);
    proxy.holdAnswers(api, 'INSERT 0 1');
    const unanswered = failing(story.event(webhookId, { case: 'down' }));
    await untilCount(1, () => sql`SELECT FROM events WHERE webhook_id = ${webhookId}`);
    await killApi(unanswered);

    const [event, ...others] = await story.untilEvaluated(webhookId);
    assert.deepEqual(others, []);
    assert.deepEqual(
      event.matches.map(({ outcome }: { outcome: string }) => outcome),
      ['opened'],
    );
    const incidents = await story.list('/v1/organisation/incidents', 'incidents');
    assert.deepEqual(
      incidents.map(({ webhook_id, occurrences }) => [webhook_id, occurrences]),
      [[webhookId, 1]],
    );
  });

  it('repeats a creation under its Idempotency-Key with the same answer, its secret included', async () => {
    const repeat = () => story.post('/v1/subscription', body, { idempotencyKey });
    const body = { name: 'Pager', url: 'http://127.0.0.1:9999/hook', dialect: 'standard' };
    const idempotencyKey = randomUUID();
    proxy.holdAnswers(api, 'COMMIT');
    const unanswered = failing(repeat());
    await untilCount(1, () => sql`SELECT FROM subscriptions`);
    await killApi(unanswered);

    const [first, second] = [await repeat(), await repeat()];
    assert.equal(first.status, 201);
    assert.equal(first.headers.get('Idempotent-Replayed'), 'true');
    assert.match(first.body.secret, /^whsec_/);
    assert.equal(second.text, first.text);
    assert.equal((await story.list('/v1/subscriptions', 'subscriptions')).length, 1);
  });

  it('carries out once what a client repeats under its Idempotency-Key', async () => {
    const [openKey, acknowledgeKey] = [randomUUID(), randomUUID()];
    const teamId = await story.teamId();
    const fields = { name: 'Unheard of', description: '', urgency: 'low' };
    const open = () => story.post(`/v1/team/${teamId}/incident`, fields, { idempotencyKey: openKey });
    proxy.holdAnswers(api, 'COMMIT');
    const unanswered = failing(open());
    await untilCount(1, () => sql`SELECT FROM incidents WHERE name = ${fields.name}`);
    await killApi(unanswered);

    // The row's lock keeps the acknowledgement from being stored until the API hears nothing more.
    const other = await story.open();
    const acknowledge = () =>
      story.post(`/v1/incident/${other.id}/acknowledge`, {}, { idempotencyKey: acknowledgeKey });
    await poll(async () => (await story.log(other.id)).length === 1, { what: 'its opening is stored' });
    const lock = await lockRow(sql, 'incidents', other.id);
    const unconfirmed = failing(acknowledge());
    await poll(async () => (await lock.waiting()).length > 0, { what: 'the worker waits' });
    proxy.holdAnswers(api);
    await lock.release();
    await untilCount(2, () => sql`SELECT FROM log_entries WHERE incident_id = ${other.id}`);
    await killApi(unconfirmed);

    const opened = await settled(open);
    assert.equal(opened.status, 201, opened.text);
    assert.equal(opened.body.name, fields.name);
    await untilCount(1, () => sql`SELECT FROM incidents WHERE name = ${fields.name}`);
    await poll(async () => (await story.log(opened.body.id)).length === 1, { what: 'its workflow has begun' });

    const acknowledged = await settled(acknowledge);
    assert.deepEqual([acknowledged.status, acknowledged.body.status], [200, 'acknowledged'], acknowledged.text);
    assert.deepEqual(await story.log(other.id), ['triggered', 'acknowledged']);
  });

  /** Kills the API in front of a request that it is about to answer, and waits for the next one. */
  async function killApi(unanswered: Promise<unknown>) {
    // Committed is seen before the answer that says so has come as far as the proxy.
    await poll(() => proxy.isHolding(), { what: 'the answer is held' });
    const killed = await kill(product, 'api');
    proxy.letGo();
    assert.ok((await unanswered) instanceof Error, 'the client gets no answer');
    const pid = await launchedAfter(product, 'api', killed);
    // Its own first transaction must be over before another one's COMMIT is held.
    const isReady = (line: string) => line.includes(`"pid":${pid},`) && line.includes('server ready');
    await poll(() => readFileSync(join(product.dataDir, 'logs/api.log'), 'utf8').split('\n').some(isReady), {
      timeoutMs: 60_000,
      what: 'the API serves again',
    });
    await story.ready();
  }

  async function untilCount(count: number, select: () => PromiseLike<{ length: number }>) {
    await poll(async () => (await select()).length === count, { what: `${count} rows are committed` });
  }
});

function failing(request: Promise<Answer>): Promise<Answer | Error> {
  return request.catch((error: Error) => error);
}

/** What a client does that gets 409 `idempotency_key_in_use`: the dead request holds its key for half a minute. */
function settled(request: () => Promise<Answer>): Promise<Answer> {
  const inUse = ({ body }: Answer) => body.code === 'idempotency_key_in_use';
  const attempt = async () => {
    const answer = await request();
    return !inUse(answer) && answer;
  };
  return poll(attempt, { timeoutMs: 90_000, everyMs: 250, what: 'the key is free again' });
}
