import assert from 'node:assert/strict';
import type { PolicyDraft } from '../../src/domain/escalation/validate-policy.ts';
import {
  createEscalationPolicyStore,
  type EscalationPolicy,
  type EscalationPolicyStore,
  mostPolicies,
} from '../../src/stores/escalation-policies.ts';
import { takePolicies } from '../../src/stores/policy-turns.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import type { Transaction } from '../../src/stores/sql.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';
import { insertMember } from '../support/schedule.ts';

describe('escalation policies', () => {
  let database: TestDatabase;
  let acme: TestOrganisation;
  let policies: EscalationPolicyStore;

  const inTx = <Result>(work: (tx: Transaction) => Promise<Result>) => database.sql.begin(work) as Promise<Result>;
  const draft = (given: Partial<PolicyDraft> = {}): PolicyDraft => ({
    name: 'Policy',
    levels: [{ delay: 60, targets: [{ type: 'team', id: acme.teamId }], assign: 'everyone' }],
    repeat: 0,
    repeatFromLevel: 1,
    ...given,
  });
  const create = async (given: Partial<PolicyDraft> = {}): Promise<EscalationPolicy> => {
    const created = await inTx((tx) => policies.create(acme.organisationId, draft(given), tx));
    assert.ok(typeof created === 'object' && 'id' in created);
    return created;
  };
  const take = (id: string) => inTx((tx) => policies.take(acme.organisationId, id, tx));

  before(async () => {
    database = await createTestDatabase();
    policies = createEscalationPolicyStore(database.sql);
  });
  after(() => database.drop());
  beforeEach(async () => {
    acme = await insertOrganisation(database.sql);
  });

  it('are given in turn, each incident the next, as they stand then', async () => {
    const made = await create();
    const { id, name, levels, repeat, repeatFromLevel } = made;
    const first = await take(id);
    assert.deepEqual({ ...first }, { id, version: 1, name, levels, repeat, repeatFromLevel, turn: 0 });
    const change = (stored: PolicyDraft) => ({ draft: { ...stored, name: 'Renamed' } });
    await inTx((tx) => policies.update(acme.organisationId, id, change, tx));
    const second = await take(id);
    assert.deepEqual([second!.name, second!.version, second!.turn], ['Renamed', 2, 1]);

    const turns = await Promise.all(Array.from({ length: 20 }, async () => (await take(id))!.turn));
    assert.deepEqual(
      turns.sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, index) => index + 2),
    );
    const other = await insertOrganisation(database.sql, 'Other');
    assert.equal(await inTx((tx) => policies.take(other.organisationId, id, tx)), undefined);
    assert.equal((await policies.get(acme.organisationId, id))!.turn, 22);
  });

  it('are given to several incidents at once, and nobody deadlocks', async () => {
    const [one, two] = [await create(), await create()];
    const takeMany = (...ids: (string | null)[]) => inTx((tx) => takePolicies(tx, acme.organisationId, ids));
    const given = await takeMany(two.id, null, one.id, two.id);
    assert.deepEqual(
      given.map((snapshot) => snapshot && [snapshot.id, snapshot.turn]),
      [[two.id, 0], null, [one.id, 0], [two.id, 1]],
    );
    assert.deepEqual(await takeMany(), []);
    assert.deepEqual(await takeMany(null), [null]);

    const orders = [
      [one.id, two.id],
      [two.id, one.id],
    ];
    const rounds = await Promise.all(Array.from({ length: 40 }, (_, index) => takeMany(...orders[index % 2]!)));
    for (const { id, from } of [
      { id: one.id, from: 1 },
      { id: two.id, from: 2 },
    ]) {
      const turns = rounds.flat().flatMap((snapshot) => (snapshot?.id === id ? [snapshot.turn] : []));
      assert.deepEqual(
        turns.sort((a, b) => a - b),
        Array.from({ length: 40 }, (_, index) => index + from),
      );
    }
  });

  it('that were deleted are still given by rulesets that were read before, and by nobody else', async () => {
    const { id } = await create();
    assert.deepEqual(await inTx((tx) => policies.remove(acme.organisationId, id, tx)), []);
    assert.equal(await inTx((tx) => policies.remove(acme.organisationId, id, tx)), undefined);
    assert.equal(await take(id), undefined);
    const [snapshot] = await inTx((tx) => takePolicies(tx, acme.organisationId, [id]));
    assert.equal(snapshot?.id, id);
  });

  it('wait to be deleted for whoever is giving them to a ruleset, and then stay', async () => {
    const { id } = await create();
    const rulesets = createRulesetStore(database.sql);
    let removal: Promise<unknown> = Promise.resolve();
    await inTx(async (tx) => {
      const given = rulesetDraft({ teamId: acme.teamId, escalationPolicyId: id });
      assert.ok('ruleset' in (await rulesets.create(acme.organisationId, given, tx)));
      removal = inTx((other) => policies.remove(acme.organisationId, id, other));
      await poll(async () => {
        const rows = await database.sql`
          SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%escalation_policies%FOR UPDATE%'`;
        return rows.length > 0;
      });
    });
    assert.equal(((await removal) as unknown[]).length, 1);
    assert.ok(await policies.get(acme.organisationId, id));
  });

  it('name all targets that the organisation does not have', async () => {
    const other = await insertOrganisation(database.sql, 'Other');
    const stranger = await insertMember(database.sql, other.organisationId, other.teamId, 'Bob');
    const ada = await insertMember(database.sql, acme.organisationId, acme.teamId, 'Ada');
    const gone = await insertMember(database.sql, acme.organisationId, acme.teamId, 'Gone');
    await database.sql`UPDATE members SET deleted_at = now() WHERE id = ${gone}`;
    const levels: PolicyDraft['levels'] = [
      {
        delay: 60,
        targets: [
          { type: 'team', id: acme.teamId },
          { type: 'member', id: stranger },
        ],
        assign: 'everyone',
      },
      {
        delay: 60,
        targets: [
          { type: 'schedule', id: other.teamId },
          { type: 'member', id: ada.toUpperCase() },
          { type: 'member', id: gone },
          { type: 'team', id: ada },
          { type: 'member', id: acme.teamId },
        ],
        assign: 'everyone',
      },
    ];
    const refused = await inTx((tx) => policies.create(acme.organisationId, draft({ levels }), tx));
    assert.ok(typeof refused === 'object' && 'errors' in refused);
    assert.deepEqual(
      refused.errors.map(({ field, message }) => `${field} ${message}`),
      [
        'levels[0].targets[1].id is not a member of this organisation',
        'levels[1].targets[0].id is not a schedule of this organisation',
        'levels[1].targets[2].id is not a member of this organisation',
        'levels[1].targets[3].id is not a team of this organisation',
        'levels[1].targets[4].id is not a member of this organisation',
      ],
    );
    const known = levels.map((level) => ({ ...level, targets: [{ type: 'member' as const, id: ada.toUpperCase() }] }));
    assert.equal((await create({ levels: known })).levels[0]!.targets[0]!.id, ada, 'as Postgres writes it');
  });

  it('are bounded', async () => {
    await database.sql`
      INSERT INTO escalation_policies (id, organisation_id, number, name, levels)
      SELECT gen_random_uuid(), ${acme.organisationId}, -number, 'P', '[]'
      FROM generate_series(1, ${mostPolicies - 1}::integer) AS number`;
    const { id } = await create();
    assert.equal(await inTx((tx) => policies.create(acme.organisationId, draft(), tx)), 'full');
    await inTx((tx) => policies.remove(acme.organisationId, id, tx));
    await create();
  });
});
