import assert from 'node:assert/strict';
import { pino } from 'pino';
import { itself } from '../../src/domain/access/viewer.ts';
import { createEvaluateRulesets } from '../../src/activities/evaluate-rulesets.ts';
import { createStartIncidents } from '../../src/activities/start-incidents.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import type { Condition } from '../../src/domain/ruleset/ruleset.ts';
import { genericJson } from '../../src/inbound/generic-json.ts';
import { sources } from '../../src/inbound/index.ts';
import { type Bell, createBell, createEar, type Ear, shardOf } from '../../src/stores/doorbell.ts';
import { createEventStore, type EventStore } from '../../src/stores/events.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { transition } from '../../src/domain/incident/transition.ts';
import { createSql } from '../../src/stores/sql.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { ringingEar } from '../support/ringing-ear.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

const logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });

/** The other side of the pump: remembers what it was told, and refuses while `fail` is set. */
function createWorkflowRecorder() {
  const recorder = {
    started: [] as IncidentState[],
    joined: [] as { id: string; count: number; lastAt: string }[],
    acknowledged: [] as { id: string; eventId: string }[],
    cleared: [] as { id: string; eventId: string }[],
    fail: false,
    incidents: {
      async start(state: IncidentState) {
        if (recorder.fail) throw new Error('Temporal is down');
        recorder.started.push(state);
      },
      async joined(id: string, occurrences: { count: number; lastAt: string }) {
        if (recorder.fail) throw new Error('Temporal is down');
        recorder.joined.push({ id, ...occurrences });
      },
      async acknowledged(id: string, { eventId }: { eventId: string }) {
        if (recorder.fail) throw new Error('Temporal is down');
        recorder.acknowledged.push({ id, eventId });
        return true;
      },
      async cleared(id: string, { eventId }: { eventId: string }) {
        if (recorder.fail) throw new Error('Temporal is down');
        recorder.cleared.push({ id, eventId });
        return true;
      },
    },
  };
  return recorder;
}

describe('evaluateRulesets', function () {
  this.timeout(90_000);
  let database: TestDatabase;
  let bell: Bell;
  let ear: Ear;
  let events: EventStore;
  let acme: TestOrganisation;
  let workflows: ReturnType<typeof createWorkflowRecorder>;
  let statements: string[];

  const deps = (given: object = {}) => ({
    sql: database.sql,
    ear,
    logger,
    incidents: workflows.incidents,
    ...given,
  });
  const submit = (body: unknown, webhookId = acme.webhookId) =>
    events.submit({
      webhookId,
      contentType: 'application/json',
      ip: '192.0.2.7',
      headers: {},
      body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
    });
  const addRuleset = async (conditions: Condition[], given: object = {}) => {
    const created = await createRulesetStore(database.sql).create(
      acme.organisationId,
      rulesetDraft({ teamId: acme.teamId, conditions, ...given }),
    );
    assert.ok('ruleset' in created);
    return created.ruleset;
  };
  const pendingCount = async () => {
    const [row] = await database.sql<{ count: number }[]>`
      SELECT count(*)::integer AS count FROM events
      WHERE organisation_id = ${acme.organisationId} AND status = 'pending'`;
    return row!.count;
  };
  const incidentRows = () => database.sql`
    SELECT * FROM incidents WHERE organisation_id = ${acme.organisationId} ORDER BY number`;
  const matchRows = () => database.sql`
    SELECT * FROM event_matches WHERE organisation_id = ${acme.organisationId} ORDER BY event_id`;
  const listEvents = () => events.list(acme.organisationId, acme.webhookId, { limit: 10_000 }, itself);

  /** Runs a pump for the shard of Acme's webhook until `done` holds, then lets it drain. */
  const pumpUntil = async (done: () => Promise<boolean>, given: object = {}, webhookId = acme.webhookId) => {
    const stop = new AbortController();
    const running = createEvaluateRulesets(deps(given))(shardOf(webhookId), stop.signal, () => {});
    try {
      await until(done, running);
    } finally {
      stop.abort();
      await running;
    }
  };
  const drain = (given: object = {}) => pumpUntil(async () => (await pendingCount()) === 0, given);

  before(async () => {
    statements = [];
    database = await createTestDatabase({ onQuery: (query) => statements.push(query) });
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
    workflows = createWorkflowRecorder();
  });

  it('opens an incident whose row says all before its workflow starts', async () => {
    const ruleset = await addRuleset([
      { type: 'json-check', key: 'products[0].count', operator: 'equal', values: ['10'] },
    ]);
    await database.sql`
      UPDATE webhooks SET check_paths = '{"httpStatusCode": "http.status", "error": "http.error"}' WHERE id = ${acme.webhookId}`;
    let rowAtStart: Record<string, unknown> | undefined;
    const incidents = {
      ...workflows.incidents,
      start: async (state: IncidentState) => {
        [rowAtStart] = await database.sql`SELECT * FROM incidents WHERE id = ${state.incidentId}`;
        await workflows.incidents.start(state);
      },
    };
    const event = await submit({ products: [{ count: 10 }], http: { status: '503', error: 'Bad gateway' } });
    await drain({ incidents });

    const [state] = workflows.started;
    assert.ok(state && rowAtStart);
    assert.deepEqual(rowAtStart.opening, state);
    assert.deepEqual(rowAtStart.lifecycle, state.lifecycle);
    assert.equal(rowAtStart.number, 1);
    assert.equal(rowAtStart.eventId, event?.id);
    assert.equal(rowAtStart.rulesetId, ruleset.id);
    assert.equal(rowAtStart.incidentKey, 'default');
    assert.equal(rowAtStart.description, ruleset.description);
    assert.equal(rowAtStart.createdAt, state.createdAt);
    assert.deepEqual(rowAtStart.checkResult, {
      httpStatusCode: 503,
      responseTimeMs: null,
      error: 'Bad gateway',
      checkedAt: event?.receivedAt,
    });
    assert.deepEqual(state.lifecycle.assignees, [{ type: 'team', id: acme.teamId }]);
    assert.deepEqual(state.openedBy, { type: 'ruleset', id: ruleset.id, name: ruleset.name });
    assert.deepEqual(
      state.lifecycle.pendingActions.map(({ type }) => type),
      ['resolve'],
    );
    const [row] = await incidentRows();
    assert.equal(row?.workflowStarted, true);
    const [listed] = await listEvents();
    assert.equal(listed?.status, 'evaluated');
    assert.deepEqual(listed?.matches, [
      { rulesetId: ruleset.id, incidentId: state.incidentId, occurrence: 0, outcome: 'opened' },
    ]);
  });

  it('tells nobody about an event that matches nothing', async () => {
    await addRuleset([{ type: 'json-check', key: 'status', operator: 'equal', values: ['down'] }]);
    for (const body of [{ status: 'up' }, {}, [], 'down', null, 12]) await submit(body);
    await drain();
    assert.deepEqual(await incidentRows().then((rows) => rows.length), 0);
    assert.deepEqual(workflows.started, []);
    assert.ok((await listEvents()).every((event) => event.status === 'evaluated' && event.reason === null));
  });

  it('starts the workflow of an idle product at the ring', async () => {
    await addRuleset([]);
    const stop = new AbortController();
    // What it starts, it starts at a ring.
    const pump = createEvaluateRulesets(deps({ ear: ringingEar(ear) }));
    const running = pump(shardOf(acme.webhookId), stop.signal, () => {});
    for (let count = 1; count <= 5; count++) {
      await database.sql`DELETE FROM incident_claims WHERE organisation_id = ${acme.organisationId}`;
      await new Promise((resolve) => setTimeout(resolve, 20));
      await submit({ count });
      await until(async () => workflows.started.length === count, running);
    }
    stop.abort();
    await running;
  });

  it('joins the open incident, and says how often', async () => {
    const ruleset = await addRuleset([]);
    await submit({ first: true });
    await drain();
    const stored = await Promise.all([1, 2, 3].map((count) => submit({ count })));
    await drain();
    assert.equal(workflows.started.length, 1);
    const incidentId = workflows.started[0]!.incidentId;
    assert.deepEqual(workflows.joined.at(-1), { id: incidentId, count: 4, lastAt: stored[2]?.receivedAt });
    const [row] = await incidentRows();
    assert.deepEqual([row?.occurrences, row?.occurrencesSignalled], [4, 4]);
    assert.equal(row?.lastOccurrenceAt, stored[2]?.receivedAt);
    assert.deepEqual((await listEvents())[0]?.matches, [
      { rulesetId: ruleset.id, incidentId, occurrence: 0, outcome: 'joined' },
    ]);
  });

  it('keeps rulesets apart: each has its own incident, the disabled and those of other webhooks none', async () => {
    const [otherWebhook] = await database.sql<{ id: string }[]>`
      INSERT INTO webhooks (id, organisation_id, number, name)
      VALUES (gen_random_uuid(), ${acme.organisationId}, 2, 'Other') RETURNING id`;
    const first = await addRuleset([], { name: 'First' });
    const second = await addRuleset([], { name: 'Second', webhookId: acme.webhookId });
    await addRuleset([], { name: 'Disabled', enabled: false });
    await addRuleset([], { name: 'Elsewhere', webhookId: otherWebhook!.id });
    await submit({});
    await drain();
    const rows = await incidentRows();
    assert.deepEqual(
      rows.map((row) => row.rulesetId),
      [first.id, second.id].sort(),
    );
    assert.deepEqual(
      rows.map((row) => row.number),
      [1, 2],
    );
  });

  it('sees a ruleset that was saved after it began', async () => {
    await submit({});
    await drain();
    const pump = createEvaluateRulesets(deps());
    const stop = new AbortController();
    const running = pump(shardOf(acme.webhookId), stop.signal, () => {});
    await submit({});
    await until(async () => (await pendingCount()) === 0, running);
    await addRuleset([]);
    await submit({});
    await until(async () => workflows.started.length === 1, running);
    stop.abort();
    await running;
  });

  it('makes one incident of a storm, with few signals', async () => {
    await addRuleset([]);
    await Promise.all(Array.from({ length: 2_000 }, (_, index) => submit({ index })));
    const began = performance.now();
    await drain();
    const seconds = (performance.now() - began) / 1_000;
    if (process.env.TEST_LOG_LEVEL) process.stderr.write(`one key: ${Math.round(2_000 / seconds)} events/s\n`);
    const rows = await incidentRows();
    assert.equal(rows.length, 1);
    assert.equal(rows[0]?.occurrences, 2_000);
    assert.equal(workflows.started.length, 1);
    // One a second at most.
    assert.ok(workflows.joined.length <= 10 + seconds, `${workflows.joined.length} signals`);
    assert.equal(workflows.joined.at(-1)?.count, 2_000);
    const outcomes = (await matchRows()).map((row) => row.outcome);
    assert.equal(outcomes.length, 2_000);
    assert.equal(outcomes.filter((outcome) => outcome === 'opened').length, 1);
  });

  it('leaves one incident when it dies between the commit and the start', async () => {
    await addRuleset([]);
    await submit({});
    workflows.fail = true;
    await drain();
    assert.equal((await incidentRows()).length, 1);
    await submit({});
    await drain();
    assert.equal((await incidentRows())[0]?.workflowStarted, false);

    workflows.fail = false;
    const housekeeping = createStartIncidents(deps());
    await database.sql`UPDATE incidents SET created_at = now() WHERE organisation_id = ${acme.organisationId}`;
    assert.equal(await housekeeping.startUnstarted(100), 0, 'too young: its pump may be about to start it');
    await database.sql`UPDATE incidents SET created_at = created_at - interval '3 s' WHERE organisation_id = ${acme.organisationId}`;
    assert.equal(await housekeeping.startUnstarted(100), 1);
    assert.equal(await housekeeping.startUnstarted(100), 0);
    const rows = await incidentRows();
    assert.equal(rows.length, 1);
    assert.deepEqual(workflows.started, [rows[0]?.opening]);
    // What joined meanwhile was told with the start.
    assert.deepEqual(
      workflows.joined.map(({ count }) => count),
      [2],
    );
  });

  it('repeats signals that failed', async () => {
    await addRuleset([]);
    await submit({});
    await drain();
    workflows.fail = true;
    await submit({});
    await drain();
    workflows.fail = false;
    const housekeeping = createStartIncidents(deps());
    await database.sql`UPDATE incidents SET last_occurrence_at = last_occurrence_at - interval '3 s' WHERE organisation_id = ${acme.organisationId}`;
    assert.equal(await housekeeping.signalUnsignalled(100), 1);
    assert.equal(await housekeeping.signalUnsignalled(100), 0);
    assert.deepEqual(
      workflows.joined.map(({ count }) => count),
      [2],
    );
  });

  describe('of a state-change ruleset', () => {
    const isDown: Condition = { type: 'json-check', key: 'status', operator: 'equal', values: ['down'] };
    const statuses = async () => (await listEvents()).reverse().map(({ matches }) => matches[0]?.outcome ?? null);
    const store = () => createTransitionStore(database.sql, bell);
    /** What the workflow does once it is told. */
    const resolve = async (state: IncidentState) => {
      const agent = { type: 'ruleset', id: null, name: 'x' } as const;
      const common = { agent, channel: 'event', resolution: null, rootCause: null } as const;
      const result = transition(state, { ...common, type: 'resolve', id: 'cleared' }, new Date().toISOString());
      assert.ok(result.accepted);
      await store().record(state.organisationId, state.incidentId, [result.transition]);
    };

    it('opens at one edge, clears at the other, and opens anew only after the resolve', async () => {
      await addRuleset([isDown], { ruleType: 'state-change' });
      for (const status of ['up', 'down', 'down', 'nothing', 'up', 'down']) {
        await submit(status === 'nothing' ? { other: 1 } : { status });
        if (status !== 'nothing') continue;
        await drain();
      }
      await pumpUntil(async () => workflows.cleared.length === 1 && (await pendingCount()) === 1);
      assert.deepEqual(await statuses(), [null, 'opened', 'joined', null, 'resolved', null]);
      assert.deepEqual(workflows.started.length, 1);
      const [row] = await incidentRows();
      assert.equal(workflows.cleared[0]?.id, row?.id);
      assert.equal(workflows.cleared[0]?.eventId, row?.clearingEventId);

      await resolve(workflows.started[0]!);
      await drain();
      assert.deepEqual(await statuses(), [null, 'opened', 'joined', null, 'resolved', 'opened']);
      assert.equal((await incidentRows()).length, 2);
    });

    it('takes another end of the incident for the end of the edge, too', async () => {
      await addRuleset([isDown], { ruleType: 'state-change' });
      await submit({ status: 'down' });
      await drain();
      await resolve(workflows.started[0]!);
      await submit({ status: 'up' });
      await submit({ status: 'down' });
      await drain();
      assert.deepEqual(await statuses(), ['opened', null, 'opened']);
      assert.deepEqual(workflows.cleared, []);
    });

    it('tells again what the workflow was not told', async () => {
      await addRuleset([isDown], { ruleType: 'state-change' });
      await submit({ status: 'down' });
      await drain();
      workflows.fail = true;
      await submit({ status: 'up' });
      await drain();
      workflows.fail = false;
      const housekeeping = createStartIncidents(deps());
      await database.sql`UPDATE incidents SET clearing_since = now() WHERE organisation_id = ${acme.organisationId}`;
      assert.equal(await housekeeping.clearUncleared(100), 0, 'too young: its pump may be about to tell it');
      await database.sql`UPDATE incidents SET clearing_since = clearing_since - interval '3 s'`;
      assert.equal(await housekeeping.clearUncleared(100), 1);
      assert.equal(workflows.cleared.length, 1);
      // As long as it takes, if ever more rarely: everything may have been down for days.
      await database.sql`UPDATE incidents SET clearing_since = clearing_since - interval '3 days'`;
      await poll(() => housekeeping.clearUncleared(100), { everyMs: 1 });
      assert.equal(workflows.cleared.length, 2);
      await resolve(workflows.started[0]!);
      assert.equal(await housekeeping.clearUncleared(100), 0);
    });

    it('lets events of other keys pass those that wait', async () => {
      await addRuleset([isDown], { ruleType: 'state-change', incidentKey: '{{payload.host}}' });
      for (const status of ['down', 'up', 'down']) await submit({ status, host: 'a' });
      await submit({ status: 'down', host: 'b' });
      await pumpUntil(async () => (await incidentRows()).length === 2 && (await pendingCount()) === 1);
      assert.deepEqual(await statuses(), ['opened', 'resolved', null, 'opened']);
    });
  });

  it('changes nothing when an event is evaluated again', async () => {
    await addRuleset([]);
    await submit({});
    await drain();
    await database.sql`UPDATE events SET status = 'pending' WHERE organisation_id = ${acme.organisationId}`;
    await drain();
    const rows = await incidentRows();
    assert.deepEqual([rows.length, rows[0]?.occurrences, (await matchRows()).length], [1, 1, 1]);
    assert.equal(workflows.started.length, 1);
    assert.deepEqual(workflows.joined, []);
  });

  it('says why a body cannot be read, and goes on', async () => {
    await addRuleset([{ type: 'json-check', key: 'status', operator: 'equal', values: ['down'] }]);
    const hostile: [Buffer, string | null][] = [
      [Buffer.alloc(0), 'empty'],
      [Buffer.from(' \n\t'), 'empty'],
      [Buffer.from([0xef, 0xbb, 0xbf]), 'empty'],
      [Buffer.from('a=1&b=2'), 'not_json'],
      [Buffer.from('{"a":'), 'not_json'],
      [Buffer.from('{"a":1}', 'utf16le'), 'not_json'],
      [Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]), 'not_utf8'],
      [Buffer.from([0x22, 0xc3, 0x28, 0x22]), 'not_utf8'],
      [Buffer.from('['.repeat(20_000) + ']'.repeat(20_000)), 'too_deep'],
      [Buffer.from('['.repeat(500_000)), 'too_deep'],
      [Buffer.from([0x1f, 0x8b, 0x08, 0x00]), 'not_utf8'],
      [Buffer.from('\ufeff{"a":1}'), null],
      [Buffer.from('{"a":"\\u0000\\ud800","__proto__":{"x":1},"constructor":1,"a":1e400}'), null],
      [Buffer.from(JSON.stringify({ list: Array.from({ length: 100_000 }, (_, index) => index) })), null],
      [Buffer.from(JSON.stringify('x'.repeat(500_000))), null],
    ];
    for (const [body] of hostile) await submit(body);
    await drain();
    const listed = (await listEvents()).reverse();
    assert.deepEqual(
      listed.map(({ status, reason }) => [status, reason]),
      hostile.map(([, reason]) => ['evaluated', reason]),
    );
    assert.equal((await incidentRows()).length, 0);

    // A ruleset that asks nothing of the body takes them all.
    await addRuleset([]);
    await database.sql`UPDATE events SET status = 'pending' WHERE organisation_id = ${acme.organisationId}`;
    await drain();
    assert.equal((await incidentRows())[0]?.occurrences, hostile.length);
  });

  it('gives an event up after three failures, and its neighbours go on', async () => {
    await addRuleset([]);
    let failures = 0;
    const source = {
      name: 'test',
      read: (payload: unknown) => {
        if ((payload as { poison?: boolean }).poison) {
          failures++;
          throw new Error('no such alert\0');
        }
        return genericJson.read(payload);
      },
    };
    await Promise.all([submit({ a: 1 }), submit({ poison: true }), submit({ b: 2 })]);
    await drain({ sources: { ...sources, 'generic-json': source } });
    assert.equal(failures, 3);
    const listed = (await listEvents()).reverse();
    assert.deepEqual(
      listed.map(({ status, reason }) => [status, reason]),
      [
        ['evaluated', null],
        ['failed', 'evaluation failed: no such alert\uFFFD'],
        ['evaluated', null],
      ],
    );
  });

  it('records the others when Postgres refuses one event', async () => {
    await addRuleset([]);
    const [, poisoned] = await Promise.all([submit({ a: 1 }), submit({ b: 2 }), submit({ c: 3 })]);
    await database.sql.unsafe(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.event_id = '${poisoned!.id}' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON event_matches FOR EACH ROW EXECUTE FUNCTION refuse()`);
    try {
      await drain();
    } finally {
      await database.sql.unsafe('DROP FUNCTION refuse CASCADE');
    }
    const listed = (await listEvents()).reverse();
    assert.deepEqual(
      listed.map(({ status, reason }) => [status, reason]),
      [
        ['evaluated', null],
        ['failed', 'evaluation failed: refused'],
        ['evaluated', null],
      ],
    );
    const rows = await incidentRows();
    assert.deepEqual([rows.length, rows[0]?.occurrences], [1, 2]);
    assert.equal(workflows.started.length, 1);
  });

  it('lets a ruleset that cannot be compiled stop no other', async () => {
    const broken = await addRuleset([]);
    await database.sql`
      UPDATE rulesets SET conditions = '[{"type": "json-check", "key": "a", "operator": "matches", "values": ["("]}]'
      WHERE id = ${broken.id}`;
    const good = await addRuleset([]);
    await submit({ a: 'x' });
    await drain();
    assert.deepEqual(
      (await incidentRows()).map((row) => row.rulesetId),
      [good.id],
    );
  });

  it('opens one incident when two pumps with pools of their own see the same key', async () => {
    await addRuleset([]);
    const webhookIds = [acme.webhookId];
    for (let number = 2; new Set(webhookIds.map(shardOf)).size < 4; number++) {
      const [row] = await database.sql<{ id: string }[]>`
        INSERT INTO webhooks (id, organisation_id, number, name)
        VALUES (gen_random_uuid(), ${acme.organisationId}, ${number}, 'Other') RETURNING id`;
      webhookIds.push(row!.id);
    }
    const pools = [createSql(database.url, { max: 2 }), createSql(database.url, { max: 2 })];
    for (let round = 1; round <= 5; round++) {
      await database.sql`DELETE FROM incident_claims WHERE organisation_id = ${acme.organisationId}`;
      await Promise.all(webhookIds.flatMap((id) => Array.from({ length: 40 }, () => submit({}, id))));
      const stop = new AbortController();
      const running = [0, 1, 2, 3].flatMap((shard) =>
        pools.map((sql) => createEvaluateRulesets(deps({ sql }))(shard, stop.signal, () => {})),
      );
      await until(async () => (await pendingCount()) === 0, Promise.all(running));
      stop.abort();
      await Promise.all(running);
      const rows = await incidentRows();
      assert.equal(rows.length, round);
      assert.equal(rows.at(-1)?.occurrences, 40 * webhookIds.length);
      assert.equal(workflows.started.length, round);
    }
    await Promise.all(pools.map((pool) => pool.end()));
  });

  it('opens a new incident for what comes while the old one is being resolved', async () => {
    await addRuleset([]);
    await submit({});
    await drain();
    const [state] = workflows.started;
    const other = createSql(database.url, { max: 1 });
    const pump = new AbortController();
    let running: Promise<void> | undefined;
    // A resolve holds the incident and has deleted the claim, but has not committed.
    await other.begin(async (tx) => {
      await tx`UPDATE incidents SET status = 'resolved' WHERE id = ${state!.incidentId}`;
      await tx`DELETE FROM incident_claims WHERE incident_id = ${state!.incidentId}`;
      await submit({});
      running = createEvaluateRulesets(deps())(shardOf(acme.webhookId), pump.signal, () => {});
      await until(async () => {
        const [row] = await database.sql`
          SELECT count(*)::integer AS waiting FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return row!.waiting > 0;
      }, running);
    });
    await until(async () => (await pendingCount()) === 0, running);
    pump.abort();
    await running;
    await other.end();
    const rows = await incidentRows();
    assert.deepEqual(
      rows.map((row) => [row.status, row.occurrences]),
      [
        ['resolved', 1],
        ['triggered', 1],
      ],
    );
    assert.equal(workflows.started.length, 2);
  });

  it('survives resolves that race with joins', async () => {
    await addRuleset([]);
    const transitions = createTransitionStore(database.sql, bell);
    const stop = new AbortController();
    const running = createEvaluateRulesets(deps())(shardOf(acme.webhookId), stop.signal, () => {});
    let submitted = 0;
    let resolved = 0;
    const storm = (async () => {
      while (submitted < 600) {
        await Promise.all(Array.from({ length: 5 }, () => submit({})));
        submitted += 5;
      }
    })();
    const resolving = (async () => {
      while (submitted < 600) {
        const state = workflows.started[resolved];
        if (!state) {
          await new Promise((resolve) => setTimeout(resolve, 2));
          continue;
        }
        const result = transition(
          state,
          {
            type: 'resolve',
            id: 'r',
            agent: { type: 'key', id: null, name: 'k' },
            channel: 'api',
            resolution: null,
            rootCause: null,
          },
          new Date().toISOString(),
        );
        assert.ok(result.accepted);
        await transitions.record(state.organisationId, state.incidentId, [result.transition]);
        resolved++;
      }
    })();
    await Promise.all([storm, resolving]);
    await until(async () => (await pendingCount()) === 0, running);
    stop.abort();
    await running;
    const rows = await incidentRows();
    assert.ok(resolved >= 2, `only ${resolved} resolves`);
    assert.equal(
      rows.reduce((sum, row) => sum + row.occurrences, 0),
      600,
    );
    assert.ok(rows.filter((row) => row.status !== 'resolved').length <= 1);
    assert.ok((await listEvents()).every((event) => event.status === 'evaluated' && event.matches.length === 1));
  });

  it('serves a quiet webhook while another one has a backlog', async () => {
    const [quiet] = await sameShard(1);
    await Promise.all(Array.from({ length: 600 }, () => submit({})));
    await submit({ quiet: true }, quiet!);
    const first: string[] = [];
    const source = {
      name: 'test',
      read: (payload: unknown) => {
        first.push((payload as { quiet?: boolean }).quiet ? 'quiet' : 'busy');
        return [];
      },
    };
    await drain({ sources: { ...sources, 'generic-json': source } });
    assert.equal(first.length, 601);
    assert.ok(first.indexOf('quiet') < 200, `evaluated as number ${first.indexOf('quiet')}`);
  });

  it('bounds the bytes it takes at once', async () => {
    const body = Buffer.from(JSON.stringify('x'.repeat(500_000)));
    await Promise.all(Array.from({ length: 40 }, () => submit(body)));
    statements.length = 0;
    await drain();
    const taken = statements.filter((query) => query.includes('SKIP LOCKED')).length;
    assert.ok(taken >= 3 && taken <= 6, `${taken} batches`);
  });

  it('leaves what came after events that another pump is at work on', async () => {
    await addRuleset([]);
    const first = await submit({ number: 1 });
    await submit({ number: 2 });
    const { held, release } = await holdEvent(first!.id);
    await held;
    const [otherWebhook] = await sameShard(1);
    await submit({ number: 3 }, otherWebhook);
    await pumpUntil(async () => (await pendingCount()) === 2);
    assert.deepEqual(
      (await listEvents()).map(({ status }) => status),
      ['pending', 'pending'],
    );
    await release();
    await drain();
    assert.equal((await incidentRows())[0]?.occurrences, 3);
  });

  it('spends few statements', async () => {
    await addRuleset([{ type: 'json-check', key: 'status', operator: 'equal', values: ['down'] }]);
    await submit({ status: 'up' });
    await drain();
    const costOf = async (body: unknown) => {
      await submit(body);
      statements.length = 0;
      await drain();
      // The test's own count of pending events, and the empty look of a pump that begins, are not part of the cost.
      return statements.filter(
        (query) => /^\s*(INSERT|UPDATE|WITH)|FOR NO KEY UPDATE/.test(query) && !query.includes('SKIP LOCKED'),
      ).length;
    };
    assert.equal(await costOf({ status: 'up' }), 1, 'no match: the mark');
    assert.equal(await costOf({ status: 'down' }), 7, 'opened');
    assert.equal(await costOf({ status: 'down' }), 5, 'joined');
  });

  it('ends with its round, and at once when told', async () => {
    const pump = createEvaluateRulesets(deps({ roundMs: 50 }));
    let beats = 0;
    await pump(0, new AbortController().signal, () => beats++);
    assert.ok(beats >= 1);
    const stop = new AbortController();
    const running = createEvaluateRulesets(deps())(0, stop.signal, () => {});
    const began = performance.now();
    stop.abort();
    await running;
    assert.ok(performance.now() - began < 20_000, 'long before its round is over');
  });

  /** Locks an event, as a pump does that is evaluating it. */
  async function holdEvent(id: string) {
    let letGo = () => {};
    let isHeld = () => {};
    const held = new Promise<void>((resolve) => (isHeld = resolve));
    const until = new Promise<void>((resolve) => (letGo = resolve));
    const holding = database.sql.begin(async (tx) => {
      await tx`SELECT FROM events WHERE id = ${id} FOR UPDATE`;
      isHeld();
      await until;
    });
    const release = async () => {
      letGo();
      await holding;
    };
    return { held, release };
  }

  /** Webhooks of Acme that meet the same pump. */
  async function sameShard(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let number = 2; ids.length < count; number++) {
      const id = crypto.randomUUID();
      if (shardOf(id) !== shardOf(acme.webhookId)) continue;
      await database.sql`
        INSERT INTO webhooks (id, organisation_id, number, name)
        VALUES (${id}, ${acme.organisationId}, ${number}, 'Other')`;
      ids.push(id);
    }
    return ids;
  }
});

/** Polls until `done` holds; fails early when what should bring it about has failed. */
async function until(done: () => Promise<boolean>, running?: Promise<unknown>, everyMs = 5): Promise<void> {
  let failed: unknown;
  running?.catch((error) => (failed = error));
  for (const end = performance.now() + 60_000; performance.now() < end;) {
    if (failed) throw failed;
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error('It did not come about within 60 s.');
}
