import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { createRulesetStore, type RulesetStore } from '../../src/stores/rulesets.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

describe('rulesets', () => {
  let database: TestDatabase;
  let acme: TestOrganisation;
  let other: TestOrganisation;
  let rulesets: RulesetStore;

  const versionOf = async (organisationId: string) => {
    const [row] = await database.sql<{ rulesetsVersion: number }[]>`
      SELECT rulesets_version FROM organisations WHERE id = ${organisationId}`;
    return row!.rulesetsVersion;
  };
  const create = async (given: object = {}) => {
    const created = await rulesets.create(acme.organisationId, rulesetDraft({ teamId: acme.teamId, ...given }));
    assert.ok('ruleset' in created);
    return created.ruleset;
  };

  before(async () => {
    database = await createTestDatabase();
    rulesets = createRulesetStore(database.sql);
  });
  after(() => database.drop());
  beforeEach(async () => {
    acme = await insertOrganisation(database.sql);
    other = await insertOrganisation(database.sql, 'Other');
  });

  it('keeps a draft as it was given, with a number and a new version of the set', async () => {
    const memberId = uuid();
    await database.sql`
      INSERT INTO members (id, organisation_id, team_id, name, email)
      VALUES (${memberId}, ${acme.organisationId}, ${acme.teamId}, 'Ann', 'ann@example.com')`;
    const draft = rulesetDraft({
      teamId: acme.teamId,
      level: 'organisation',
      conditions: [{ type: 'json-check', key: 'products[0].count', operator: 'equal', values: ['10', '"\\', '😀'] }],
      assignees: [
        { type: 'team', id: acme.teamId },
        { type: 'member', id: memberId },
      ],
      webhookId: acme.webhookId,
      enabled: false,
      acknowledgementTimeout: null,
      autoResolveTimeout: 60,
    });
    const created = await rulesets.create(acme.organisationId, draft);
    assert.ok('ruleset' in created);
    const { ruleset } = created;
    assert.deepEqual(ruleset, {
      ...draft,
      id: ruleset.id,
      organisationId: acme.organisationId,
      number: 1,
      version: 1,
      createdAt: ruleset.createdAt,
    });
    assert.deepEqual(await rulesets.list(acme.organisationId, { limit: 10 }), [ruleset]);
    assert.equal(await versionOf(acme.organisationId), 1);
    assert.equal(await versionOf(other.organisationId), 0);
  });

  it('names all that the organisation does not have, and stores nothing', async () => {
    const [otherMember] = await database.sql<{ id: string }[]>`
      INSERT INTO members (id, organisation_id, team_id, name, email)
      VALUES (gen_random_uuid(), ${other.organisationId}, ${other.teamId}, 'Bob', 'bob@example.com') RETURNING id`;
    const refused = await rulesets.create(
      acme.organisationId,
      rulesetDraft({
        teamId: other.teamId,
        assignees: [
          { type: 'team', id: acme.teamId },
          { type: 'team', id: uuid() },
          { type: 'member', id: otherMember!.id },
          { type: 'member', id: acme.teamId },
        ],
        webhookId: other.webhookId,
      }),
    );
    assert.ok('errors' in refused);
    assert.deepEqual(
      refused.errors.map(({ field }) => field),
      ['team_id', 'assignees[1].id', 'assignees[2].id', 'assignees[3].id', 'webhook_id'],
    );
    assert.deepEqual(await rulesets.list(acme.organisationId, { limit: 10 }), []);
    assert.equal(await versionOf(acme.organisationId), 0);
  });

  it('numbers what is made at the same time', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, () => create()));
    assert.deepEqual(
      made.map(({ number }) => number).sort((a, b) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    assert.equal(await versionOf(acme.organisationId), 10);
    const page = await rulesets.list(acme.organisationId, { limit: 3, after: 4 });
    assert.deepEqual(
      page.map(({ number }) => number),
      [5, 6, 7],
    );
    assert.deepEqual(await rulesets.list(other.organisationId, { limit: 10 }), []);
  });

  it('belongs to the transaction it is made in', async () => {
    await assert.rejects(
      database.sql.begin(async (tx) => {
        await rulesets.create(acme.organisationId, rulesetDraft({ teamId: acme.teamId }), tx);
        throw new Error('rolled back');
      }),
      /rolled back/,
    );
    assert.deepEqual(await rulesets.list(acme.organisationId, { limit: 10 }), []);
    assert.equal(await versionOf(acme.organisationId), 0);
  });

  it('counts the version of what is replaced, and fires no longer once removed', async () => {
    const made = await create();
    const draft = rulesetDraft({ teamId: acme.teamId, name: 'Renamed' });
    const replaced = await rulesets.update(acme.organisationId, made.id, draft);
    assert.ok(replaced && 'ruleset' in replaced);
    assert.deepEqual([replaced.ruleset.name, replaced.ruleset.version], ['Renamed', made.version + 1]);
    assert.equal(
      await rulesets.update(other.organisationId, made.id, rulesetDraft({ teamId: other.teamId })),
      undefined,
    );
    assert.equal(await rulesets.remove(other.organisationId, made.id), false);
    const before = await versionOf(acme.organisationId);
    assert.equal(await rulesets.remove(acme.organisationId, made.id), true);
    assert.equal(await rulesets.remove(acme.organisationId, made.id), false);
    assert.equal(await versionOf(acme.organisationId), Number(before) + 1);
    assert.deepEqual(await rulesets.loadForEvaluation([acme.organisationId]), []);
  });

  it('loads the enabled ones of several organisations', async () => {
    const first = await create();
    await create({ enabled: false });
    const created = await rulesets.create(other.organisationId, rulesetDraft({ teamId: other.teamId }));
    assert.ok('ruleset' in created);
    await insertOrganisation(database.sql, 'Third');
    const loaded = await rulesets.loadForEvaluation([acme.organisationId, other.organisationId]);
    assert.deepEqual(new Set(loaded.map(({ id }) => id)), new Set([first.id, created.ruleset.id]));
  });
});
