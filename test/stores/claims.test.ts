import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { PolicySnapshot } from '../../src/domain/escalation/policy.ts';
import type { Assignee } from '../../src/domain/incident/incident.ts';
import type { FiringRuleset, RulesetDraft } from '../../src/domain/ruleset/ruleset.ts';
import type { Decision, Match } from '../../src/stores/decisions.ts';
import { ClaimedMeanwhile, type Recorded, recordMatches } from '../../src/stores/claims.ts';
import { createEscalationPolicyStore } from '../../src/stores/escalation-policies.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

const openedAt = '2026-11-21T05:10:00.000Z';
const nothing = { opened: [], joined: [], acknowledged: [], cleared: [], deferred: [], idle: [] };

describe('claims', () => {
  let database: TestDatabase;
  let acme: TestOrganisation;
  let other: TestOrganisation;
  let ruleset: FiringRuleset;
  let othersRuleset: FiringRuleset;
  let second = 0;

  /** Stores an event and says that the ruleset matched it. */
  const match = async (incidentKey: string, matched = ruleset, given: Partial<Match> = {}): Promise<Match> => {
    const own = matched.organisationId === acme.organisationId ? acme : other;
    const receivedAt = new Date(Date.UTC(2026, 10, 21, 5, 9, second++)).toISOString().replace('Z', '001Z');
    const eventId = uuid();
    await database.sql`
      INSERT INTO events (id, organisation_id, webhook_id, shard, received_at, ip, body)
      VALUES (${eventId}, ${own.organisationId}, ${own.webhookId}, 0, ${receivedAt}, '192.0.2.7', '')`;
    return {
      eventId,
      occurrence: 0,
      organisationId: own.organisationId,
      webhook: { id: own.webhookId, name: 'Probe' },
      receivedAt,
      dedupKey: null,
      opener: { type: 'ruleset', ...matched },
      incidentKey,
      holds: true,
      readOpening: () => ({
        name: matched.name,
        description: matched.description,
        check: { httpStatusCode: null, responseTimeMs: null, error: null, checkedAt: receivedAt },
      }),
      ...given,
    };
  };
  const recordOnce = (matches: Decision[]) => database.sql.begin((tx) => recordMatches(tx, matches, openedAt));
  const record = async (...matches: Decision[]) => {
    for (;;) {
      try {
        return await recordOnce(matches);
      } catch (error) {
        if (!(error instanceof ClaimedMeanwhile)) throw error;
      }
    }
  };
  const clearing = (incidentKey: string, given: Partial<Match> = {}) =>
    match(incidentKey, ruleset, { holds: false, ...given });
  const makeRuleset = async (organisation: TestOrganisation, given: Partial<RulesetDraft> = {}) => {
    const created = await createRulesetStore(database.sql).create(
      organisation.organisationId,
      rulesetDraft({ teamId: organisation.teamId, ...given }),
    );
    assert.ok('ruleset' in created);
    return { ...created.ruleset, actions: [] };
  };

  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    second = 0;
    acme = await insertOrganisation(database.sql);
    other = await insertOrganisation(database.sql, 'Other');
    ruleset = await makeRuleset(acme);
    othersRuleset = await makeRuleset(other);
  });

  it('open one incident per organisation, ruleset and key, and number them', async () => {
    const secondRuleset = await makeRuleset(acme);
    const matches = [
      await match('a'),
      await match('a', secondRuleset),
      await match('a', othersRuleset),
      await match('b'),
      await match('a'),
    ];
    const { opened, joined } = await record(...matches);
    assert.deepEqual(joined, []);
    const rows = await database.sql`
      SELECT i.organisation_id, i.ruleset_id, i.incident_key, i.number, i.occurrences, c.scope_id
      FROM incidents i JOIN incident_claims c ON c.incident_id = i.id
      WHERE i.id = ANY(${opened.map(({ incidentId }) => incidentId)}::uuid[])`;
    const shape = (row: Record<string, unknown>) => [row.rulesetId, row.incidentKey, row.occurrences].join(' ');
    assert.deepEqual(
      new Set(rows.map((row) => shape(row))),
      new Set([`${ruleset.id} a 2`, `${ruleset.id} b 1`, `${secondRuleset.id} a 1`, `${othersRuleset.id} a 1`]),
    );
    assert.ok(rows.every((row) => row.scopeId === row.rulesetId));
    const numbers = (organisationId: string) =>
      rows
        .filter((row) => row.organisationId === organisationId)
        .map((row) => Number(row.number))
        .sort();
    assert.deepEqual(numbers(acme.organisationId), [1, 2, 3]);
    assert.deepEqual(numbers(other.organisationId), [1]);
  });

  it('give each incident the policy of its ruleset, every one the next in turn', async () => {
    const policies = createEscalationPolicyStore(database.sql);
    const targets = [
      { type: 'team' as const, id: acme.teamId },
      { type: 'schedule' as const, id: acme.teamId },
    ];
    const levels = [{ delay: 60, targets, assign: 'round_robin' as const }];
    const policy = await database.sql.begin((tx) =>
      policies.create(acme.organisationId, { name: 'Policy', levels, repeat: 2, repeatFromLevel: 1 }, tx),
    );
    assert.ok(typeof policy === 'object' && 'id' in policy);
    const escalating = await makeRuleset(acme, { escalationPolicyId: policy.id });
    const { opened } = await record(
      await match('a', escalating),
      await match('b', escalating),
      await match('c'),
      await match('d', othersRuleset),
      await match('a', escalating),
    );
    const rows = await database.sql<{ id: string; escalationPolicy: PolicySnapshot | null; assignees: Assignee[] }[]>`
      SELECT id, escalation_policy, lifecycle->'assignees' AS assignees FROM incidents
      WHERE organisation_id IN (${acme.organisationId}, ${other.organisationId}) ORDER BY incident_key`;
    const { id, name, repeat, repeatFromLevel } = policy;
    const snapshot = { id, name, version: 1, levels, repeat, repeatFromLevel };
    assert.deepEqual(
      rows.map(({ escalationPolicy }) => escalationPolicy),
      [{ ...snapshot, turn: 0 }, { ...snapshot, turn: 1 }, null, null],
    );
    assert.deepEqual(
      rows.slice(0, 2).map(({ assignees }) => assignees[0]),
      targets,
    );
    for (const { incidentId, escalationPolicy, lifecycle } of opened) {
      const row = rows.find((one) => one.id === incidentId)!;
      assert.deepEqual(escalationPolicy, row.escalationPolicy);
      assert.deepEqual(lifecycle.assignees, row.assignees);
    }
    assert.equal((await policies.get(acme.organisationId, policy.id))!.turn, 2);
  });

  it('give incidents the urgency that support hours say, and what that will be', async () => {
    const hours = {
      ...{ timeZone: 'UTC', weekDays: [0, 1, 2, 3, 4, 5, 6], startTime: '05:00:00', endTime: '05:59:59' },
      ...{ urgency: 'medium' as const, otherwise: 'low' as const },
    };
    const within = await makeRuleset(acme, { supportHours: hours });
    const outside = await makeRuleset(acme, { supportHours: { ...hours, startTime: '05:30:00' } });
    const { opened } = await record(
      await match('within', within),
      await match('outside', outside),
      await match('none'),
    );
    const rows = await database.sql<{ incidentKey: string; urgency: string; supportHours: object | null }[]>`
      SELECT incident_key, urgency, support_hours FROM incidents
      WHERE organisation_id = ${acme.organisationId} ORDER BY number`;
    assert.deepEqual(
      rows.map(({ incidentKey, urgency, supportHours }) => [incidentKey, urgency, supportHours]).sort(),
      [
        ['none', 'high', null],
        ['outside', 'low', outside.supportHours],
        ['within', 'medium', hours],
      ],
    );
    const [first, second, third] = ['within', 'outside', 'none'].map((incidentKey) => {
      const place = rows.findIndex((row) => row.incidentKey === incidentKey);
      return opened.find(({ number }) => number === place + 1)!;
    });
    assert.deepEqual(first!.urgencyChanges!.slice(0, 2), [
      { at: '2026-11-21T06:00:00.000Z', to: 'low' },
      { at: '2026-11-22T05:00:00.000Z', to: 'medium' },
    ]);
    assert.deepEqual(
      second!.lifecycle.pendingActions.filter(({ type }) => type === 'urgency_change').map(({ at, to }) => [at, to]),
      [['2026-11-21T05:30:00.000Z', 'medium']],
    );
    assert.equal(third!.urgencyChanges, undefined);
  });

  it('let later matches join, and say how often in all', async () => {
    const first = await record(await match('a'));
    const { opened, joined } = await record(await match('a'), await match('b'), await match('a'));
    assert.equal(opened.length, 1);
    assert.deepEqual(joined, [
      {
        incidentId: first.opened[0]!.incidentId,
        count: 3,
        lastAt: '2026-11-21T05:09:03.000001Z',
        workflowStarted: false,
      },
    ]);
  });

  it('open anew once the claim is gone', async () => {
    const { opened } = await record(await match('a'));
    await database.sql`UPDATE incidents SET status = 'resolved' WHERE id = ${opened[0]!.incidentId}`;
    await database.sql`DELETE FROM incident_claims WHERE incident_id = ${opened[0]!.incidentId}`;
    const again = await record(await match('a'));
    assert.equal(again.opened.length, 1);
    assert.deepEqual(again.joined, []);
  });

  it('ask for another look when a transaction opens the incident between the two', async () => {
    const [early, late] = [await match('a'), await match('a')];
    let refused: Promise<void> | undefined;
    const first = await database.sql.begin(async (tx) => {
      const recorded = await recordMatches(tx, [early], openedAt);
      refused = assert.rejects(recordOnce([late]), ClaimedMeanwhile);
      await poll(async () => {
        const [row] = await database.sql`
          SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return row;
      });
      return recorded;
    });
    await refused;
    const { opened, joined } = await record(late);
    assert.deepEqual(opened, []);
    assert.deepEqual(
      joined.map(({ incidentId, count }) => [incidentId, count]),
      [[first.opened[0]!.incidentId, 2]],
    );
  });

  it('are not counted again when another pump recorded them after this one looked', async () => {
    const early = await match('a');
    const { opened } = await record(early);
    await assert.rejects(recordOnce([early]), ClaimedMeanwhile);
    const [row] = await database.sql`SELECT occurrences FROM incidents WHERE id = ${opened[0]!.incidentId}`;
    assert.equal(row?.occurrences, 1);
  });

  it('never deadlock over many keys in any order', async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`);
    for (let round = 0; round < 5; round++) {
      const orders = [keys, keys.toReversed(), keys.slice(5), keys.slice(0, 15).reverse()];
      const batches = await Promise.all(orders.map((some) => Promise.all(some.map((key) => match(key)))));
      await Promise.all(batches.map((batch) => record(...batch)));
    }
    const [row] = await database.sql`
      SELECT count(*)::integer AS incidents, count(DISTINCT incident_key)::integer AS keys
      FROM incidents WHERE organisation_id = ${acme.organisationId}`;
    assert.deepEqual({ ...row }, { incidents: 20, keys: 20 });
  });

  it('take keys of any storable text', async () => {
    const keys = ['', ' ', "'; --", '{"a":"b"}', 'NULL', '😀'.repeat(100), 'a b', '{}', '\\'];
    const { opened } = await record(...(await Promise.all(keys.map((key) => match(key)))));
    assert.equal(opened.length, keys.length);
    const rows =
      await database.sql`SELECT incident_key FROM incident_claims WHERE organisation_id = ${acme.organisationId}`;
    assert.deepEqual(new Set(rows.map((row) => row.incidentKey)), new Set(keys));
  });

  describe('of state-change rulesets', () => {
    const outcomes = async () => {
      const rows = await database.sql<{ outcome: string; incidentId: string }[]>`
        SELECT m.outcome, m.incident_id FROM event_matches m JOIN events e ON e.id = m.event_id
        WHERE m.organisation_id = ${acme.organisationId} ORDER BY e.received_at`;
      return rows.map(({ outcome }) => outcome);
    };
    const resolve = async (incidentId: string) => {
      await database.sql`UPDATE incidents SET status = 'resolved' WHERE id = ${incidentId}`;
      await database.sql`DELETE FROM incident_claims WHERE incident_id = ${incidentId}`;
    };

    it('clear what they opened, and let later matches wait until it is resolved', async () => {
      const batch = [
        await match('a'),
        await match('a'),
        await clearing('a'),
        await match('a'),
        await clearing('a'),
        await match('b'),
      ];
      const first = await record(...batch);
      assert.equal(first.opened.length, 2);
      const [row] = await database.sql`SELECT * FROM incidents WHERE id = ${first.opened[0]!.incidentId}`;
      assert.equal(row?.occurrences, 2);
      assert.equal(row?.clearingEventId, batch[2]!.eventId);
      assert.deepEqual(first.cleared, [
        {
          incidentId: first.opened[0]!.incidentId,
          eventId: batch[2]!.eventId,
          by: { type: 'ruleset', id: ruleset.id, name: ruleset.name },
        },
      ]);
      assert.deepEqual(first.deferred, [batch[3]!.eventId, batch[4]!.eventId]);
      assert.deepEqual(await outcomes(), ['opened', 'joined', 'resolved', 'opened']);

      const early = await record(batch[3]!, batch[4]!);
      assert.deepEqual({ ...early, deferred: early.deferred.length }, { ...nothing, deferred: 2 });

      await resolve(first.opened[0]!.incidentId);
      const later = await record(batch[3]!, batch[4]!);
      assert.equal(later.opened.length, 1);
      assert.equal(later.cleared[0]?.incidentId, later.opened[0]?.incidentId);
      assert.deepEqual(await outcomes(), ['opened', 'joined', 'resolved', 'opened', 'resolved', 'opened']);
    });

    it('clear nothing where nothing is open, and nothing that another webhook opened', async () => {
      const before = await record(await clearing('a'));
      assert.deepEqual(before, nothing);
      assert.deepEqual(await outcomes(), []);

      await record(await match('a'));
      const elsewhere = await record(await clearing('a', { webhook: { id: uuid(), name: 'Other' } }));
      assert.deepEqual(elsewhere.cleared, []);
      const joined = await record(await match('a'));
      assert.equal(joined.joined[0]?.count, 2);
      assert.equal((await record(await clearing('a'))).cleared.length, 1);
    });

    it('wait with all that their event ends, so that none ends what began after it', async () => {
      const byService = await makeRuleset(acme);
      const host = await record(await match('host'), await clearing('host'));
      // One event says that a host and a service are well again; the host's incident is not resolved yet.
      const well = await clearing('host');
      const serviceWell: Match = { ...well, opener: { type: 'ruleset', ...byService }, incidentKey: 'service' };
      const serviceDown = await match('service', byService);
      const alert: Match = {
        ...{ ...well, incidentKey: 'alert', holds: true },
        opener: { type: 'ruleset', ...(await makeRuleset(acme)) },
      };
      const { opened, ...others } = await record(well, serviceWell, alert, serviceDown);
      assert.deepEqual(
        opened.map(({ openedBy }) => openedBy.id),
        [alert.opener.id],
      );
      const waiting = [well, serviceDown].map(({ eventId }) => eventId);
      assert.deepEqual(
        { ...others, deferred: others.deferred.sort() },
        { ...others, joined: [], cleared: [], deferred: waiting.sort() },
      );

      await resolve(host.opened[0]!.incidentId);
      const later = await record(well, serviceWell, serviceDown);
      assert.deepEqual(
        later.opened.map(({ openedBy }) => openedBy.id),
        [byService.id],
      );
      assert.deepEqual([later.cleared, later.deferred], [[], []]);
    });

    it('give up a key once, whoever else gives it up at the same moment', async () => {
      await record(await match('a'), await clearing('a'));
      await database.sql`UPDATE incidents SET clearing_since = now() - interval '11 seconds'`;
      const [early, late] = [await match('a'), await match('a')];
      let second: Promise<Recorded> | undefined;
      const first = await database.sql.begin(async (tx) => {
        const recorded = await recordMatches(tx, [early], openedAt);
        second = record(late);
        await poll(async () => {
          const [row] = await database.sql`
            SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
          return row;
        });
        return recorded;
      });
      const { opened, joined } = await second!;
      assert.deepEqual(opened, []);
      assert.deepEqual(
        joined.map(({ incidentId }) => incidentId),
        first.opened.map(({ incidentId }) => incidentId),
      );
    });

    it('clear nothing that was reported after them, as an event that is evaluated again', async () => {
      const old = await clearing('a');
      await record(await match('a'));
      assert.deepEqual((await record(old)).cleared, []);
      assert.equal((await record(await clearing('a'))).cleared.length, 1);
    });

    it('give up the key of an incident whose workflow does not resolve it', async () => {
      const { opened } = await record(await match('a'), await clearing('a'));
      await database.sql`UPDATE incidents SET clearing_since = now() - interval '11 seconds'`;
      const again = await record(await match('a'));
      assert.equal(again.opened.length, 1);
      assert.notEqual(again.opened[0]!.incidentId, opened[0]!.incidentId);
    });
  });
});
