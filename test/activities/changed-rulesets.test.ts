import assert from 'node:assert/strict';
import { pino } from 'pino';
import { createEvaluateRulesets } from '../../src/activities/evaluate-rulesets.ts';
import { createEar, shardOf, type Ear } from '../../src/stores/doorbell.ts';
import { startTestApi, type Json, type TestApi } from '../support/api.ts';
import { poll } from '../support/poll.ts';

describe('rulesets that change between an event and its evaluation', () => {
  let api: TestApi;
  let ear: Ear;
  let teamId: string;
  let webhookId: string;

  before(async () => {
    api = await startTestApi();
    ear = await createEar(api.database.sql);
    teamId = await api.defaultTeamId();
  });
  beforeEach(async () => {
    webhookId = (await api.post('/v1/webhook', { name: 'Probe' })).body.id;
  });
  after(async () => {
    await ear.close();
    await api.close();
  });

  const createRuleset = async (): Promise<Json> => {
    const { status, body, text } = await api.post('/v1/ruleset', {
      ...{ name: 'Down', description: 'As it was', urgency: 'low', rule_type: 'webhook', level: 'team' },
      ...{ team_id: teamId, webhook_id: webhookId },
      conditions: [{ type: 'json-check', key: 'status', operator: 'equal', values: ['down'] }],
    });
    assert.equal(status, 201, text);
    return body;
  };
  const submit = (status: string) => api.post(`/v1/incident/webhook/${webhookId}`, { status }, { key: null });
  const change = async (id: string, json: Json) =>
    assert.equal((await api.send('PUT', `/v1/ruleset/${id}`, { json })).status, 200);
  const eventsOf = async (): Promise<Json[]> =>
    (await api.get(`/v1/webhook/${webhookId}/events?limit=200`)).body.events;
  const openedBy = async (ruleset: Json): Promise<Json[]> => {
    const { incidents } = (await api.get('/v1/organisation/incidents?limit=200')).body;
    return incidents.filter((incident: Json) => incident.ruleset_id === ruleset.id);
  };
  /** The worker comes back, and takes what waits. */
  const evaluate = async (): Promise<Json[]> => {
    const stop = new AbortController();
    const incidents = {
      start: async () => {},
      joined: async () => {},
      acknowledged: async () => true,
      cleared: async () => true,
    };
    const deps = { sql: api.database.sql, ear, logger: pino({ level: 'silent' }), incidents };
    const running = createEvaluateRulesets(deps)(shardOf(webhookId), stop.signal, () => {});
    try {
      return await poll(async () => {
        const events = await eventsOf();
        return events.every(({ status }) => status !== 'pending') && events;
      });
    } finally {
      stop.abort();
      await running;
    }
  };

  it('are evaluated once, as they stand then, and the incident says which version that was', async () => {
    const ruleset = await createRuleset();
    await submit('down');
    await change(ruleset.id, { description: 'As it is', urgency: 'high' });
    await change(ruleset.id, { name: 'Still down' });
    await evaluate();
    const [incident, ...more] = await openedBy(ruleset);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [incident.name, incident.description, incident.urgency, incident.ruleset_version],
      ['Still down', 'As it is', 'high', ruleset.version + 2],
    );

    await change(ruleset.id, { name: 'Changed once more' });
    await api.database.sql`UPDATE events SET status = 'pending' WHERE webhook_id = ${webhookId}`;
    const [event] = await evaluate();
    assert.equal(event.matches.length, 1, 'what was decided stands');
    const [same, ...none] = await openedBy(ruleset);
    assert.deepEqual(
      [same.id, same.ruleset_version, same.occurrences, none],
      [incident.id, ruleset.version + 2, 1, []],
    );
  });

  it('decide by their new conditions about what came before these', async () => {
    const ruleset = await createRuleset();
    await Promise.all(['down', 'degraded'].map(submit));
    const conditions = [{ type: 'json-check', key: 'status', operator: 'equal', values: ['degraded'] }];
    await change(ruleset.id, { conditions });
    const events = await evaluate();
    assert.deepEqual(events.map(({ status, matches }) => [status, matches.length]).sort(), [
      ['evaluated', 0],
      ['evaluated', 1],
    ]);
    assert.equal((await openedBy(ruleset)).length, 1);
  });

  for (const [what, away] of [
    ['deleted', (id: string) => api.send('DELETE', `/v1/ruleset/${id}`)],
    ['disabled', (id: string) => api.send('PUT', `/v1/ruleset/${id}`, { json: { enabled: false } })],
  ] as const)
    it(`open nothing once they are ${what}, and the event says that none matched`, async () => {
      const ruleset = await createRuleset();
      await submit('down');
      assert.equal((await away(ruleset.id)).status, 200);
      const [event] = await evaluate();
      assert.deepEqual([event.status, event.matches, event.reason], ['evaluated', [], 'No ruleset matched.']);
      assert.deepEqual(await openedBy(ruleset), []);
    });

  it('that are enabled again leave alone what was evaluated meanwhile', async () => {
    const ruleset = await createRuleset();
    await change(ruleset.id, { enabled: false });
    await submit('down');
    await evaluate();
    await change(ruleset.id, { enabled: true });
    await submit('up');
    await evaluate();
    assert.deepEqual(await openedBy(ruleset), []);
  });
});
