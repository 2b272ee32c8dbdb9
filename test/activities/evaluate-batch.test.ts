import assert from 'node:assert/strict';
import { pino } from 'pino';
import { itself } from '../../src/domain/access/viewer.ts';
import { createEvaluateBatch } from '../../src/activities/evaluate-batch.ts';
import { compileRuleset } from '../../src/domain/ruleset/compile-ruleset.ts';
import { sources } from '../../src/inbound/index.ts';
import { createBell, shardOf } from '../../src/stores/doorbell.ts';
import { createEventStore } from '../../src/stores/events.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation } from '../support/organisation.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

const logger = pino({ level: 'silent' });

describe('evaluateBatch', () => {
  let database: TestDatabase;
  before(async () => void (database = await createTestDatabase()));
  after(() => database.drop());

  it("does not let an organisation's slow rulesets hold up the others", async () => {
    const { sql } = database;
    const slow = await insertOrganisation(sql, 'Slow');
    const other = await organisationOnShard(shardOf(slow.webhookId));
    const events = createEventStore(
      sql,
      createBell(sql, logger),
      createSealer('test-secret-key-of-32-characters-or-more'),
    );
    const submit = async (webhookId: string) => {
      const event = { webhookId, contentType: null, ip: '192.0.2.7', headers: {}, body: Buffer.from('{"a":1}') };
      return (await events.submit(event))!.id;
    };
    const theirs: string[] = [];
    for (let count = 0; count < 6; count++) theirs.push(await submit(slow.webhookId));
    const own = await submit(other.webhookId);

    const conditions = [{ type: 'json-check', key: 'a', operator: 'equal', values: ['2'] }];
    await createRulesetStore(sql).create(slow.organisationId, rulesetDraft({ teamId: slow.teamId, conditions }));
    const [stored] = await createRulesetStore(sql).loadForEvaluation([slow.organisationId], sql);
    const compiled = compileRuleset(stored!);
    const test = () => {
      for (const end = performance.now() + 400; performance.now() < end;);
      return false;
    };
    const slowed = { ...compiled, conditions: compiled.conditions.map((condition) => ({ ...condition, test })) };
    const compiledRulesets = { of: async () => new Map([[slow.organisationId, [slowed]]]) };
    const evaluateBatch = createEvaluateBatch({ sql, compiledRulesets, sources, logger });
    const statuses = async (organisationId: string, ids: string[]) =>
      Promise.all(ids.map(async (id) => (await events.get(organisationId, id, itself))!.status));

    const { more } = await evaluateBatch(shardOf(slow.webhookId), 200);
    assert.equal(more, true);
    assert.deepEqual(await statuses(other.organisationId, [own]), ['evaluated']);
    // Its oldest first, about a second's worth; the others keep their turn.
    const after = await statuses(slow.organisationId, theirs);
    assert.deepEqual(after, [...after].sort(), 'in order');
    assert.ok(after.includes('evaluated') && after.includes('pending'), after.join());
    while ((await evaluateBatch(shardOf(slow.webhookId), 200)).more);
    assert.deepEqual(new Set(await statuses(slow.organisationId, theirs)), new Set(['evaluated']));
  });

  async function organisationOnShard(shard: number) {
    for (let tries = 0; ; tries++) {
      const organisation = await insertOrganisation(database.sql, `Other ${tries}`);
      if (shardOf(organisation.webhookId) === shard) return organisation;
    }
  }
});
