import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { Command } from '../../src/domain/incident/command.ts';
import { transition, type Transition } from '../../src/domain/incident/transition.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import type { Action } from '../../src/domain/incident/log-entry.ts';
import type { IncidentSnapshot } from '../../src/domain/incident/snapshot.ts';
import { shardOf } from '../../src/stores/doorbell.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

const agent = { type: 'key', id: null, name: 'Test key' } as const;
const at = '2026-04-16T14:28:00.000Z';

describe('transition store', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  const rung: number[] = [];
  const bell = { ring: (_pump: string, shards: Iterable<number>) => void rung.push(...shards) };

  before(async () => {
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
  });
  after(() => database.drop());
  beforeEach(() => void rung.splice(0));

  function play(state: IncidentState, ...commands: Pick<Command, 'type'>[]): Transition[] {
    return commands.map((command, index) => {
      const result = transition(
        state,
        {
          id: `${command.type}-${index}`,
          agent,
          channel: 'api',
          resolution: 'restarted',
          rootCause: 'pool',
          ...command,
        } as Command,
        at,
      );
      assert(result.accepted);
      state = result.state;
      return result.transition;
    });
  }

  async function subscribe(types: string[]): Promise<string> {
    const id = uuid();
    const events = types.map((type) => `incident.${type}`);
    await database.sql`
      INSERT INTO subscriptions (id, organisation_id, name, url, dialect, events, secret)
      VALUES (${id}, ${organisation.organisationId}, 'Receiver', 'https://example.com', 'standard', ${events}, '')`;
    return id;
  }

  it('stores row, snapshot, log entry and deliveries of a transition together, and rings the outbox', async () => {
    const subscriptionId = await subscribe(['triggered']);
    const state = await storeIncident(database.sql, organisation);
    await createTransitionStore(database.sql, bell).record(
      organisation.organisationId,
      state.incidentId,
      play(state, { type: 'trigger' }),
    );

    const [row] = await database.sql`SELECT status, sequence FROM incidents WHERE id = ${state.incidentId}`;
    assert.deepEqual({ ...row }, { status: 'triggered', sequence: 1 });
    const [stored] = await database.sql<{ snapshot: IncidentSnapshot }[]>`
      SELECT snapshot FROM transitions WHERE incident_id = ${state.incidentId}`;
    assert.equal(stored?.snapshot.incident.number, state.number);
    assert.equal(stored?.snapshot.incident.description, 'Orders fail with 503.');
    const { createdAt, lastIncidentAt, ...service } = stored!.snapshot.service;
    assert.deepEqual(service, {
      type: 'team',
      id: organisation.teamId,
      number: 1,
      name: 'First responders',
      description: '',
      status: 'triggered',
    });
    for (const time of [createdAt, lastIncidentAt]) assert.ok(Date.parse(time ?? '') > 0);
    assert.deepEqual(stored?.snapshot.transition, {
      id: 'trigger-0',
      type: 'triggered',
      at,
      agent,
      channel: 'api',
      details: { assignees: state.lifecycle.assignees },
      action: null,
      sequence: 1,
      previousStatus: null,
      previousIncidentStatus: null,
    });
    const [entry] =
      await database.sql`SELECT type, channel, agent FROM log_entries WHERE incident_id = ${state.incidentId}`;
    assert.deepEqual({ ...entry }, { type: 'triggered', channel: 'api', agent });
    const deliveries =
      await database.sql`SELECT subscription_id, shard FROM deliveries WHERE incident_id = ${state.incidentId}`;
    assert.deepEqual(
      [...deliveries].map((delivery) => ({ ...delivery })),
      [{ subscriptionId, shard: shardOf(subscriptionId) }],
    );
    assert.deepEqual(rung, [shardOf(subscriptionId)]);
  });

  it('writes nothing the second time', async () => {
    await subscribe(['acknowledged']);
    const state = await storeIncident(database.sql, organisation);
    const transitions = play(state, { type: 'trigger' }, { type: 'acknowledge' });
    const store = createTransitionStore(database.sql, bell);
    await store.record(organisation.organisationId, state.incidentId, transitions);
    const counts = () => database.sql`
      SELECT (SELECT count(*) FROM transitions WHERE incident_id = ${state.incidentId}) AS transitions,
        (SELECT count(*) FROM log_entries WHERE incident_id = ${state.incidentId}) AS entries,
        (SELECT count(*) FROM deliveries WHERE incident_id = ${state.incidentId}) AS deliveries`;
    const [first] = await counts();
    rung.splice(0);
    await store.record(organisation.organisationId, state.incidentId, transitions);
    await Promise.all(transitions.map((one) => store.record(organisation.organisationId, state.incidentId, [one])));
    assert.deepEqual(await counts().then(([row]) => row), first);
    assert.deepEqual(rung, []);
  });

  it('tells what stands where another transition has the place, and stores nothing after it', async () => {
    const store = createTransitionStore(database.sql, bell);
    const state = await storeIncident(database.sql, organisation);
    const record = (transitions: Transition[]) =>
      store.record(organisation.organisationId, state.incidentId, transitions);
    const stored = play(state, { type: 'trigger' }, { type: 'acknowledge' });
    assert.equal(await record(stored), null);
    const others = play(state, { type: 'trigger' }, { type: 'escalate' }, { type: 'resolve' });
    const ahead = {
      lifecycle: stored[1]!.lifecycle,
      commandIds: ['acknowledge-1'],
      lastOccurrenceAt: null,
      escalationPolicy: null,
      asked: [],
    };
    assert.deepEqual(await record(others), { ...ahead, commandIds: ['trigger-0', 'acknowledge-1'] });
    assert.deepEqual(await record(others.slice(1, 2)), ahead);
    // The same command, stored at an earlier place.
    const again = { ...stored[1]!, sequence: 3, lifecycle: { ...stored[1]!.lifecycle, sequence: 3 } };
    assert.deepEqual(await record([again]), ahead);
    const [row] = await database.sql`SELECT status, sequence FROM incidents WHERE id = ${state.incidentId}`;
    assert.deepEqual({ ...row }, { status: 'acknowledged', sequence: 2 });
  });

  it('releases the claim with the resolve, so that the same key opens anew', async () => {
    const store = createTransitionStore(database.sql, bell);
    const state = await storeIncident(database.sql, organisation, {}, 'disk-1');
    await assert.rejects(storeIncident(database.sql, organisation, {}, 'disk-1'), { code: 'already_exists' });
    await store.record(
      organisation.organisationId,
      state.incidentId,
      play(state, { type: 'trigger' }, { type: 'resolve' }),
    );
    const [row] =
      await database.sql`SELECT status, resolution, root_cause FROM incidents WHERE id = ${state.incidentId}`;
    assert.deepEqual({ ...row }, { status: 'resolved', resolution: 'restarted', rootCause: 'pool' });
    const next = await storeIncident(database.sql, organisation, {}, 'disk-1');
    assert.equal(next.number, state.number + 1);
  });

  it('records an action and tells the one subscription it names', async () => {
    const named = await subscribe([]);
    const state = await storeIncident(database.sql, organisation);
    const action = { id: uuid(), type: 'trigger-webhook', trigger: 'manual', subscriptionId: named } as const;
    await createTransitionStore(database.sql, bell).record(
      organisation.organisationId,
      state.incidentId,
      play(state, { type: 'trigger' }, { type: 'action', action } as Command),
    );
    const [stored] =
      await database.sql`SELECT id, type, trigger, sequence FROM actions WHERE incident_id = ${state.incidentId}`;
    assert.deepEqual({ ...stored }, { id: action.id, type: 'trigger-webhook', trigger: 'manual', sequence: 2 });
    const deliveries = await database.sql`
      SELECT subscription_id FROM deliveries WHERE incident_id = ${state.incidentId} AND transition_type = 'action_run'`;
    assert.deepEqual(
      deliveries.map((delivery) => delivery.subscriptionId),
      [named],
    );
  });

  it('changes nothing in another organisation', async () => {
    const other = await insertOrganisation(database.sql, 'Other');
    const state = await storeIncident(database.sql, organisation);
    await createTransitionStore(database.sql, bell).record(
      other.organisationId,
      state.incidentId,
      play(state, { type: 'trigger' }),
    );
    const [row] = await database.sql`SELECT sequence FROM incidents WHERE id = ${state.incidentId}`;
    assert.equal(row?.sequence, 0);
  });

  describe('of actions', () => {
    const run = async (action: Action, state?: IncidentState) => {
      state ??= await storeIncident(database.sql, organisation);
      const transitions = play(state, { type: 'trigger' }, { type: 'action', action } as Command);
      await createTransitionStore(database.sql, bell).record(
        organisation.organisationId,
        state.incidentId,
        transitions,
      );
      const [row] = await database.sql`SELECT * FROM actions WHERE id = ${action.id}`;
      return row!;
    };
    const action = (given: Partial<Action>): Action => {
      return { id: uuid(), type: 'trigger-alerts', trigger: 'manual', subscriptionId: null, ...given };
    };
    beforeEach(
      () => database.sql`UPDATE subscriptions SET enabled = false, disabled_reason = 'by_hand', disabled_at = now()`,
    );

    it('alerting succeeds when a subscription is told, and else depends on people', async () => {
      const nobody = await run(action({}));
      assert.deepEqual([nobody.outcome, nobody.finishedAt], [null, null]);
      const subscriptionId = await subscribe(['alerted']);
      const told = await run(action({}));
      assert.deepEqual([told.outcome, told.errorCode, told.error], ['succeeded', null, null]);
      assert.ok(told.finishedAt);
      const deliveries = await database.sql`
        SELECT subscription_id, transition_type FROM deliveries WHERE incident_id = ${told.incidentId}`;
      assert.deepEqual(
        deliveries.map((row) => ({ ...row })),
        [{ subscriptionId, transitionType: 'alerted' }],
      );
    });

    it('telling a subscription is its delivery’s to finish, and fails when the subscription is disabled', async () => {
      const subscriptionId = await subscribe([]);
      const told = await run(action({ type: 'trigger-webhook', subscriptionId }));
      assert.deepEqual([told.outcome, told.settings], [null, [{ subscription_id: subscriptionId }]]);
      await database.sql`UPDATE subscriptions SET enabled = false, disabled_reason = 'by_hand', disabled_at = now()`;
      const disabled = await run(action({ type: 'trigger-webhook', subscriptionId }));
      assert.deepEqual([disabled.outcome, disabled.errorCode], ['failed', 'unknown_subscription']);
    });

    it('without settings tells whoever asks for it, as the release before did, and never waits for an outcome', async () => {
      const nobody = await run(action({ type: 'trigger-webhook' }));
      assert.deepEqual([nobody.outcome, nobody.errorCode], ['failed', 'nobody_reachable']);
      await subscribe(['action_run']);
      const told = await run(action({ type: 'trigger-webhook' }));
      assert.deepEqual([told.outcome, told.errorCode], ['succeeded', null]);
      assert.ok(told.finishedAt);
    });

    it('others keep the settings of their definition and have no outcome yet', async () => {
      const state = await storeIncident(database.sql, organisation);
      const definitionId = uuid();
      const settings = [{ id: uuid(), url: 'https://example.com/hook' }];
      await database.sql`
        INSERT INTO action_definitions (id, organisation_id, action_id, incident_id, position, type, settings, headers, digest)
        VALUES (${definitionId}, ${organisation.organisationId}, ${uuid()}, ${state.incidentId}, 0, 'trigger-webhook',
          ${database.sql.json(settings)}, 'sealed', 'digest')`;
      const row = await run(action({ type: 'trigger-webhook', definitionId }), state);
      assert.deepEqual([row.outcome, row.finishedAt, row.settings], [null, null, settings]);
      assert.deepEqual([String(row.headers), String(row.digest), row.definitionId], ['sealed', 'digest', definitionId]);
    });
  });

  it('stores what a change changes, and leaves the rest', async () => {
    const state = await storeIncident(database.sql, organisation);
    const changes = { name: 'Checkout slow', urgency: 'low', rootCause: 'cache' };
    await createTransitionStore(database.sql, bell).record(
      organisation.organisationId,
      state.incidentId,
      play(state, { type: 'trigger' }, { type: 'change', changes } as Command),
    );
    const [row] = await database.sql`SELECT * FROM incidents WHERE id = ${state.incidentId}`;
    assert.deepEqual(
      [row?.name, row?.description, row?.urgency, row?.rootCause, row?.resolution],
      ['Checkout slow', 'Orders fail with 503.', 'low', 'cache', null],
    );
  });

  it('does not resolve for want of occurrences when one came', async () => {
    const state = await storeIncident(database.sql, organisation, { quietResolveTimeout: 600 });
    await database.sql`
      UPDATE incidents SET last_occurrence_at = ${at}::text::timestamptz - interval '1 second' WHERE id = ${state.incidentId}`;
    const store = createTransitionStore(database.sql, bell);
    const record = (transitions: Transition[]) =>
      store.record(organisation.organisationId, state.incidentId, transitions);
    const [opening, resolve] = play(state, { type: 'trigger' }, { type: 'resolve' });
    const byTimer = { ...resolve!, id: `timer:quiet_resolve:${at}:1` };
    assert.equal(await record([opening!]), null);
    const ahead = await record([byTimer]);
    assert.deepEqual(ahead, {
      lifecycle: opening!.lifecycle,
      commandIds: [],
      lastOccurrenceAt: '2026-04-16T14:27:59.000Z',
      escalationPolicy: null,
      asked: [],
    });
    await database.sql`UPDATE incidents SET last_occurrence_at = ${at}::text::timestamptz - interval '600 seconds'`;
    assert.equal(await record([byTimer]), null);
    const [row] = await database.sql`SELECT status FROM incidents WHERE id = ${state.incidentId}`;
    assert.equal(row?.status, 'resolved');
  });

  it('never resolves for want of occurrences an incident that one joins at that instant', async () => {
    const store = createTransitionStore(database.sql, bell);
    for (let round = 0; round < 60; round++) {
      const state = await storeIncident(database.sql, organisation, { quietResolveTimeout: 600 });
      const [opening, resolve] = play(state, { type: 'trigger' }, { type: 'resolve' });
      await store.record(organisation.organisationId, state.incidentId, [opening!]);
      const byTimer = { ...resolve!, id: `timer:quiet_resolve:${at}:1` };
      // As claims.ts joins: the row is locked while it is open, and counted after.
      const join = database.sql.begin(async (tx) => {
        const open = await tx`
          SELECT FROM incidents WHERE id = ${state.incidentId} AND status <> 'resolved' FOR NO KEY UPDATE`;
        await tx`
          UPDATE incidents SET occurrences = occurrences + 1, last_occurrence_at = ${at}
          WHERE id = ${state.incidentId} AND ${open.length > 0}`;
        return open.length > 0;
      });
      const record = store.record(organisation.organisationId, state.incidentId, [byTimer]);
      const [isJoined, ahead] = await Promise.all([join, record]);
      assert.equal(isJoined, ahead !== null, 'either it joined or it was resolved');
    }
  });
});
