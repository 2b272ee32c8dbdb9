import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { createDeliverWebhooks } from '../src/activities/deliver-webhooks.ts';
import { createEvaluateRulesets } from '../src/activities/evaluate-rulesets.ts';
import { createIncidentActivities } from '../src/activities/record-transitions.ts';
import type { PumpRound } from '../src/activities/pump.ts';
import { createLogger } from '../src/logger.ts';
import { createPost } from '../src/outbound/post.ts';
import { createDeliveryStore } from '../src/stores/deliveries.ts';
import { createEar, shardOf, type Ear } from '../src/stores/doorbell.ts';
import { createEventStore } from '../src/stores/events.ts';
import { createIncidentStore } from '../src/stores/incidents.ts';
import { createRulesetStore } from '../src/stores/rulesets.ts';
import { createSealer } from '../src/stores/sealed.ts';
import { createSubscriptionStore } from '../src/stores/subscriptions.ts';
import { createSql, type Sql } from '../src/stores/sql.ts';
import { createTransitionStore } from '../src/stores/transitions.ts';
import { createIncidentWorkflows } from '../src/temporal/incidents.ts';
import { incidentWorkflowId } from '../src/temporal/names.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { insertOrganisation, type TestOrganisation } from './support/organisation.ts';
import { poll } from './support/poll.ts';
import { createReceiver, type Receiver } from './support/receiver.ts';
import { ringingEar } from './support/ringing-ear.ts';
import { rulesetDraft } from './support/ruleset-draft.ts';
import { connectTestTemporal, type TestTemporal } from './support/temporal.ts';

/**
 * What the four things that happen most cost. A change that raises a number here needs a reason in its commit:
 * Temporal tasks and SQL statements are what the product's speed is made of.
 */
describe('cost', function () {
  this.timeout(90_000);
  let database: TestDatabase;
  let counted: Sql;
  let temporal: TestTemporal;
  let organisation: TestOrganisation;
  let receiver: Receiver;
  let heard: Ear;
  let ear: Ear;
  const statements: string[] = [];
  const logger = createLogger('silent', 'test');
  const bell = { ring: () => {} };

  before(async () => {
    database = await createTestDatabase();
    counted = createSql(database.url, {
      onQuery: (query) => statements.push(query.trim().split(/\s+/)[0]!.toUpperCase()),
    });
    await counted`SELECT 1`;
    temporal = await connectTestTemporal();
    organisation = await insertOrganisation(database.sql);
    receiver = await createReceiver();
    // What a pump looks at without a ring depends on how long the others take.
    heard = await createEar(database.sql);
    ear = ringingEar(heard);
  });
  after(async () => {
    await heard.close();
    await receiver.close();
    await temporal.close();
    await counted.end();
    await database.drop();
  });
  beforeEach(() => void statements.splice(0));

  /** One round of a pump until `done`, which is asked of the database that nobody counts. */
  async function turn(round: PumpRound, shard: number, done: () => Promise<unknown>): Promise<void> {
    const stop = new AbortController();
    const running = round(shard, stop.signal, () => {});
    await poll(done);
    stop.abort();
    await running;
  }

  const pending = async () => {
    const [row] = await database.sql`SELECT count(*) FROM events WHERE status = 'pending'`;
    return row?.count === 0;
  };
  const submit = (events: number, body: object) => {
    const store = createEventStore(counted, bell, createSealer('test-secret-key-of-32-characters-or-more'));
    return Promise.all(
      Array.from({ length: events }, () =>
        store.submit({
          webhookId: organisation.webhookId,
          contentType: 'application/json',
          ip: '127.0.0.1',
          headers: {},
          body: Buffer.from(JSON.stringify(body)),
        }),
      ),
    );
  };
  const incidents = () =>
    createIncidentWorkflows(temporal.client, createIncidentStore(database.sql).opening, temporal.taskQueue);
  /** Answers how many workflow tasks and history events the workflow has spent so far. */
  const spent = async (incidentId: string) => {
    const { events } = await temporal.client.workflow.getHandle(incidentWorkflowId(incidentId)).fetchHistory();
    const tasks = events?.filter((event) => event.workflowTaskCompletedEventAttributes).length;
    return { tasks, events: events?.length };
  };

  it('of events without a match: one INSERT for those that wait together, one batch, no Temporal task', async () => {
    const started: unknown[] = [];
    await submit(100, { status: 'up' });
    // The first goes alone; the others wait for it and go together.
    assert.deepEqual(statements.splice(0), ['INSERT', 'INSERT']);
    const evaluate = createEvaluateRulesets({
      sql: counted,
      ear,
      logger,
      incidents: {
        start: async (state) => void started.push(state),
        joined: async () => {},
        acknowledged: async () => true,
        cleared: async () => true,
      },
    });
    await turn(evaluate, shardOf(organisation.webhookId), pending);
    const looked = countOf(statements);
    assert.equal(looked.UPDATE, 1, 'one UPDATE stores the outcome of all');
    assert.equal(started.length, 0);
  });

  it('of an incident: one workflow task and one statement to store it', async () => {
    await createRulesetStore(database.sql).create(
      organisation.organisationId,
      rulesetDraft({ teamId: organisation.teamId, assignees: [{ type: 'team', id: organisation.teamId }] }),
    );
    const recording: string[] = [];
    const recordingSql = createSql(database.url, { onQuery: (query) => recording.push(query) });
    await recordingSql`SELECT 1`;
    recording.splice(0);
    const activities = createIncidentActivities(createTransitionStore(recordingSql, bell));
    await submit(1, { status: 'down' });
    statements.splice(0);
    await temporal.withWorker({ activities }, async () => {
      const evaluate = createEvaluateRulesets({ sql: counted, ear, logger, incidents: incidents() });
      await turn(evaluate, shardOf(organisation.webhookId), async () => {
        const [row] = await database.sql`SELECT 1 FROM incidents WHERE sequence = 1 AND workflow_started`;
        return row;
      });
    });
    const opening = statements.filter((statement) => !['BEGIN', 'COMMIT'].includes(statement));
    const [incident] = await database.sql<{ id: string }[]>`SELECT id FROM incidents`;
    assert.deepEqual(await spent(incident!.id), { tasks: 1, events: 6 });
    assert.equal(recording.length, 1);
    // Taking the batch, loading rulesets once, row, claim, number, match, outcome, the mark that it started.
    assert(opening.length <= 11, `opening cost ${opening.length} statements: ${opening.join(' ')}`);

    recording.splice(0);
    await temporal.withWorker({ activities }, () =>
      incidents().command(organisation.organisationId, incident!.id, {
        type: 'acknowledge',
        id: uuid(),
        agent: { type: 'key', id: null, name: 'Test key' },
      }),
    );
    const acknowledged = await spent(incident!.id);
    // One accepts it, durably; one answers once the activity between them has stored it.
    assert.equal(acknowledged.tasks, 3, 'an acknowledge is two workflow tasks and one activity');
    assert.equal(recording.length, 1, 'and one statement');
    await recordingSql.end();
  });

  it('of a delivery: one statement to take it, one to store its outcome', async () => {
    const sealer = createSealer('0123456789abcdef0123456789abcdef');
    const subscription = await createSubscriptionStore(database.sql, sealer).create(organisation.organisationId, {
      name: 'Receiver',
      url: receiver.url,
      dialect: 'standard',
      events: ['incident.escalated'],
    });
    const [incident] = await database.sql<{ id: string }[]>`SELECT id FROM incidents`;
    await database.sql`
      INSERT INTO deliveries (id, organisation_id, subscription_id, incident_id, subject_id, sequence, transition_type, event,
        shard, next_attempt_at, created_at)
      SELECT ${uuid()}, organisation_id, ${subscription.id}, incident_id, incident_id, sequence, type, 'incident.' || type,
        ${shardOf(subscription.id)}, now(), now()
      FROM transitions WHERE incident_id = ${incident!.id} AND sequence = 1`;
    statements.splice(0);
    const deliver = createDeliverWebhooks({
      deliveries: createDeliveryStore(counted, sealer),
      post: createPost({ allowedNetworks: ['127.0.0.0/8'] }),
      ear,
      publicUrl: 'http://localhost:8080',
      logger,
    });
    await turn(deliver, shardOf(subscription.id), async () => {
      const [row] = await database.sql`SELECT 1 FROM deliveries WHERE status = 'delivered'`;
      return row;
    });
    assert.equal(receiver.requests.length, 1);
    // The look that finds nothing more and the one for the next due time belong to the pump, not to the delivery.
    assert(statements.length <= 5, `a delivery cost ${statements.length} statements: ${statements.join(' ')}`);
  });
});

function countOf(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
