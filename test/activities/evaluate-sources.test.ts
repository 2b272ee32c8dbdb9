import assert from 'node:assert/strict';
import { pino } from 'pino';
import { createEvaluateRulesets } from '../../src/activities/evaluate-rulesets.ts';
import { createStartIncidents } from '../../src/activities/start-incidents.ts';
import { itself } from '../../src/domain/access/viewer.ts';
import type { Command } from '../../src/domain/incident/command.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { transition } from '../../src/domain/incident/transition.ts';
import { type Bell, createBell, createEar, type Ear, shardOf } from '../../src/stores/doorbell.ts';
import { createEventStore, type EventStore } from '../../src/stores/events.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

const logger = pino({ level: 'silent' });

describe('evaluating what sources report', function () {
  this.timeout(90_000);
  let database: TestDatabase;
  let bell: Bell;
  let ear: Ear;
  let events: EventStore;
  let acme: TestOrganisation;
  let workflows: ReturnType<typeof createWorkflows>;

  before(async () => {
    database = await createTestDatabase();
    bell = createBell(database.sql, logger);
    ear = await createEar(database.sql);
    events = createEventStore(database.sql, bell, createSealer('test-secret-key-of-32-characters-or-more'));
  });
  after(async () => {
    await ear.close();
    await database.drop();
  });
  beforeEach(async () => {
    acme = await insertOrganisation(database.sql);
    await database.sql`UPDATE webhooks SET source = 'pagerduty' WHERE id = ${acme.webhookId}`;
    workflows = createWorkflows();
  });

  /** The other side of the pump: applies what it is told at once and stores it, unless it is down. */
  function createWorkflows() {
    const states = new Map<string, IncidentState>();
    const transitions = createTransitionStore(database.sql, bell);
    const side = {
      states,
      isDown: false,
      refused: 0,
      async apply(incidentId: string, command: Command) {
        if (side.isDown) throw new Error('Temporal is down');
        const state = states.get(incidentId);
        if (!state) return false;
        const result = transition(state, command, new Date().toISOString());
        if (!result.accepted) return (void side.refused++, true);
        states.set(incidentId, result.state);
        await transitions.record(state.organisationId, incidentId, [result.transition]);
        return true;
      },
      incidents: {
        async start(state: IncidentState) {
          if (side.isDown) throw new Error('Temporal is down');
          if (states.has(state.incidentId)) return;
          states.set(state.incidentId, state);
          const { openedBy: agent } = state;
          await side.apply(state.incidentId, { type: 'trigger', id: 'trigger', agent, channel: 'event' });
        },
        joined: async () => {},
        acknowledged: (id: string, { eventId, webhook }: { eventId: string; webhook: { id: string; name: string } }) =>
          side.apply(id, {
            ...{ type: 'acknowledge', id: `acknowledged:${eventId}`, channel: 'event' },
            agent: { type: 'webhook', ...webhook },
          }),
        cleared: (id: string, { eventId, by }: Parameters<Incidents['cleared']>[1]) =>
          side.apply(id, {
            ...{ type: 'resolve', id: `cleared:${eventId}`, agent: by, channel: 'event' },
            ...{ resolution: null, rootCause: null },
          }),
      },
    };
    return side;
  }
  type Incidents = Parameters<typeof createStartIncidents>[0]['incidents'];

  const send = async (action: string, dedupKey?: string) => {
    const payload = { summary: `${dedupKey ?? 'Something'} is down`, source: 'probe', severity: 'error' };
    const stored = await events.submit({
      ...{ webhookId: acme.webhookId, contentType: 'application/json', ip: '192.0.2.7', headers: {} },
      body: Buffer.from(JSON.stringify({ event_action: action, dedup_key: dedupKey, payload })),
    });
    return stored!.id;
  };
  const settled = () =>
    poll(async () => {
      const [row] = await database.sql`
        SELECT FROM events WHERE organisation_id = ${acme.organisationId} AND status = 'pending' LIMIT 1`;
      return !row;
    });
  const drain = async () => {
    const stop = new AbortController();
    const pump = createEvaluateRulesets({ sql: database.sql, ear, logger, incidents: workflows.incidents });
    const running = pump(shardOf(acme.webhookId), stop.signal, () => {});
    try {
      await settled();
    } finally {
      stop.abort();
      await running;
    }
  };
  const incidentRows = () => database.sql`
    SELECT i.*, EXISTS (SELECT FROM incident_claims c WHERE c.incident_id = i.id) AS is_claimed
    FROM incidents i WHERE i.organisation_id = ${acme.organisationId} ORDER BY i.number`;
  const statuses = async () => (await incidentRows()).map(({ status }) => status as string);
  const matchCount = async () => {
    const [row] = await database.sql`
      SELECT count(*)::integer AS count FROM event_matches WHERE organisation_id = ${acme.organisationId}`;
    return row!.count as number;
  };

  it('changes nothing when it happens again, as after a crash or a replay', async () => {
    for (const [action, key] of [
      ['trigger', 'a'],
      ['trigger'],
      ['acknowledge', 'a'],
      ['trigger', 'a'],
      ['resolve', 'a'],
      ['resolve', 'a'],
      ['trigger', 'a'],
      ['trigger', 'b'],
    ])
      await send(action!, key);
    await drain();
    const rows = await incidentRows();
    assert.deepEqual(rows.map(({ status, occurrences }) => [status, occurrences]).sort(), [
      ['resolved', 2],
      ['triggered', 1],
      ['triggered', 1],
      ['triggered', 1],
    ]);
    const matches = await matchCount();
    for (let times = 0; times < 2; times++) {
      await database.sql`UPDATE events SET status = 'pending' WHERE organisation_id = ${acme.organisationId}`;
      await drain();
    }
    assert.equal(await matchCount(), matches);
    assert.deepEqual(
      (await incidentRows()).map(({ id, status, occurrences }) => [id, status, occurrences]),
      rows.map(({ id, status, occurrences }) => [id, status, occurrences]),
    );
  });

  it('opens nothing of its own for what a ruleset matched that is gone', async () => {
    const rulesets = createRulesetStore(database.sql);
    const made = await rulesets.create(acme.organisationId, rulesetDraft({ teamId: acme.teamId }));
    assert.ok('ruleset' in made);
    const id = await send('trigger', 'a');
    await drain();
    await rulesets.remove(acme.organisationId, made.ruleset.id);
    await database.sql.begin((tx) => events.replay(acme.organisationId, acme.webhookId, id, itself, tx));
    await drain();
    const rows = await incidentRows();
    assert.deepEqual(
      rows.map(({ rulesetId }) => rulesetId as string),
      [made.ruleset.id],
    );
  });

  it('tells workflows afterwards what they could not hear', async () => {
    workflows.isDown = true;
    await send('trigger', 'a');
    await send('trigger', 'b');
    await send('acknowledge', 'a');
    await send('acknowledge', 'b');
    await send('resolve', 'b');
    await drain();
    assert.deepEqual(await statuses(), ['triggered', 'triggered']);

    workflows.isDown = false;
    const repair = createStartIncidents({ sql: database.sql, incidents: workflows.incidents, logger });
    await database.sql`
      UPDATE incidents SET created_at = created_at - interval '1 minute',
        acknowledging_since = acknowledging_since - interval '1 minute', clearing_since = clearing_since - interval '1 minute'
      WHERE organisation_id = ${acme.organisationId}`;
    for (const chore of ['startUnstarted', 'acknowledgeUnacknowledged', 'clearUncleared'] as const)
      await repair[chore](100);
    assert.deepEqual(await statuses(), ['acknowledged', 'resolved']);
    assert.deepEqual(
      (await incidentRows()).map(({ acknowledgingSince, isClaimed }) => [acknowledgingSince, isClaimed]),
      [
        [null, true],
        [null, false],
      ],
    );
    const log = await database.sql`
      SELECT agent FROM log_entries WHERE organisation_id = ${acme.organisationId} AND type <> 'triggered'`;
    assert.deepEqual(
      log.map(({ agent }) => agent as object),
      Array(3).fill({ type: 'webhook', id: acme.webhookId, name: 'Probe' }),
    );
    await repair.acknowledgeUnacknowledged(100);
    assert.equal(workflows.refused, 0);
  });

  // Two pumps, as when a worker is believed to be dead and is not. Then one may tell of a resolve before the other has told
  // of the acknowledge before it, which comes too late.
  for (const [pumps, leastAcknowledged] of [
    [1, 75],
    [2, 40],
  ] as const)
    it(`keeps a storm of problems that come and go in order, with pumps at work: ${pumps}`, () =>
      storm(pumps, leastAcknowledged));

  async function storm(pumps: number, leastAcknowledged: number) {
    const keys = ['a', 'b', 'c'];
    const rounds = 25;
    const sending = (async () => {
      for (let round = 0; round < rounds; round++)
        for (const key of keys) for (const action of ['trigger', 'acknowledge', 'resolve']) await send(action, key);
      for (const key of keys) await send('trigger', key);
    })();
    const stop = new AbortController();
    const pump = createEvaluateRulesets({ sql: database.sql, ear, logger, incidents: workflows.incidents });
    const running = Array.from({ length: pumps }, () => pump(shardOf(acme.webhookId), stop.signal, () => {}));
    await sending;
    await settled();
    stop.abort();
    await Promise.all(running);

    const rows = await incidentRows();
    assert.equal(rows.length, keys.length * (rounds + 1), 'each trigger after a resolve opens anew');
    assert.deepEqual(
      rows
        .filter(({ status }) => status !== 'resolved')
        .map(({ dedupKey, status }) => [dedupKey, status])
        .sort(),
      keys.map((key) => [key, 'triggered']),
    );
    const log = await database.sql`
      SELECT type, count(*)::integer AS count FROM log_entries WHERE organisation_id = ${acme.organisationId} GROUP BY type`;
    const { acknowledged, ...others } = Object.fromEntries(log.map(({ type, count }) => [type, count as number]));
    assert.deepEqual(others, { triggered: rows.length, resolved: keys.length * rounds });
    assert.ok(
      acknowledged! >= leastAcknowledged && acknowledged! <= keys.length * rounds,
      `${acknowledged} acknowledged`,
    );
    const listed = await events.list(acme.organisationId, acme.webhookId, { limit: 1_000 }, itself);
    assert.ok(
      listed.every(({ status, reason, matches }) => status === 'evaluated' && reason === null && matches.length === 1),
    );
  }
});
