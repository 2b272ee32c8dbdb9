import assert from 'node:assert/strict';
import { pino } from 'pino';
import { itself } from '../../src/domain/access/viewer.ts';
import { createEvaluateRulesets } from '../../src/activities/evaluate-rulesets.ts';
import type { Condition } from '../../src/domain/ruleset/ruleset.ts';
import { createBell, createEar, shardOf, type Ear } from '../../src/stores/doorbell.ts';
import { createEventStore, type EventStore, type StoredEvent } from '../../src/stores/events.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

const logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });

describe('an event that is replayed', () => {
  let database: TestDatabase;
  let ear: Ear;
  let events: EventStore;
  let acme: TestOrganisation;

  before(async () => {
    database = await createTestDatabase();
    ear = await createEar(database.sql);
    const sealer = createSealer('test-secret-key-of-32-characters-or-more');
    events = createEventStore(database.sql, createBell(database.sql, logger), sealer);
  });
  after(async () => {
    await ear.close();
    await database.drop();
  });
  beforeEach(async () => void (acme = await insertOrganisation(database.sql)));

  const addRuleset = async (conditions: Condition[] = []) => {
    const draft = rulesetDraft({ teamId: acme.teamId, conditions });
    const created = await createRulesetStore(database.sql).create(acme.organisationId, draft);
    assert.ok('ruleset' in created);
    return created.ruleset.id;
  };
  const submit = async () => {
    const { webhookId } = acme;
    const body = Buffer.from('{"status":"down"}');
    return (await events.submit({ webhookId, contentType: null, ip: '192.0.2.7', headers: {}, body }))!.id;
  };
  const replay = async (id: string) => {
    await database.sql.begin((tx) => events.replay(acme.organisationId, acme.webhookId, id, itself, tx));
    events.announce(acme.webhookId);
  };
  /** What the pump makes of it. */
  const evaluated = async (id: string): Promise<StoredEvent> => {
    const stop = new AbortController();
    const incidents = {
      start: async () => {},
      joined: async () => {},
      acknowledged: async () => true,
      cleared: async () => true,
    };
    const pump = createEvaluateRulesets({ sql: database.sql, ear, logger, incidents });
    const running = pump(shardOf(acme.webhookId), stop.signal, () => {});
    try {
      return await poll(async () => {
        const event = await events.get(acme.organisationId, id, itself);
        return event?.status !== 'pending' && event;
      });
    } finally {
      stop.abort();
      await running;
    }
  };
  const incidents = () => database.sql`
    SELECT id, ruleset_id, occurrences FROM incidents WHERE organisation_id = ${acme.organisationId} ORDER BY number`;

  it('meets a ruleset that was made since, and opens what it would have opened', async () => {
    const id = await submit();
    assert.deepEqual((await evaluated(id)).matches, []);
    const rulesetId = await addRuleset([{ type: 'json-check', key: 'status', operator: 'equal', values: ['down'] }]);
    await replay(id);
    const { matches, reason } = await evaluated(id);
    const [incident] = await incidents();
    assert.deepEqual(matches, [{ rulesetId, incidentId: incident?.id, occurrence: 0, outcome: 'opened' }]);
    assert.equal(reason, null);
  });

  it('is not decided again where it is decided, not even once the incident is resolved', async () => {
    const first = await addRuleset();
    const id = await submit();
    const { matches } = await evaluated(id);
    assert.equal(matches.length, 1);
    await database.sql`DELETE FROM incident_claims WHERE organisation_id = ${acme.organisationId}`;
    await database.sql`UPDATE incidents SET status = 'resolved' WHERE organisation_id = ${acme.organisationId}`;
    const second = await addRuleset();
    for (let time = 0; time < 2; time++) {
      await replay(id);
      const after = await evaluated(id);
      assert.deepEqual(
        after.matches.map(({ rulesetId, outcome }) => [rulesetId, outcome]),
        [
          [first, 'opened'],
          [second, 'opened'],
        ],
      );
      assert.deepEqual(after.matches[0], matches[0]);
    }
    assert.deepEqual(
      (await incidents()).map(({ rulesetId, occurrences }) => [rulesetId, occurrences]),
      [
        [first, 1],
        [second, 1],
      ],
    );
  });
});
