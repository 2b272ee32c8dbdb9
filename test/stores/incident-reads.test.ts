import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import type { Command } from '../../src/domain/incident/command.ts';
import { transition } from '../../src/domain/incident/transition.ts';
import { createIncidentReads } from '../../src/stores/incident-reads.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

const agent = { type: 'key', id: null, name: 'Test key' } as const;

describe('incident reads', () => {
  let database: TestDatabase;
  let own: TestOrganisation;
  let other: TestOrganisation;
  let statements: string[];
  beforeEach(async () => {
    statements = [];
    database = await createTestDatabase({ onQuery: (query) => statements.push(query) });
    own = await insertOrganisation(database.sql, 'Own');
    other = await insertOrganisation(database.sql, 'Other');
  });
  afterEach(() => database.drop());

  it('show an incident, its log and its actions to its organisation alone', async () => {
    const { sql } = database;
    const reads = createIncidentReads(sql);
    const state = await storeIncident(sql, own, {}, 'checkout');
    const action = { id: own.webhookId, type: 'trigger-alerts', trigger: 'manual', subscriptionId: null } as const;
    const commands: Command[] = [
      { id: 'one', agent, channel: 'api', type: 'trigger' },
      { id: 'two', agent, channel: 'api', type: 'acknowledge' },
      { id: 'three', agent, channel: 'api', type: 'action', action },
    ];
    let current = state;
    const transitions = commands.map((command) => {
      const result = transition(current, command, new Date().toISOString());
      assert.ok(result.accepted);
      current = result.state;
      return result.transition;
    });
    await createTransitionStore(sql, { ring: () => {} }).record(own.organisationId, state.incidentId, transitions);

    const read = await reads.get(own.organisationId, state.incidentId, itself);
    assert.deepEqual(
      [read?.status, read?.incidentKey, read?.acknowledgementTimeout, read?.autoResolveTimeout],
      ['acknowledged', 'checkout', 1_800, 14_400],
    );
    assert.deepEqual(read?.pendingActions, current.lifecycle.pendingActions);
    const log = await reads.log(own.organisationId, state.incidentId, { limit: 9 }, itself);
    assert.deepEqual(
      log.map(({ type }) => type),
      ['triggered', 'acknowledged', 'alerted'],
    );
    const { sequence, index } = log[0]!;
    const rest = await reads.log(
      own.organisationId,
      state.incidentId,
      { limit: 9, after: { sequence, index } },
      itself,
    );
    assert.deepEqual([...rest], log.slice(1));
    const [run] = await reads.actions(own.organisationId, state.incidentId, { limit: 9 });
    assert.deepEqual([run?.id, run?.type, run?.trigger], [action.id, 'trigger-alerts', 'manual']);
    assert.equal(await reads.isRecorded(own.organisationId, state.incidentId, 'two'), true);
    assert.equal(await reads.isRecorded(own.organisationId, state.incidentId, 'four'), false);

    assert.equal(await reads.get(other.organisationId, state.incidentId, itself), undefined);
    assert.equal((await reads.log(other.organisationId, state.incidentId, { limit: 9 }, itself)).length, 0);
    assert.equal((await reads.actions(other.organisationId, state.incidentId, { limit: 9 })).length, 0);
    assert.equal((await reads.list(other.organisationId, {}, { limit: 9, descending: true }, itself)).length, 0);
    assert.equal(await reads.isRecorded(other.organisationId, state.incidentId, 'two'), false);
  });

  it('list both ways from any number, filtered', async () => {
    const { sql } = database;
    const reads = createIncidentReads(sql);
    for (const urgency of ['low', 'high', 'low', 'high'] as const) await storeIncident(sql, own, { urgency });
    await storeIncident(sql, other);
    const numbers = async (...given: [filter: object, page: { descending: boolean; after?: number }]) =>
      (await reads.list(own.organisationId, given[0], { limit: 3, ...given[1] }, itself)).map(({ number }) => number);
    assert.deepEqual(await numbers({}, { descending: true }), [4, 3, 2]);
    assert.deepEqual(await numbers({}, { descending: true, after: 2 }), [1]);
    assert.deepEqual(await numbers({}, { descending: false, after: 2 }), [3, 4]);
    assert.deepEqual(await numbers({ urgencies: ['high'] }, { descending: true }), [4, 2]);
    assert.deepEqual(await numbers({ statuses: ['resolved'] }, { descending: true }), []);
    assert.deepEqual(await numbers({ teamId: other.teamId }, { descending: true }), []);
  });

  it('find what is assigned to a team, or to its schedule, by the index for it', async () => {
    const { sql } = database;
    const elsewhere = uuid();
    await sql`
      INSERT INTO teams (id, organisation_id, number, name) VALUES (${elsewhere}, ${own.organisationId}, 2, 'Elsewhere')`;
    const { incidentId } = await storeIncident(sql, own);
    // Many that are nobody else's, and two that are.
    const names = await sql<{ name: string }[]>`
      SELECT column_name AS name FROM information_schema.columns
      WHERE table_name = 'incidents' AND is_generated = 'NEVER' AND column_name NOT IN ('id', 'number')`;
    const columns = sql.unsafe(names.map(({ name }) => name).join());
    await sql`
      INSERT INTO incidents (id, number, ${columns}) SELECT gen_random_uuid(), n, ${columns}
      FROM incidents, generate_series(2, 5000) n WHERE id = ${incidentId}`;
    for (const [number, type] of [
      [17, 'team'],
      [4_711, 'schedule'],
    ] as const)
      await sql`
        UPDATE incidents SET lifecycle = jsonb_set(lifecycle, '{assignees}', ${sql.json([{ type, id: elsewhere }])})
        WHERE organisation_id = ${own.organisationId} AND number = ${number}`;
    await sql`ANALYZE incidents`;

    statements.length = 0;
    const found = await createIncidentReads(sql).list(
      own.organisationId,
      { teamId: elsewhere },
      { limit: 9, descending: true },
      itself,
    );
    assert.deepEqual(
      found.map(({ number }) => number),
      [4_711, 17],
    );
    const query = statements.find((statement) => statement.includes('elsewhere AS MATERIALIZED'));
    const plan = await sql.unsafe(`EXPLAIN (GENERIC_PLAN) ${query}`).simple();
    assert.match(JSON.stringify(plan), /Bitmap Index Scan on incidents_assigned_elsewhere/);
  });
});
