import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { RulesetDraft } from '../../src/domain/ruleset/ruleset.ts';
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
        { type: 'schedule', id: acme.teamId },
      ],
      webhookId: acme.webhookId,
      enabled: false,
      acknowledgementTimeout: null,
      autoResolveTimeout: 60,
      incidentKey: '{{payload.id}}',
      severity: 'SEV1',
      priority: 'P2',
      quietResolve: 600,
      supportHours: {
        timeZone: 'Europe/Berlin',
        weekDays: [1, 2],
        startTime: '08:00:00',
        endTime: '17:59:59',
        urgency: 'high',
        otherwise: 'low',
      },
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
    const draft = rulesetDraft({
      teamId: other.teamId,
      assignees: [
        { type: 'team', id: acme.teamId },
        { type: 'team', id: uuid() },
        { type: 'member', id: otherMember!.id },
        { type: 'member', id: acme.teamId },
        { type: 'schedule', id: acme.teamId },
        { type: 'schedule', id: other.teamId },
      ],
      webhookId: other.webhookId,
    });
    const refused = await rulesets.create(acme.organisationId, draft);
    assert.ok('errors' in refused);
    assert.deepEqual(
      refused.errors.map(({ field }) => field),
      ['team_id', 'assignees[1].id', 'assignees[2].id', 'assignees[3].id', 'assignees[5].id', 'webhook_id'],
    );
    assert.match(refused.errors[4]!.message, /not a schedule of this organisation/);
    assert.deepEqual(await rulesets.findUnknown(acme.organisationId, draft), refused.errors);
    assert.deepEqual(await rulesets.findUnknown(acme.organisationId, rulesetDraft({ teamId: acme.teamId })), []);
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

  it('changes what is there, counts its version, and fires no longer once removed', async () => {
    const made = await create({ severity: 'SEV1', quietResolve: 60, incidentKey: '{{payload.id}}' });
    const change = (change: Partial<RulesetDraft>, id = made.id, organisation = acme) =>
      database.sql.begin((tx) =>
        rulesets.update(organisation.organisationId, id, (stored) => ({ draft: { ...stored, ...change } }), tx),
      );
    const changed = await change({ name: 'Renamed', severity: null, priority: 'P1', quietResolve: null });
    assert.ok(changed && 'ruleset' in changed);
    assert.deepEqual(changed.ruleset, {
      ...made,
      name: 'Renamed',
      severity: null,
      priority: 'P1',
      quietResolve: null,
      version: made.version + 1,
    });
    assert.deepEqual(await rulesets.get(acme.organisationId, made.id), changed.ruleset);

    const refused = await change({ teamId: other.teamId });
    assert.ok(refused && 'errors' in refused);
    assert.deepEqual(await rulesets.get(acme.organisationId, made.id), changed.ruleset);
    assert.equal(await change({ name: 'Theirs' }, made.id, other), undefined);

    assert.equal(await rulesets.remove(other.organisationId, made.id), false);
    const before = await versionOf(acme.organisationId);
    assert.equal(await rulesets.remove(acme.organisationId, made.id), true);
    assert.equal(await rulesets.remove(acme.organisationId, made.id), false);
    assert.equal(await change({ name: 'Gone' }), undefined);
    assert.equal(await versionOf(acme.organisationId), Number(before) + 1);
    assert.deepEqual(await rulesets.loadForEvaluation([acme.organisationId]), []);
  });

  it('loses no change that is made at the same time', async () => {
    const made = await create();
    const changes: Partial<RulesetDraft>[] = [
      { name: 'Renamed' },
      { urgency: 'low' },
      { enabled: false },
      { severity: 'SEV2' },
      { quietResolve: 30 },
    ];
    await Promise.all(
      changes.map((change) =>
        database.sql.begin((tx) =>
          rulesets.update(acme.organisationId, made.id, (stored) => ({ draft: { ...stored, ...change } }), tx),
        ),
      ),
    );
    assert.deepEqual(await rulesets.get(acme.organisationId, made.id), {
      ...made,
      ...Object.assign({}, ...changes),
      version: made.version + changes.length,
    });
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

  it('loads them with their actions in order, without those that were deleted', async () => {
    const made = await create();
    const bare = await create();
    const subscriptionId = uuid();
    const define = async (position: number, type: string, settings: object[], deleted = false) => {
      const [row] = await database.sql<{ id: string }[]>`
        INSERT INTO action_definitions (
          id, organisation_id, action_id, ruleset_id, position, type, settings, digest, deleted_at)
        VALUES (${uuid()}, ${acme.organisationId}, ${uuid()}, ${made.id}, ${position}, ${type},
          ${database.sql.json(settings as never)}, ${Buffer.alloc(32)}, ${deleted ? new Date().toISOString() : null})
        RETURNING id`;
      return row!.id;
    };
    const told = await define(1, 'trigger-webhook', [{ subscription_id: subscriptionId }]);
    const alerts = await define(0, 'trigger-alerts', []);
    await define(2, 'trigger-alerts', [], true);
    const loaded = await rulesets.loadForEvaluation([acme.organisationId]);
    assert.deepEqual(loaded, [
      {
        ...made,
        actions: [
          { definitionId: alerts, type: 'trigger-alerts', subscriptionId: null },
          { definitionId: told, type: 'trigger-webhook', subscriptionId },
        ],
      },
      { ...bare, actions: [] },
    ]);

    await rulesets.remove(acme.organisationId, made.id);
    const left =
      await database.sql`SELECT id FROM action_definitions WHERE deleted_at IS NULL AND ruleset_id = ${made.id}`;
    assert.equal(left.length, 0, 'nothing refers to what they were for any more');
  });
});
