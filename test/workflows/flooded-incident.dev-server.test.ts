import assert from 'node:assert/strict';
import { pino } from 'pino';
import { createEvaluateRulesets } from '../../src/activities/evaluate-rulesets.ts';
import { createEar, shardOf, type Ear } from '../../src/stores/doorbell.ts';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import type { Json, TestApi } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { startWorkingApi } from '../support/working-api.ts';

const eventCount = 10_000;
const clients = 50;
/** Of the 51,200 events that Temporal allows; it warns from 10,240 on. */
const mostHistoryEvents = 1_000;

describe('an incident that a flood of events joins', function () {
  this.timeout(300_000);
  let api: TestApi;
  let temporal: TestTemporal;
  let ear: Ear;

  before(async () => {
    api = await startWorkingApi();
    temporal = await connectTestTemporal();
    ear = await createEar(api.database.sql);
  });
  after(async () => {
    await ear.close();
    await temporal.close();
    await api.close();
  });

  it(`is one, whose history stays short under ${eventCount} of them and takes commands meanwhile`, async () => {
    const { body: webhook } = await api.post('/v1/webhook', { name: 'Probe' });
    const rule = await api.post('/v1/ruleset', {
      ...{ name: 'Disk full', description: 'D', urgency: 'high', rule_type: 'webhook', level: 'team' },
      ...{ team_id: await api.defaultTeamId(), webhook_id: webhook.id, incident_key: '{{payload.host}}' },
      conditions: [{ type: 'json-check', key: 'disk', operator: 'equal', values: ['full'] }],
    });
    assert.equal(rule.status, 201, rule.text);
    const stop = new AbortController();
    const deps = { sql: api.database.sql, ear, logger: pino({ level: 'silent' }), incidents: api.deps.workflows };
    const pump = createEvaluateRulesets(deps)(shardOf(webhook.id), stop.signal, () => {});
    let sent = 0;
    const client = async () => {
      while (sent < eventCount) {
        const number = ++sent;
        const payload = { host: 'db-1', disk: 'full', number };
        const { status } = await api.post(`/v1/incident/webhook/${webhook.id}`, payload, { key: null });
        assert.equal(status, 201);
      }
    };
    const incidents = async (): Promise<Json[]> => (await api.get('/v1/organisation/incidents')).body.incidents;
    const first = poll(async () => (await incidents())[0] as Json | undefined, { what: 'the incident opens' });
    const acknowledge = first.then(({ id }) => api.post(`/v1/incident/${id}/acknowledge`, {}));
    const [acknowledged, { id }] = await Promise.all([acknowledge, first, ...Array.from({ length: clients }, client)]);
    assert.equal(acknowledged.status, 200, 'a flood holds up no command');
    await poll(async () => (await incidents())[0].occurrences === eventCount, {
      ...{ timeoutMs: 180_000, what: 'each event has joined' },
    });
    stop.abort();
    await pump;

    assert.deepEqual(
      (await incidents()).map((incident) => [incident.id, incident.occurrences]),
      [[id, eventCount]],
    );
    const [{ matches }] = (await api.database.sql`SELECT count(*) AS matches FROM event_matches`) as Json;
    assert.equal(matches, eventCount, 'each of them says which incident it joined');
    assert.equal((await api.post(`/v1/incident/${id}/resolve`, {})).status, 200);
    const handle = temporal.client.workflow.getHandle(incidentWorkflowId(id));
    await handle.result();
    const { historyLength } = await handle.describe();
    assert.ok(historyLength < mostHistoryEvents, `${historyLength} events`);
    if (process.env.TEST_LOG_LEVEL) process.stderr.write(`${eventCount} events: a history of ${historyLength}\n`);
    const log = (await api.get(`/v1/incident/${id}/log`)).body.log_entries.map(({ type }: Json) => type);
    assert.deepEqual(log, ['triggered', 'acknowledged', 'resolved']);
  });
});
