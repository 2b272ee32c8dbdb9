import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { FiringRuleset } from '../../src/domain/ruleset/ruleset.ts';
import type { Decision, Match, Opener, SourceAction } from '../../src/stores/decisions.ts';
import { recordMatches } from '../../src/stores/claims.ts';
import { createIncidentNoticeStore } from '../../src/stores/incident-notices.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

const openedAt = '2026-11-21T05:10:00.000Z';

describe('what a sender says of its problem', () => {
  let database: TestDatabase;
  let acme: TestOrganisation;
  let ruleset: FiringRuleset;
  let second: number;

  const reported = async (dedupKey: string, webhookId = acme.webhookId) => {
    const receivedAt = new Date(Date.UTC(2026, 10, 21, 5, 9, second++)).toISOString().replace('Z', '001Z');
    const eventId = uuid();
    await database.sql`
      INSERT INTO events (id, organisation_id, webhook_id, shard, received_at, ip, body)
      VALUES (${eventId}, ${acme.organisationId}, ${webhookId}, 0, ${receivedAt}, '192.0.2.7', '')`;
    const webhook = { id: webhookId, name: 'Probe' };
    return { organisationId: acme.organisationId, webhook, eventId, occurrence: 0, receivedAt, dedupKey };
  };
  const byItself = (webhookId = acme.webhookId): Opener => ({
    ...{ type: 'webhook', organisationId: acme.organisationId, id: webhookId, name: 'Probe', version: null },
    ...{ teamId: acme.teamId, urgency: 'high', severity: null, priority: null, supportHours: null, assignees: [] },
    ...{ escalationPolicyId: null, acknowledgementTimeout: 1_800, autoResolveTimeout: null, quietResolve: null },
    actions: [],
  });
  const trigger = async (dedupKey: string, given: Partial<Match> = {}): Promise<Match> => {
    const occurrence = await reported(dedupKey, given.webhook?.id);
    const check = { httpStatusCode: null, responseTimeMs: null, error: null, checkedAt: occurrence.receivedAt };
    const readOpening = () => ({ name: `${dedupKey} is down`, description: '', check });
    const opener = byItself(occurrence.webhook.id);
    return { ...occurrence, opener, incidentKey: dedupKey, holds: true, readOpening, ...given };
  };
  const says = async (action: SourceAction['action'], dedupKey: string, webhookId?: string): Promise<SourceAction> => ({
    ...(await reported(dedupKey, webhookId)),
    dedupKey,
    action,
  });
  const record = (...decisions: Decision[]) => database.sql.begin((tx) => recordMatches(tx, decisions, openedAt));
  const byRuleset = (): Partial<Match> => ({ opener: { type: 'ruleset', ...ruleset } });
  const resolved = async (...ids: string[]) => {
    await database.sql`UPDATE incidents SET status = 'resolved' WHERE id = ANY(${ids}::uuid[])`;
    await database.sql`DELETE FROM incident_claims WHERE incident_id = ANY(${ids}::uuid[])`;
  };
  const outcomes = async () => {
    const rows = await database.sql<{ outcome: string }[]>`
      SELECT m.outcome FROM event_matches m JOIN events e ON e.id = m.event_id
      WHERE m.organisation_id = ${acme.organisationId} ORDER BY e.received_at, m.occurrence, m.incident_id`;
    return rows.map(({ outcome }) => outcome);
  };

  before(async () => void (database = await createTestDatabase()));
  after(() => database.drop());
  beforeEach(async () => {
    second = 0;
    acme = await insertOrganisation(database.sql);
    const draft = rulesetDraft({ teamId: acme.teamId });
    const created = await createRulesetStore(database.sql).create(acme.organisationId, draft);
    assert.ok('ruleset' in created);
    ruleset = { ...created.ruleset, actions: [] };
  });

  it('opens an incident of the webhook, which later triggers join', async () => {
    const first = await trigger('db-1');
    const { opened } = await record(first, await trigger('db-1'), await trigger('db-2'));
    assert.deepEqual(
      opened.map(({ openedBy, teamId, lifecycle }) => [openedBy, teamId, lifecycle.assignees]),
      Array(2).fill([
        { type: 'webhook', id: acme.webhookId, name: 'Probe' },
        acme.teamId,
        [{ type: 'team', id: acme.teamId }],
      ]),
    );
    const rows = await database.sql`
      SELECT i.ruleset_id, i.webhook_id, i.dedup_key, i.incident_key, i.occurrences, c.scope_id, i.event_id
      FROM incidents i JOIN incident_claims c ON c.incident_id = i.id
      WHERE i.organisation_id = ${acme.organisationId} ORDER BY i.dedup_key`;
    const common = { rulesetId: null, webhookId: acme.webhookId, scopeId: acme.webhookId };
    assert.deepEqual(
      { ...rows[0] },
      { ...common, dedupKey: 'db-1', incidentKey: 'db-1', occurrences: 2, eventId: first.eventId },
    );
    const { joined } = await record(await trigger('db-1'));
    assert.deepEqual(
      joined.map(({ count }) => count),
      [3],
    );
  });

  it('acknowledges and resolves all that it opened, whoever says how, and nothing else', async () => {
    const otherWebhook = uuid();
    await database.sql`
      INSERT INTO webhooks (id, organisation_id, number, name) VALUES (${otherWebhook}, ${acme.organisationId}, 9, 'Other')`;
    const first = await trigger('db-1');
    const { opened } = await record(
      first,
      { ...first, ...byRuleset(), incidentKey: 'databases' },
      await trigger('db-2'),
      await trigger('db-1', { webhook: { id: otherWebhook, name: 'Other' } }),
    );
    const rows = await database.sql<{ id: string }[]>`
      SELECT id FROM incidents WHERE webhook_id = ${acme.webhookId} AND dedup_key = 'db-1' ORDER BY id`;
    const meant = rows.map(({ id }) => id);
    assert.deepEqual([opened.length, meant.length], [4, 2]);

    const acknowledge = await says('acknowledge', 'db-1');
    const { acknowledged, ...others } = await record(acknowledge);
    assert.deepEqual(
      acknowledged.map(({ incidentId, eventId }) => [incidentId, eventId]).sort(),
      meant.map((id) => [id, acknowledge.eventId]),
    );
    assert.deepEqual(others, { opened: [], joined: [], cleared: [], deferred: [], idle: [] });

    const resolve = await says('resolve', 'db-1');
    const { cleared, idle } = await record(resolve);
    const by = { type: 'webhook', ...resolve.webhook };
    assert.deepEqual(
      cleared.sort((a, b) => (a.incidentId < b.incidentId ? -1 : 1)),
      meant.map((incidentId) => ({ incidentId, eventId: resolve.eventId, by })),
    );
    assert.deepEqual(idle, []);
    assert.deepEqual((await outcomes()).slice(-4), ['acknowledged', 'acknowledged', 'resolved', 'resolved']);
  });

  it('is about the one that opened an incident, not about those that joined it', async () => {
    const { opened } = await record(
      await trigger('db-1', { ...byRuleset(), incidentKey: 'databases' }),
      await trigger('db-2', { ...byRuleset(), incidentKey: 'databases' }),
    );
    const other = await says('resolve', 'db-2');
    assert.deepEqual((await record(other)).idle, [other]);
    const { cleared } = await record(await says('resolve', 'db-1'));
    assert.deepEqual(
      cleared.map(({ incidentId }) => incidentId),
      opened.map(({ incidentId }) => incidentId),
    );
  });

  it('changes nothing where nothing is open, where it is acknowledged already, and when it comes late', async () => {
    const idle = [await says('acknowledge', 'db-1'), await says('resolve', 'db-1')];
    assert.deepEqual(await record(...idle), {
      opened: [],
      joined: [],
      acknowledged: [],
      cleared: [],
      deferred: [],
      idle,
    });

    const early = await says('resolve', 'db-1');
    const { opened } = await record(await trigger('db-1'));
    assert.deepEqual((await record(early)).cleared, [], 'older than the incident');
    await database.sql`UPDATE incidents SET status = 'acknowledged' WHERE id = ${opened[0]!.incidentId}`;
    const again = await record(await says('acknowledge', 'db-1'));
    assert.deepEqual([again.acknowledged, again.idle], [[], []]);

    const { cleared } = await record(await says('resolve', 'db-1'));
    assert.equal(cleared.length, 1);
    const late = await says('acknowledge', 'db-1');
    assert.deepEqual((await record(late)).deferred, [late.eventId]);
    await resolved(opened[0]!.incidentId);
    const { acknowledged, idle: found } = await record(late);
    assert.deepEqual([acknowledged, found], [[], [late]]);
  });

  it('happens in turn within a batch, and what follows a resolve waits for it', async () => {
    const batch: Decision[] = [
      await trigger('db-1'),
      await says('acknowledge', 'db-1'),
      await says('resolve', 'db-1'),
      await trigger('db-1'),
      await says('acknowledge', 'db-1'),
      await trigger('db-2'),
    ];
    const first = await record(...batch);
    assert.deepEqual(
      [first.opened.length, first.acknowledged.length, first.cleared.length, first.deferred],
      [2, 1, 1, [batch[3]!.eventId, batch[4]!.eventId]],
    );
    const still = await record(batch[3]!, batch[4]!);
    assert.deepEqual([still.opened, still.deferred.length], [[], 2]);

    await resolved(first.cleared[0]!.incidentId);
    const later = await record(batch[3]!, batch[4]!);
    assert.equal(later.opened.length, 1);
    assert.deepEqual(
      later.acknowledged.map(({ incidentId }) => incidentId),
      later.opened.map(({ incidentId }) => incidentId),
    );
    assert.deepEqual(await outcomes(), ['opened', 'acknowledged', 'resolved', 'opened', 'acknowledged', 'opened']);
  });

  it('waits with a trigger that waits, whatever incident that would join', async () => {
    const given = { ...byRuleset(), incidentKey: 'databases' };
    const { opened } = await record(await trigger('db-1', given));
    await record(await says('resolve', 'db-1'));
    const down = await trigger('db-2', given);
    const seen = await says('acknowledge', 'db-2');
    assert.deepEqual((await record(down, seen)).deferred, [down.eventId, seen.eventId]);
    await resolved(opened[0]!.incidentId);
    const later = await record(down, seen);
    assert.deepEqual([later.opened.length, later.acknowledged.length, later.idle], [1, 1, []]);
  });

  it('keeps its turn within one event, also when that is looked at twice', async () => {
    const { opened } = await record(await trigger('a'));
    const over = await says('resolve', 'a');
    await record(over);
    // A group of alerts: one that waits for the resolve, one that is over and fires again, one that fires.
    const again = await trigger('a');
    const { organisationId, webhook, eventId, receivedAt } = again;
    const group: Decision[] = [
      again,
      { organisationId, webhook, eventId, receivedAt, dedupKey: 'b', occurrence: 1, action: 'resolve' },
      { ...again, dedupKey: 'b', incidentKey: 'b', occurrence: 2 },
      { ...again, dedupKey: 'c', incidentKey: 'c', occurrence: 3 },
    ];
    const first = await record(...group);
    assert.deepEqual([first.opened.map(({ name }) => name).length, first.deferred], [1, [again.eventId]]);
    await resolved(opened[0]!.incidentId);
    // What is recorded is not decided again.
    const later = await record(...group.slice(0, 3));
    assert.deepEqual([later.opened.length, later.cleared, later.idle.length], [2, [], 1]);
    const rows = await database.sql`
      SELECT m.occurrence, m.outcome FROM event_matches m WHERE m.event_id = ${again.eventId} ORDER BY m.occurrence`;
    assert.deepEqual(
      rows.map(({ occurrence, outcome }) => [occurrence, outcome]),
      [
        [0, 'opened'],
        [2, 'opened'],
        [3, 'opened'],
      ],
    );
  });

  it('finds the incidents whose rows somebody else is changing', async () => {
    const [down, over] = [await trigger(''), await says('resolve', '')];
    const keys = Array.from({ length: 300 }, (_, occurrence) => ({ occurrence, dedupKey: `db-${occurrence}` }));
    await record(...keys.map((key) => ({ ...down, ...key, incidentKey: key.dedupKey })));
    // Its plan is then that for many incidents.
    await database.sql`ANALYZE incidents`;
    let recorded: ReturnType<typeof record> | undefined;
    await database.sql.begin(async (tx) => {
      await tx`UPDATE incidents SET occurrences_signalled = 1 WHERE organisation_id = ${acme.organisationId}`;
      recorded = record(...keys.slice(0, 3).map((key) => ({ ...over, ...key })));
      await poll(async () => {
        const [row] = await database.sql`
          SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return row;
      });
    });
    const { cleared, idle } = await recorded!;
    assert.deepEqual([cleared.length, idle], [3, []]);
  });

  it('stays marked until its workflow has heard of it', async () => {
    const notices = createIncidentNoticeStore(database.sql);
    const { opened } = await record(await trigger('db-1'));
    const [{ incidentId } = assert.fail()] = opened;
    const mine = <Row extends { incidentId: string }>(rows: Row[]) =>
      rows.filter((row) => row.incidentId === incidentId);
    await database.sql`UPDATE incidents SET workflow_started = true WHERE id = ${incidentId}`;
    const acknowledge = await says('acknowledge', 'db-1');
    await record(acknowledge);
    const { eventId, webhook } = acknowledge;
    assert.deepEqual(mine(await notices.unacknowledged(100, 0)), [{ incidentId, eventId, webhook }]);
    assert.deepEqual(mine(await notices.unacknowledged(100, 60)), []);
    await database.sql`UPDATE incidents SET status = 'acknowledged' WHERE id = ${incidentId}`;
    assert.deepEqual(mine(await notices.unacknowledged(100, 0)), []);

    const resolve = await says('resolve', 'db-1');
    await record(resolve);
    const by = { type: 'webhook', ...webhook };
    assert.deepEqual(mine(await notices.uncleared(100, 0)), [{ incidentId, eventId: resolve.eventId, by }]);
  });
});
