import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { createActionRunStore, type ActionRunStore } from '../../src/stores/action-runs.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { insertActionRun, type TestRun } from '../support/action-run.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

const settings = [{ url: 'https://example.com/hook' }];
const answered500 = { errorCode: 'http_error', error: 'answered 500', statusCode: 500 } as const;

describe('stores/action-runs', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let runs: ActionRunStore;
  const statements: string[] = [];
  const sealer = createSealer('a test key of thirty-two characters');

  before(async () => {
    database = await createTestDatabase({ onQuery: (query) => statements.push(query) });
    organisation = await insertOrganisation(database.sql);
    runs = createActionRunStore(database.sql, sealer);
  });
  after(() => database.drop());

  const insert = (run: TestRun) => insertActionRun(database.sql, organisation, sealer, run);
  const rowOf = async (actionId: string) => (await database.sql`SELECT * FROM actions WHERE id = ${actionId}`)[0]!;
  const logOf = async (incidentId: string) => [
    ...(await database.sql`SELECT * FROM log_entries WHERE incident_id = ${incidentId}`),
  ];

  it('answers all it takes to carry a run out, and counts the attempt', async () => {
    const { organisationId, incidentId, actionId } = await insert({ settings, headers: { 'X-Token': 'é' }, hops: 2 });
    const run = await runs.begin(organisationId, actionId);
    assert.ok(run);
    const { headers, snapshot, ...rest } = run;
    assert.deepEqual(rest, {
      id: actionId,
      organisationId,
      incidentId,
      sequence: 2,
      type: 'trigger-webhook',
      settings: settings[0],
      attempts: 1,
      hops: 2,
    });
    assert.deepEqual(headers(), { 'X-Token': 'é' });
    assert.equal(snapshot.incident.id, incidentId);
    assert.equal((await runs.begin(organisationId, actionId))!.attempts, 2);
    assert.equal((await rowOf(actionId)).attempts, 2);
  });

  it('takes an incident that no event opened for one from outside, and no headers for none', async () => {
    const { organisationId, actionId } = await insert({ settings });
    const run = await runs.begin(organisationId, actionId);
    assert.deepEqual([run!.hops, run!.headers()], [0, {}]);
  });

  it('answers a run whose settings are missing', async () => {
    const { organisationId, actionId } = await insert({ settings: [] });
    assert.equal((await runs.begin(organisationId, actionId))!.settings, undefined);
  });

  it('opens headers with the key that sealed them alone', async () => {
    const { organisationId, actionId } = await insert({ settings, headers: { 'X-Token': 'secret' } });
    const other = createActionRunStore(database.sql, createSealer('another key of thirty-two characters'));
    const run = await other.begin(organisationId, actionId);
    assert.throws(() => run!.headers(), /SECRET_KEY/);
  });

  it('does not repeat headers that are not JSON', async () => {
    const { organisationId, actionId } = await insert({ settings, headers: { a: 'b' } });
    const { definitionId } = await rowOf(actionId);
    await database.sql`UPDATE actions SET headers = ${sealer.seal('hunter2', definitionId)} WHERE id = ${actionId}`;
    const run = await runs.begin(organisationId, actionId);
    assert.throws(() => run!.headers(), { message: 'The headers of an action are not JSON' });
  });

  it('stores an outcome once, with its line in the log, and forgets the headers', async () => {
    const { organisationId, incidentId, actionId } = await insert({ settings, headers: { a: 'b' } });
    await runs.begin(organisationId, actionId);
    assert.equal(await runs.finish(organisationId, actionId, { outcome: 'succeeded', statusCode: 204 }), true);
    assert.equal(await runs.finish(organisationId, actionId, { outcome: 'failed', ...answered500 }), false);
    assert.equal(await runs.giveUp(organisationId, actionId, 'too late'), false);
    await runs.note(organisationId, actionId, answered500);
    assert.equal(await runs.begin(organisationId, actionId), null);

    const { outcome, errorCode, error, statusCode, finishedAt, headers, attempts } = await rowOf(actionId);
    assert.deepEqual(
      [outcome, errorCode, error, statusCode, headers, attempts],
      ['succeeded', null, null, 204, null, 1],
    );
    assert.deepEqual(await logOf(incidentId), [
      {
        organisationId,
        incidentId,
        sequence: 2,
        index: 1,
        type: 'action_succeeded',
        at: finishedAt,
        agent: { type: 'key', id: organisation.apiKeyId, name: 'Test key' },
        channel: 'api',
        details: { action_id: actionId, action_type: 'trigger-webhook', status_code: 204 },
      },
    ]);
  });

  it('logs a failure with its error', async () => {
    const { organisationId, incidentId, actionId } = await insert({ settings });
    await runs.finish(organisationId, actionId, { outcome: 'failed', ...answered500 });
    const [entry] = await logOf(incidentId);
    assert.equal(entry!.type, 'action_failed');
    assert.deepEqual(entry!.details, {
      action_id: actionId,
      action_type: 'trigger-webhook',
      error: 'answered 500',
      status_code: 500,
    });
  });

  it('needs one statement for begin and one for finish', async () => {
    const { organisationId, actionId } = await insert({ settings });
    statements.splice(0);
    await runs.begin(organisationId, actionId);
    await runs.finish(organisationId, actionId, { outcome: 'succeeded', statusCode: null });
    assert.equal(statements.length, 2);
  });

  it('forgets what was noted once an attempt succeeds', async () => {
    const { organisationId, actionId } = await insert({ settings });
    await runs.note(organisationId, actionId, answered500);
    assert.deepEqual(await shown(actionId), [null, 'http_error', 'answered 500', 500]);
    await runs.finish(organisationId, actionId, { outcome: 'succeeded', statusCode: 200 });
    assert.deepEqual(await shown(actionId), ['succeeded', null, null, 200]);
  });

  it('gives up with the last error noted', async () => {
    const { organisationId, actionId } = await insert({ settings });
    await runs.note(organisationId, actionId, answered500);
    assert.equal(await runs.giveUp(organisationId, actionId, 'Activity task failed'), true);
    assert.deepEqual(await shown(actionId), ['failed', 'http_error', 'answered 500', 500]);
  });

  it('gives up with what it is told where no attempt said why', async () => {
    const { organisationId, incidentId, actionId } = await insert({ settings });
    assert.equal(await runs.giveUp(organisationId, actionId, 'no worker answered'), true);
    assert.deepEqual(await shown(actionId), ['failed', 'gave_up', 'no worker answered', null]);
    assert.equal((await logOf(incidentId))[0]!.type, 'action_failed');
  });

  for (const [what, run] of Object.entries({
    'alerts, which recording has done': { type: 'trigger-alerts', settings: [] },
    'the run of a subscription, whose delivery tells': { settings: [{ subscription_id: uuid() }] },
  } satisfies Record<string, TestRun>))
    it(`leaves alone ${what}`, async () => {
      const { organisationId, incidentId, actionId } = await insert(run);
      assert.equal(await runs.begin(organisationId, actionId), null);
      assert.equal(await runs.giveUp(organisationId, actionId, 'no'), false);
      assert.equal((await rowOf(actionId)).attempts, 0);
      assert.deepEqual(await logOf(incidentId), []);
    });

  it('takes a run of another organisation for an unknown one', async () => {
    const { organisationId, actionId } = await insert({ settings });
    const other = await insertOrganisation(database.sql, 'Other');
    assert.equal(await runs.begin(other.organisationId, actionId), null);
    assert.equal(await runs.begin(organisationId, uuid()), null);
    await runs.note(other.organisationId, actionId, answered500);
    assert.equal(await runs.finish(other.organisationId, actionId, { outcome: 'succeeded', statusCode: 1 }), false);
    assert.equal(await runs.giveUp(other.organisationId, actionId, 'no'), false);
    assert.deepEqual(await shown(actionId), [null, null, null, null]);
    assert.equal((await rowOf(actionId)).attempts, 0);
  });

  async function shown(actionId: string) {
    const { outcome, errorCode, error, statusCode } = await rowOf(actionId);
    return [outcome, errorCode, error, statusCode];
  }

  it('gives up what nobody carried out within a day', async () => {
    const [recent, old, done] = [await insert({ settings }), await insert({ settings }), await insert({ settings })];
    const alert = await insert({ type: 'trigger-alerts', settings: [] });
    await runs.finish(organisation.organisationId, done.actionId, { outcome: 'succeeded', statusCode: 200 });
    await database.sql`
      UPDATE actions SET at = now() - interval '25 hours' WHERE id = ANY(${[old, done, alert].map(({ actionId }) => actionId)})`;
    assert.equal(await runs.giveUpAbandoned(100), 2);
    assert.equal(await runs.giveUpAbandoned(100), 0);
    const outcomes = await Promise.all([recent, old, alert, done].map(({ actionId }) => rowOf(actionId)));
    assert.deepEqual(
      outcomes.map(({ outcome, errorCode }) => [outcome, errorCode]),
      [
        [null, null],
        ['failed', 'gave_up'],
        ['failed', 'gave_up'],
        ['succeeded', null],
      ],
    );
    const entries = await database.sql`SELECT type FROM log_entries WHERE incident_id = ${old.incidentId}`;
    assert.deepEqual(
      entries.map(({ type }) => type),
      ['action_failed'],
    );
  });
});
