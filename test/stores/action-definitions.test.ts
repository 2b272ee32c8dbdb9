import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { ActionDraft, SettingsDraft } from '../../src/domain/action/action-draft.ts';
import type { Action } from '../../src/domain/incident/log-entry.ts';
import { transition } from '../../src/domain/incident/transition.ts';
import { createActionDefinitionStore, type NewDefinition } from '../../src/stores/action-definitions.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import type { Transaction } from '../../src/stores/sql.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

const url = 'https://hooks.example.com/';

describe('action definition store', () => {
  const sealer = createSealer('test-secret-key-of-32-characters-or-more');
  let database: TestDatabase;
  let own: TestOrganisation;
  let other: TestOrganisation;

  before(async () => {
    database = await createTestDatabase();
    own = await insertOrganisation(database.sql);
    other = await insertOrganisation(database.sql, 'Other');
  });
  after(() => database.drop());

  const store = (seal = sealer) => createActionDefinitionStore(database.sql, seal);
  const webhook = (...settings: Partial<SettingsDraft>[]): ActionDraft => ({
    field: 'actions[0]',
    id: null,
    type: 'trigger-webhook',
    settings: settings.map((one, at) => ({
      field: `actions[0].settings[${at}]`,
      id: null,
      values: { url },
      headers: null,
      ...one,
    })),
  });
  const createRuleset = async (): Promise<string> => {
    const created = await createRulesetStore(database.sql).create(
      own.organisationId,
      rulesetDraft({ teamId: own.teamId }),
    );
    assert.ok('ruleset' in created);
    return created.ruleset.id;
  };
  const replace = (rulesetId: string, drafts: ActionDraft[], organisationId = own.organisationId, seal = sealer) =>
    database.sql.begin((tx) => store(seal).replaceOfRuleset(organisationId, rulesetId, drafts, tx));
  const settled = async (incidentId: string, drafts: ActionDraft[], organisationId = own.organisationId) => {
    const result = await store().settleForIncident(organisationId, incidentId, drafts, () => uuid());
    assert.ok('definitions' in result);
    return result.definitions;
  };
  const runOf = ({ id: definitionId, type, subscriptionId }: NewDefinition): Action => {
    return { id: uuid(), type, trigger: 'manual', subscriptionId, definitionId };
  };

  it('keeps organisations apart', async () => {
    const rulesetId = await createRuleset();
    assert.equal(await replace(rulesetId, [], other.organisationId), undefined);
    await replace(rulesetId, [webhook({})]);
    assert.equal((await store().ofRuleset(own.organisationId, rulesetId)).length, 1);
    assert.deepEqual(await store().ofRuleset(other.organisationId, rulesetId), []);

    const { incidentId } = await storeIncident(database.sql, own);
    const known = await store().knownTargets(other.organisationId, {
      webhookIds: [own.webhookId],
      subscriptionIds: [],
    });
    assert.deepEqual([...known.webhooks], []);
    const mine = await store().knownTargets(own.organisationId, { webhookIds: [own.webhookId], subscriptionIds: [] });
    assert.deepEqual([...mine.webhooks], [own.webhookId]);
    assert.deepEqual([...(await store().digestsOfIncident(other.organisationId, incidentId))], []);
  });

  it('replaces one list at a time', async () => {
    const rulesetId = await createRuleset();
    await Promise.all(
      [1, 2, 3].map((count) =>
        replace(
          rulesetId,
          Array.from({ length: count }, () => webhook({})),
        ),
      ),
    );
    const [row] = await database.sql<{ version: number; live: number }[]>`
      SELECT version, (SELECT count(*)::int FROM action_definitions d WHERE d.ruleset_id = r.id AND d.deleted_at IS NULL) AS live
      FROM rulesets r WHERE id = ${rulesetId}`;
    const shown = await store().ofRuleset(own.organisationId, rulesetId);
    assert.deepEqual([row!.version, row!.live], [4, shown.length]);
  });

  it('takes new values for headers that another SECRET_KEY sealed', async () => {
    const rulesetId = await createRuleset();
    await replace(rulesetId, [webhook({ headers: { 'X-Key': 'old' } })]);
    const [action] = await store().ofRuleset(own.organisationId, rulesetId);
    const [one] = action!.settings;
    const draft = (value: string) => ({ ...webhook({ id: one!.id!, headers: { 'X-Key': value } }), id: action!.id });
    const changed = createSealer('another-secret-key-of-32-characters-or-more');
    const lost = await replace(rulesetId, [draft('<redacted>')], own.organisationId, changed);
    assert.deepEqual(lost && 'errors' in lost && lost.errors.map(({ field }) => field), [
      'actions[0].settings[0].headers.X-Key',
    ]);
    const given = await replace(rulesetId, [draft('new')], own.organisationId, changed);
    assert.ok(given && 'actions' in given);
    assert.deepEqual(given.actions, [action], 'under the same ids');
  });

  it('tells by digest what does the same, and gives no value away by it', async () => {
    const { incidentId } = await storeIncident(database.sql, own);
    const digest = async (one: Partial<SettingsDraft>) => (await settled(incidentId, [webhook(one)]))[0]!.digest;
    const same = await digest({
      values: { url, body: { a: 1, b: [{ c: 2, d: 3 }] } },
      headers: { 'X-A': '1', b: '2' },
    });
    assert.equal(
      await digest({ values: { body: { b: [{ d: 3, c: 2 }], a: 1 }, url }, headers: { B: '2', 'x-a': '1' } }),
      same,
    );
    for (const one of [
      { values: { url, body: { a: '1', b: [{ c: 2, d: 3 }] } }, headers: { 'X-A': '1', b: '2' } },
      { values: { url, body: { a: 1, b: [{ c: 2, d: 3 }] } }, headers: { 'X-A': '1', b: '3' } },
      { values: { url: `${url}?`, body: { a: 1, b: [{ c: 2, d: 3 }] } }, headers: { 'X-A': '1', b: '2' } },
    ])
      assert.notEqual(await digest(one), same);
    const keyed = createActionDefinitionStore(
      database.sql,
      createSealer('another-secret-key-of-32-characters-or-more'),
    );
    const elsewhere = await keyed.settleForIncident(own.organisationId, incidentId, [webhook({})], () => uuid());
    assert.ok('definitions' in elsewhere);
    assert.notEqual(elsewhere.definitions[0]!.digest, await digest({}));
  });

  it('knows what an incident runs at its opening and has run, and not what was only asked for', async () => {
    const { sql } = database;
    const planned = (await settled(uuid(), [webhook({ values: { url: `${url}opening` } })]))[0]!;
    const opening = await storeIncident(sql, own, { openingActions: [runOf(planned)] });
    const { incidentId } = opening;
    const [run, refused] = await settled(incidentId, [
      webhook({ values: { url: `${url}run` } }),
      webhook({ values: { url: `${url}refused` } }),
    ]);
    const insert = (definitions: NewDefinition[]) =>
      store().insertForIncident(own.organisationId, incidentId, definitions);
    await insert([planned, run!, refused!]);
    await insert([planned, run!]);
    const digests = async () => [...(await store().digestsOfIncident(own.organisationId, incidentId))];
    assert.deepEqual(await digests(), [planned.digest]);

    const common = { agent: { type: 'key', id: null, name: 'Test key' }, channel: 'api' } as const;
    const at = opening.createdAt;
    const done = transition(opening, { ...common, type: 'action', id: 'run', action: runOf(run!) }, at);
    assert.ok(done.accepted);
    await createTransitionStore(sql, { ring: () => {} }).record(own.organisationId, incidentId, [done.transition]);
    assert.deepEqual((await digests()).sort(), [planned.digest, run!.digest].sort());

    // An action of an incident is known once it was run.
    const again = (id: string) => ({ ...webhook({}), id });
    const known = await store().settleForIncident(own.organisationId, incidentId, [again(run!.actionId)], () => uuid());
    assert.ok('definitions' in known);
    for (const id of [refused!.actionId, uuid()])
      assert.ok(
        'errors' in (await store().settleForIncident(own.organisationId, incidentId, [again(id)], () => uuid())),
      );
    const theirs = await store().settleForIncident(other.organisationId, incidentId, [again(run!.actionId)], () =>
      uuid(),
    );
    assert.ok('errors' in theirs);
  });

  it('stores the same definitions in one order, so that two requests at once never wait for each other', async () => {
    const { incidentId } = await storeIncident(database.sql, own);
    const definitions = await settled(incidentId, [webhook({}, { values: { url: `${url}2` } })]);
    const [first, second] = definitions.sort((a, b) => (a.id < b.id ? -1 : 1));
    const insert = (some: NewDefinition[], tx?: Transaction) =>
      store().insertForIncident(own.organisationId, incidentId, some, tx);
    let other: Promise<void> | undefined;
    await database.sql.begin(async (tx) => {
      await insert([first!], tx);
      other = insert([second!, first!]);
      await poll(async () => {
        const [row] = await database.sql`
          SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return row;
      });
      await insert([second!], tx);
    });
    await other;
    const rows = await database.sql`SELECT 1 FROM action_definitions WHERE incident_id = ${incidentId}`;
    assert.equal(rows.length, 2);
  });

  it('stores all definitions of an incident, or none', async () => {
    const { incidentId } = await storeIncident(database.sql, own);
    const [first, second] = await settled(incidentId, [webhook({}, { values: { url: `${url}2` } })]);
    const broken = { ...second!, digest: first!.digest, type: 'sing' as never };
    await assert.rejects(store().insertForIncident(own.organisationId, incidentId, [first!, broken]));
    const rows = await database.sql`SELECT 1 FROM action_definitions WHERE incident_id = ${incidentId}`;
    assert.equal(rows.length, 0);
  });
});
