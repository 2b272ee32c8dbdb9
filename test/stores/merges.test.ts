import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { transition } from '../../src/domain/incident/transition.ts';
import { recordMatches } from '../../src/stores/claims.ts';
import { createMergeStore, type MergeStore } from '../../src/stores/merges.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { lockRow } from '../support/row-lock.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

describe('merges', () => {
  let database: TestDatabase;
  let merges: MergeStore;
  let acme: TestOrganisation;

  before(async () => {
    database = await createTestDatabase();
    merges = createMergeStore(database.sql);
  });
  after(() => database.drop());
  beforeEach(async () => {
    acme = await insertOrganisation(database.sql);
  });

  const open = (incidentKey: string | null = null) => storeIncident(database.sql, acme, {}, incidentKey);
  const claim = async (into: IncidentState, ...sources: (IncidentState | string)[]) => {
    const ids = sources.map((source) => (typeof source === 'string' ? source : source.incidentId));
    return merges.claim(acme.organisationId, into.incidentId, ids, itself);
  };
  const claimed = async (into: IncidentState, ...sources: IncidentState[]) => {
    const answer = await claim(into, ...sources);
    assert.ok('merges' in answer);
    return answer.merges;
  };
  /** Stores what the incident's workflow would make of it. */
  const resolve = async (state: IncidentState, sequence = 1) => {
    const agent = { type: 'key', id: null, name: 'Test key' } as const;
    const from = { ...state, lifecycle: { ...state.lifecycle, sequence: sequence - 1 } };
    const result = transition(
      from,
      { type: 'resolve', id: uuid(), agent, channel: 'api', resolution: null, rootCause: null },
      new Date().toISOString(),
    );
    assert.ok(result.accepted);
    const store = createTransitionStore(database.sql, { ring: () => {} });
    await store.record(state.organisationId, state.incidentId, [result.transition]);
  };
  const keysOf = async ({ incidentId }: IncidentState) => {
    const rows = await database.sql<{ incidentKey: string }[]>`
      SELECT incident_key FROM incident_claims WHERE incident_id = ${incidentId} ORDER BY 1`;
    return rows.map(({ incidentKey }) => incidentKey);
  };

  it('give the target the keys, which its resolve frees', async () => {
    const [target, a, b, other] = [await open('t'), await open('a'), await open('b'), await open('c')];
    const [merge, ...more] = await claimed(target, b, a);
    assert.deepEqual(more, []);
    const ids = [a.incidentId, b.incidentId];
    assert.deepEqual([merge?.incidentIds, merge?.unresolved], [ids, ids]);
    assert.deepEqual([await keysOf(target), await keysOf(a), await keysOf(other)], [['a', 'b', 't'], [], ['c']]);
    await resolve(a);
    await resolve(target);
    assert.deepEqual([await keysOf(target), await keysOf(other)], [[], ['c']]);
  });

  it('leave no key to a target that is resolved while they give it theirs', async () => {
    const [target, source] = [await open('t'), await open('s')];
    const waiting = (count: number) =>
      poll(async () => {
        const rows = await database.sql`
          SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return rows.length === count;
      });
    // The merge has the target, and waits for its source; the resolve waits for the merge.
    const lock = await lockRow(database.sql, 'incidents', source.incidentId);
    const merging = claimed(target, source);
    await waiting(1);
    const resolving = resolve(target);
    await waiting(2);
    await lock.release();
    await Promise.all([merging, resolving]);
    assert.deepEqual(await keysOf(target), []);
  });

  it('are the same for a repeat, also for a part of it and once the target is over', async () => {
    const [target, a, b, c] = [await open(), await open(), await open(), await open()];
    const first = await claimed(target, a, b);
    assert.deepEqual(await claimed(target, b), first);
    await resolve(a);
    const partly = [{ ...first[0]!, unresolved: [b.incidentId] }];
    assert.deepEqual(await claimed(target, a), partly);
    const both = await claimed(target, a, c);
    assert.deepEqual(
      both.map(({ incidentIds }) => incidentIds),
      [[a.incidentId, b.incidentId], [c.incidentId]],
    );
    await resolve(target);
    assert.deepEqual(await claimed(target, b), partly);
  });

  it('are refused where one of them is over or elsewhere, and change nothing then', async () => {
    const [target, a, over, elsewhere] = [await open(), await open('a'), await open(), await open()];
    await resolve(over);
    await claimed(await open(), elsewhere);
    for (const [into, ...sources] of [
      [target, a, over],
      [target, a, elsewhere],
      [over, a],
      [elsewhere, a],
    ] as [IncidentState, ...IncidentState[]][])
      await assert.rejects(claim(into, ...sources), { code: 'merge_conflict', message: /INC-\d+ is / });
    assert.deepEqual(await keysOf(a), ['a']);
    const [row] = await database.sql`SELECT merging_into FROM incidents WHERE id = ${a.incidentId}`;
    assert.equal(row?.mergingInto, null);
  });

  it('name what the organisation does not have', async () => {
    const target = await open();
    const foreign = await storeIncident(database.sql, await insertOrganisation(database.sql, 'Other'));
    const own = await open('own');
    assert.deepEqual(await claim(target, own, foreign, target.organisationId), {
      unknown: [foreign.incidentId, target.organisationId],
    });
    assert.deepEqual(await keysOf(own), ['own']);
  });

  it('never meet: of two opposite ones at once one is refused', async () => {
    for (let round = 0; round < 10; round++) {
      const [a, b] = [await open(), await open()];
      const results = await Promise.allSettled([claim(a, b), claim(b, a)]);
      const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
      assert.deepEqual(refusals, ['merge_conflict']);
    }
  });

  it('see what became of an incident whose row they waited for', async () => {
    const [a, b] = [await open('a'), await open('b')];
    let late: Promise<void> | undefined;
    await database.sql.begin(async (tx) => {
      await tx`UPDATE incidents SET status = 'resolved' WHERE id = ${a.incidentId}`;
      late = assert.rejects(claim(b, a), { code: 'merge_conflict', message: /INC-\d+ is resolved/ });
      await poll(async () => {
        const [row] = await database.sql`
          SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return row;
      });
      // The lower id comes first, so whoever waits for it has nothing yet that others need.
      assert.ok(a.incidentId < b.incidentId);
      await database.sql`SELECT FROM incidents WHERE id = ${b.incidentId} FOR NO KEY UPDATE NOWAIT`;
    });
    await late;
    assert.deepEqual([await keysOf(a), await keysOf(b)], [[], ['b']]);
  });

  it('let occurrences of a key that moved join the target', async () => {
    const created = await createRulesetStore(database.sql).create(
      acme.organisationId,
      rulesetDraft({ teamId: acme.teamId }),
    );
    assert.ok('ruleset' in created);
    const ruleset = { ...created.ruleset, actions: [] };
    let second = 0;
    const occur = async (incidentKey: string) => {
      const receivedAt = `2026-11-21T05:09:${String(10 + second++)}.000001Z`;
      const eventId = uuid();
      await database.sql`
        INSERT INTO events (id, organisation_id, webhook_id, shard, received_at, ip, body)
        VALUES (${eventId}, ${acme.organisationId}, ${acme.webhookId}, 0, ${receivedAt}, '192.0.2.7', '')`;
      const check = { httpStatusCode: null, responseTimeMs: null, error: null, checkedAt: receivedAt };
      const readOpening = () => ({ name: 'A', description: '', check });
      const match = {
        eventId,
        occurrence: 0,
        organisationId: acme.organisationId,
        webhook: { id: acme.webhookId, name: 'Probe' },
        receivedAt,
        dedupKey: null,
        opener: { type: 'ruleset' as const, ...ruleset },
        incidentKey,
        holds: true,
      };
      return database.sql.begin((tx) => recordMatches(tx, [{ ...match, readOpening }], receivedAt));
    };
    const [first] = (await occur('a')).opened;
    const [other] = (await occur('b')).opened;
    await claimed(first!, other!);
    const joined = await occur('b');
    assert.deepEqual(
      [joined.opened, joined.joined.map(({ incidentId, count }) => [incidentId, count])],
      [[], [[first!.incidentId, 2]]],
    );
    await resolve(other!);
    assert.equal((await occur('b')).joined[0]?.incidentId, first!.incidentId, 'resolving the source frees no key');
    await resolve(first!);
    assert.equal((await occur('b')).opened.length, 1);
  });

  it('are found while a source is open for too long', async () => {
    const [target, a, b] = [await open(), await open(), await open()];
    const found = async () => {
      const rows = await merges.unmerged(1_000, 2);
      const own = rows.filter(({ organisationId }) => organisationId === acme.organisationId);
      return own.map(({ incidentId, into }) => [incidentId, into]);
    };
    await claimed(target, a, b);
    assert.deepEqual(await found(), []);
    await database.sql`UPDATE incidents SET merging_since = now() - interval '3 seconds' WHERE merging_into IS NOT NULL`;
    await resolve(b);
    assert.deepEqual(await found(), [[a.incidentId, target.incidentId]]);
  });
});
