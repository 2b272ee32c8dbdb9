import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { createEventSamples, type EventSample, type WantedEvents } from '../../src/stores/event-samples.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

describe('event samples', () => {
  let database: TestDatabase;
  let acme: TestOrganisation;
  let other: TestOrganisation;
  let secondWebhook: string;

  const at = (second: number) => `2026-11-21T05:09:${String(second).padStart(2, '0')}.000Z`;
  const insert = async (organisation: TestOrganisation, webhookId: string, second: number, status = 'evaluated') => {
    const id = uuid();
    await database.sql`
      INSERT INTO events (
        id, organisation_id, webhook_id, shard, received_at, content_type, ip, body, tags, headers, status)
      VALUES (${id}, ${organisation.organisationId}, ${webhookId}, 0, ${at(second)}, 'text/plain', '192.0.2.7',
        ${Buffer.from(`${second}`)}, ${['env:prod']}::text[], ${database.sql.json({ 'x-a': 'b' })}, ${status})`;
    return id;
  };
  const read = async (given: Partial<WantedEvents> = {}, organisation = acme): Promise<EventSample[]> => {
    const wanted = { webhookId: null, since: null, until: null, limit: 50, ...given };
    const samples: EventSample[] = [];
    for await (const some of createEventSamples(database.sql).read(organisation.organisationId, wanted)) {
      assert.ok(some.length <= 8, 'a few at a time');
      samples.push(...some);
    }
    return samples;
  };
  const seconds = (samples: EventSample[]) => samples.map(({ body }) => Number(Buffer.from(body).toString()));

  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    acme = await insertOrganisation(database.sql);
    other = await insertOrganisation(database.sql, 'Other');
    secondWebhook = uuid();
    await database.sql`
      INSERT INTO webhooks (id, organisation_id, number, name, tags)
      VALUES (${secondWebhook}, ${acme.organisationId}, 99, 'Second', ${['team:shop']}::text[])`;
  });

  it('hold all that evaluation looks at', async () => {
    const id = await insert(acme, secondWebhook, 7);
    assert.deepEqual(await read(), [
      {
        id,
        webhookId: secondWebhook,
        webhookName: 'Second',
        source: 'generic-json',
        receivedAt: at(7),
        body: Buffer.from('7'),
        contentType: 'text/plain',
        ip: '192.0.2.7',
        headers: { 'x-a': 'b' },
        tags: ['env:prod', 'team:shop'],
      },
    ]);
  });

  it('are the newest of all webhooks together, oldest first, and none that was rejected', async () => {
    for (let second = 0; second < 30; second++)
      await insert(acme, second % 2 ? secondWebhook : acme.webhookId, second, second === 28 ? 'rejected' : 'evaluated');
    await insert(acme, acme.webhookId, 30, 'pending');
    await insert(acme, acme.webhookId, 31, 'failed');
    await insert(other, other.webhookId, 32);
    assert.deepEqual(seconds(await read({ limit: 5 })), [26, 27, 29, 30, 31]);
    assert.equal((await read()).length, 31);
    assert.deepEqual(seconds(await read({ limit: 3, webhookId: secondWebhook })), [25, 27, 29]);
    assert.deepEqual(seconds(await read({ since: at(10), until: at(13) })), [10, 11, 12]);
    assert.deepEqual(seconds(await read({ until: at(13), limit: 2 })), [11, 12]);
    assert.deepEqual(seconds(await read({}, other)), [32]);
  });

  it('are not those of a webhook that is deleted or of another organisation', async () => {
    await insert(acme, secondWebhook, 1);
    await insert(other, other.webhookId, 2);
    assert.deepEqual(await read({ webhookId: other.webhookId }), []);
    await database.sql`UPDATE webhooks SET deleted_at = now() WHERE id = ${secondWebhook}`;
    assert.deepEqual(await read(), []);
  });
});
