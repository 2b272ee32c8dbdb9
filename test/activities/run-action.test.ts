import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/activity';
import { v7 as uuid } from 'uuid';
import { createActionActivities, type ActionActivitiesDeps } from '../../src/activities/run-action.ts';
import { createLogger } from '../../src/logger.ts';
import { createPost } from '../../src/outbound/post.ts';
import { createActionRunStore, type ActionRunStore } from '../../src/stores/action-runs.ts';
import { createEventStore } from '../../src/stores/events.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createStatusPageStore } from '../../src/stores/status-pages.ts';
import { insertActionRun, type TestRun } from '../support/action-run.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';

const allowedNetworks = ['127.0.0.0/8'];

describe('activities/run-action', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let runs: ActionRunStore;
  let receiver: Receiver;
  let logged: unknown[] = [];
  const sealer = createSealer('a test key of thirty-two characters');
  const logger = Object.assign(createLogger('silent', 'test'), {
    error: (...args: unknown[]) => void logged.push(args),
  });

  before(async () => {
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
    runs = createActionRunStore(database.sql, sealer);
  });
  after(() => database.drop());
  beforeEach(async () => {
    logged = [];
    receiver = await createReceiver();
  });
  afterEach(() => receiver.close());

  const insert = (run: TestRun) => insertActionRun(database.sql, organisation, sealer, run);
  const create = (deps: Partial<ActionActivitiesDeps> = {}) =>
    createActionActivities({
      runs,
      post: createPost({ allowedNetworks, timeoutMs: 10_000 }),
      events: createEventStore(database.sql, { ring: () => {} }, sealer),
      statusPages: createStatusPageStore(database.sql),
      publicUrl: 'https://tocsin.example.com',
      logger,
      ...deps,
    });
  const outcomeOf = async ({ actionId }: { actionId: string }) => {
    const [row] = await database.sql`SELECT * FROM actions WHERE id = ${actionId}`;
    const { outcome, errorCode, error, statusCode, attempts } = row!;
    return { outcome, errorCode, error, statusCode, attempts };
  };
  const logOf = async ({ incidentId }: { incidentId: string }) => {
    const rows = await database.sql<{ type: string }[]>`SELECT type FROM log_entries WHERE incident_id = ${incidentId}`;
    return rows.map(({ type }) => type);
  };
  const eventOf = async ({ actionId }: { actionId: string }) =>
    (await database.sql`SELECT webhook_id, status, hops, body FROM events WHERE id = ${actionId}`)[0];
  /** What another attempt may mend. */
  const retryable = (type: string) => (error: unknown) =>
    error instanceof ApplicationFailure && !error.nonRetryable && error.type === type;

  describe('with a URL', () => {
    it('posts the standard payload, marked with its id, time and depth', async () => {
      const run = await insert({ settings: [{ url: receiver.url }], hops: 1 });
      receiver.behave({ status: 202 });
      await create({ now: () => new Date('2026-04-16T14:23:01.999Z') }).runAction(run);

      const [request] = receiver.requests;
      const { headers } = request!;
      assert.equal(headers['content-type'], 'application/json');
      assert.equal(headers['webhook-id'], run.actionId);
      assert.equal(headers['webhook-timestamp'], String(Date.parse('2026-04-16T14:23:01Z') / 1_000));
      assert.equal(headers['tocsin-hops'], '2');
      assert.equal(headers['webhook-signature'], undefined);
      const { type, data } = JSON.parse(request!.body);
      assert.equal(type, 'incident.action_run');
      assert.deepEqual([data.incident.id, data.action.id], [run.incidentId, run.actionId]);
      const expected = { outcome: 'succeeded', errorCode: null, error: null, statusCode: 202, attempts: 1 };
      assert.deepEqual(await outcomeOf(run), expected);
      assert.deepEqual(await logOf(run), ['action_succeeded']);
    });

    it('tries again after 500, under the same id, and nothing is sent once the outcome stands', async () => {
      const run = await insert({ settings: [{ url: receiver.url }] });
      const { runAction, giveUpAction } = create();
      receiver.behave({ status: 500, body: 'boom' });
      await assert.rejects(runAction(run), retryable('http_error'));
      const failed = { outcome: null, errorCode: 'http_error', error: 'answered 500', statusCode: 500, attempts: 1 };
      assert.deepEqual(await outcomeOf(run), failed);
      assert.deepEqual(await logOf(run), []);

      receiver.behave({});
      await runAction(run);
      const succeeded = { outcome: 'succeeded', errorCode: null, error: null, statusCode: 200, attempts: 2 };
      assert.deepEqual(await outcomeOf(run), succeeded);
      await runAction(run);
      await giveUpAction({ ...run, message: 'too late' });
      assert.deepEqual(
        receiver.requests.map(({ headers }) => headers['webhook-id']),
        [run.actionId, run.actionId],
      );
      assert.deepEqual(await outcomeOf(run), succeeded);
      assert.deepEqual(await logOf(run), ['action_succeeded']);
    });

    for (const status of [408, 429, 502, 503, 599])
      it(`may mend ${status} by another attempt`, async () => {
        const run = await insert({ settings: [{ url: receiver.url }] });
        receiver.behave({ status });
        await assert.rejects(create().runAction(run), retryable('http_error'));
        assert.equal((await outcomeOf(run)).outcome, null);
      });

    for (const status of [302, 400, 401, 404, 410, 422])
      it(`takes ${status} for final`, async () => {
        const run = await insert({ settings: [{ url: receiver.url }] });
        receiver.behave({ status, location: '/elsewhere' });
        await create().runAction(run);
        const { outcome, errorCode, statusCode } = await outcomeOf(run);
        assert.deepEqual([outcome, errorCode, statusCode], ['failed', 'http_error', status]);
        assert.equal(receiver.requests.length, 1);
        assert.deepEqual(await logOf(run), ['action_failed']);
      });

    it('may mend a receiver that hangs, cuts off, is away or speaks no TLS', async () => {
      const { runAction } = create();
      const hasty = create({ post: createPost({ allowedNetworks, timeoutMs: 300 }) });
      const run = () => insert({ settings: [{ url: receiver.url }] });
      receiver.behave({ hang: true });
      await assert.rejects(hasty.runAction(await run()), retryable('timeout'));
      receiver.behave({ reset: true });
      await assert.rejects(runAction(await run()), retryable('network_error'));
      const secure = receiver.url.replace('http:', 'https:');
      await assert.rejects(runAction(await insert({ settings: [{ url: secure }] })), retryable('tls_error'));
      await receiver.close();
      await assert.rejects(runAction(await run()), retryable('network_error'));
    });

    it('asks the guard at every attempt', async () => {
      const run = await insert({ settings: [{ url: receiver.url }] });
      receiver.behave({ status: 503 });
      await assert.rejects(create().runAction(run));
      await create({ post: createPost({ allowedNetworks: [] }) }).runAction(run);
      assert.equal(receiver.requests.length, 1);
      assert.deepEqual(await outcomeOf(run), {
        outcome: 'failed',
        errorCode: 'refused_address',
        error: 'the URL must not lead to a private or reserved address',
        statusCode: null,
        attempts: 2,
      });
    });

    it('fills the templates of its body', async () => {
      const name = 'x"} {{incident.id}}\nnext \\ line';
      const body = { text: '{{incident.name}}', attachments: [{ title: 'INC-{{incident.number}}' }] };
      const run = await insert({ settings: [{ url: receiver.url, body }], incident: { name, number: 7 } });
      const textual = await insert({
        settings: [{ url: receiver.url, body: '{"text": "{{incident.name}}", "number": {{incident.number}}}' }],
        incident: { name, number: 7 },
      });
      await create().runAction(run);
      await create().runAction(textual);
      const [first, second] = receiver.requests;
      assert.deepEqual(JSON.parse(first!.body), { text: name, attachments: [{ title: 'INC-7' }] });
      assert.deepEqual(JSON.parse(second!.body), { text: name, number: 7 });
    });

    it('sends the sealed headers, except in place of its own', async () => {
      const run = await insert({
        settings: [{ url: receiver.url, body: 'Broken: {{incident.name}}', headers: { Authorization: '<redacted>' } }],
        headers: {
          Authorization: 'Bearer hunter2',
          'Content-Type': 'text/markdown',
          'User-Agent': 'Acme',
          'Webhook-Id': 'forged',
          'Tocsin-Hops': '0',
          'Content-Length': '1',
          Connection: 'upgrade',
        },
        incident: { name: 'a "b"' },
      });
      await create().runAction(run);
      const { headers, body } = receiver.requests[0]!;
      assert.equal(body, 'Broken: a "b"');
      assert.equal(headers.authorization, 'Bearer hunter2');
      assert.equal(headers['content-type'], 'text/markdown');
      assert.equal(headers['user-agent'], 'Acme');
      assert.equal(headers['webhook-id'], run.actionId);
      assert.equal(headers['tocsin-hops'], '1');
      assert.equal(headers.connection, 'close');
    });

    for (const [what, faulty, errorCode] of [
      ['a header that would begin another', { headers: { 'X-Token': 'hunter2\r\nX-Other: 1' } }, 'invalid_header'],
      ['a body that is no template', { body: 'hunter2 {{nothing.there}}' }, 'invalid_template'],
      ['a body that is too large', { body: 'x'.repeat(300_000) }, 'body_too_large'],
    ] as const)
      it(`sends nothing for ${what}`, async () => {
        const run = await insert({ settings: [{ url: receiver.url, ...faulty }], ...faulty });
        await create().runAction(run);
        const { outcome, errorCode: code, error } = await outcomeOf(run);
        assert.deepEqual([outcome, code], ['failed', errorCode]);
        assert.doesNotMatch(error, /hunter2/);
        assert.deepEqual(logged, []);
        assert.equal(receiver.requests.length, 0);
      });

    it('sends again what it could not store, and stores the outcome once', async () => {
      const run = await insert({ settings: [{ url: receiver.url }] });
      // A worker that dies between the answer and its storing.
      const finish = () => new Promise<boolean>(() => {});
      void create({ runs: { ...runs, finish } }).runAction(run);
      await receiver.waitFor((requests) => requests.length === 1);
      await create().runAction(run);
      assert.deepEqual(
        receiver.requests.map(({ headers }) => headers['webhook-id']),
        [run.actionId, run.actionId],
      );
      assert.equal((await outcomeOf(run)).attempts, 2);
      assert.deepEqual(await logOf(run), ['action_succeeded']);
    });

    it('stores an outcome although Postgres hiccups, without sending again', async () => {
      const run = await insert({ settings: [{ url: receiver.url }] });
      let failures = 2;
      const finish: ActionRunStore['finish'] = async (...args) => {
        if (failures-- > 0) throw new Error('CONNECTION_CLOSED');
        return runs.finish(...args);
      };
      await create({ runs: { ...runs, finish } }).runAction(run);
      assert.equal((await outcomeOf(run)).outcome, 'succeeded');
      assert.equal(receiver.requests.length, 1);
    });

    it('stores one outcome and one line in the log when run ten times at once', async () => {
      const run = await insert({ settings: [{ url: receiver.url }] });
      receiver.behave((request) => ({ status: request === receiver.requests[0] ? 404 : 200, delayMs: 20 }));
      const { runAction } = create();
      await Promise.all(Array.from({ length: 10 }, () => runAction(run)));
      assert.deepEqual(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])), new Set([run.actionId]));
      const { outcome, attempts } = await outcomeOf(run);
      assert.equal(attempts, receiver.requests.length);
      assert.deepEqual(await logOf(run), [`action_${outcome}`]);
    });
  });

  describe('with a webhook of the organisation', () => {
    it('submits an event that bears the id of the run, however often it is run', async () => {
      const settings = [{ webhook_id: organisation.webhookId, body: { text: '{{incident.name}}' } }];
      const run = await insert({ settings, incident: { name: 'a "b"\n' }, hops: 2 });
      // A worker that dies between the two.
      const finish = () => new Promise<boolean>(() => {});
      void create({ runs: { ...runs, finish } }).runAction(run);
      await poll(() => eventOf(run));
      await create().runAction(run);
      const event = await eventOf(run);
      assert.deepEqual([event!.webhookId, event!.status, event!.hops], [organisation.webhookId, 'pending', 3]);
      assert.deepEqual(JSON.parse(event!.body), { text: 'a "b"\n' });
      assert.equal((await outcomeOf(run)).outcome, 'succeeded');
      assert.deepEqual(await logOf(run), ['action_succeeded']);
    });

    it('submits the standard payload without a body', async () => {
      const run = await insert({ settings: [{ webhook_id: organisation.webhookId }] });
      await create().runAction(run);
      const event = await eventOf(run);
      assert.equal(JSON.parse(event!.body).type, 'incident.action_run');
      assert.equal(event!.hops, 1);
    });

    it('fails for one that takes none, and for one of another organisation', async () => {
      const other = await insertOrganisation(database.sql, 'Other');
      const disabled = uuid();
      await database.sql`
        INSERT INTO webhooks (id, organisation_id, number, name, enabled)
        VALUES (${disabled}, ${organisation.organisationId}, 99, 'Disabled', false)`;
      for (const webhookId of [uuid(), other.webhookId, disabled]) {
        const run = await insert({ settings: [{ webhook_id: webhookId }] });
        await create().runAction(run);
        const { outcome, errorCode } = await outcomeOf(run);
        assert.deepEqual([outcome, errorCode], ['failed', 'unknown_webhook']);
        assert.equal(await eventOf(run), undefined);
      }
    });

    it('may mend a Postgres that is away, and says no more than that', async () => {
      const run = await insert({ settings: [{ webhook_id: organisation.webhookId }] });
      const submitInternally = () => Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3:5432'));
      await assert.rejects(create({ events: { submitInternally } }).runAction(run), (error) => {
        assert.ok(retryable('internal_error')(error));
        assert.doesNotMatch((error as Error).message, /10\.1/);
        return true;
      });
      assert.equal(logged.length, 1);
    });
  });

  describe('at the end of a chain', () => {
    for (const [what, settings] of [
      ['a URL', () => ({ url: receiver.url })],
      ['a webhook', () => ({ webhook_id: organisation.webhookId })],
    ] as const)
      it(`sends nothing to ${what} beyond three hops`, async () => {
        const third = await insert({ settings: [settings()], hops: 2 });
        await create().runAction(third);
        assert.equal((await outcomeOf(third)).outcome, 'succeeded');
        receiver.requests.splice(0);
        for (const hops of [3, 9]) {
          const run = await insert({ settings: [settings()], hops });
          await create().runAction(run);
          const { outcome, errorCode } = await outcomeOf(run);
          assert.deepEqual([outcome, errorCode], ['failed', 'too_many_hops']);
          assert.equal(receiver.requests.length, 0);
          assert.equal(await eventOf(run), undefined);
        }
      });
  });

  describe('with a status page', () => {
    const type = 'trigger-statuspage-update';
    let settings: { status_page_id: string; component_id: string };
    before(async () => {
      settings = { status_page_id: uuid(), component_id: uuid() };
      const { organisationId } = organisation;
      await database.sql`
        INSERT INTO status_pages (id, organisation_id, name) VALUES (${settings.status_page_id}, ${organisationId}, 'Acme')`;
      await database.sql`
        INSERT INTO status_page_components (id, organisation_id, status_page_id, name)
        VALUES (${settings.component_id}, ${organisationId}, ${settings.status_page_id}, 'API')`;
    });
    const affected = async ({ incidentId }: { incidentId: string }) => {
      const rows = await database.sql`SELECT component_id FROM component_incidents WHERE incident_id = ${incidentId}`;
      return rows.map(({ componentId }) => componentId as string);
    };

    it('lets the component suffer from the incident, however deep the chain', async () => {
      const run = await insert({ type, settings: [settings], hops: 5 });
      const { runAction } = create();
      await runAction(run);
      await runAction(run);
      assert.deepEqual(await affected(run), [settings.component_id]);
      assert.equal((await outcomeOf(run)).outcome, 'succeeded');
      assert.deepEqual(await logOf(run), ['action_succeeded']);
    });

    it('fails for an unknown component', async () => {
      const run = await insert({ type, settings: [{ ...settings, component_id: uuid() }] });
      await create().runAction(run);
      const { outcome, errorCode } = await outcomeOf(run);
      assert.deepEqual([outcome, errorCode], ['failed', 'unknown_component']);
      assert.deepEqual(await affected(run), []);
    });
  });

  it('fails, and says so in the log, where settings or headers cannot be read', async () => {
    const stranger = createActionRunStore(database.sql, createSealer('another key of thirty-two characters'));
    const url = { settings: [{ url: receiver.url }] };
    for (const [given, deps] of [
      [{ settings: [] }, {}],
      [{ settings: [{ url: 5 }] }, {}],
      [{ settings: [{ webhook_id: null }] }, {}],
      [{ type: 'trigger-statuspage-update', settings: [{ status_page_id: uuid() }] }, {}],
      [{ ...url, headers: { 'X-Token': 'hunter2' } }, { runs: stranger }],
    ] satisfies [TestRun, Partial<ActionActivitiesDeps>][]) {
      logged = [];
      const run = await insert(given);
      await create(deps).runAction(run);
      const { outcome, errorCode } = await outcomeOf(run);
      assert.deepEqual([outcome, errorCode], ['failed', 'internal_error']);
      assert.equal(logged.length, 1);
    }
    const run = await insert(url);
    await database.sql`UPDATE actions SET type = 'of-a-newer-release' WHERE id = ${run.actionId}`;
    await create().runAction(run);
    assert.equal((await outcomeOf(run)).errorCode, 'internal_error');
    assert.equal(receiver.requests.length, 0);
  });

  it('does nothing for an unknown run', async () => {
    const run = await insert({ settings: [{ url: receiver.url }] });
    await create().runAction({ ...run, actionId: uuid() });
    await create().runAction({ ...run, organisationId: uuid() });
    await create().giveUpAction({ ...run, organisationId: uuid(), message: 'no' });
    assert.equal((await outcomeOf(run)).outcome, null);
    assert.equal(receiver.requests.length, 0);
  });

  it('gives up with a message that can be stored, and runs it no more', async () => {
    const run = await insert({ settings: [{ url: receiver.url }] });
    const { runAction, giveUpAction } = create();
    await giveUpAction({ ...run, message: `a\0${'🔥'.repeat(300)}` });
    const { outcome, errorCode, error } = await outcomeOf(run);
    assert.deepEqual([outcome, errorCode, error.length], ['failed', 'gave_up', 500]);
    await runAction(run);
    await giveUpAction({ ...run, message: 'again' });
    assert.equal((await outcomeOf(run)).error, error);
    assert.equal(receiver.requests.length, 0);
    assert.deepEqual(await logOf(run), ['action_failed']);
  });
});
