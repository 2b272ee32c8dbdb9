import assert from 'node:assert/strict';
import type { Json, TestApi } from '../support/api.ts';
import { startInboxPump } from '../support/inbox-pump.ts';
import { poll } from '../support/poll.ts';
import { startWorkingApi } from '../support/working-api.ts';

describe('incidents that their senders lead', function () {
  this.timeout(120_000);
  let api: TestApi;
  let webhook: Json;
  let pump: { stop(): Promise<void> };
  before(async () => void (api = await startWorkingApi()));
  after(() => api.close());
  afterEach(() => pump.stop());

  const begin = async (given: object) => {
    webhook = (await api.post('/v1/webhook', given)).body;
    pump = await startInboxPump(api, [webhook.id]);
  };
  const enqueue = async (action: string, dedupKey?: string, routingKey = webhook.routing_key) => {
    const payload = { summary: `${dedupKey ?? 'Something'} is down`, source: 'probe', severity: 'critical' };
    const event = { routing_key: routingKey, event_action: action, dedup_key: dedupKey, payload };
    const answer = await api.post('/v2/enqueue', event, { key: null });
    assert.equal(answer.status, 202, answer.text);
    return answer.body.dedup_key as string;
  };
  const submit = async (payload: unknown): Promise<string> => {
    const answer = await api.post(`/v1/incident/webhook/${webhook.id}`, payload, { key: null });
    assert.equal(answer.status, 201);
    return answer.body.id;
  };
  /** Newest first, all evaluated. */
  const events = (id = webhook.id): Promise<Json[]> =>
    poll(async () => {
      const { events: found } = (await api.get(`/v1/webhook/${id}/events`)).body;
      return found.every(({ status }: Json) => status === 'evaluated') && found;
    });
  const incidentsOf = async (id = webhook.id): Promise<Json[]> => {
    const { incidents } = (await api.get('/v1/organisation/incidents?limit=200')).body;
    const own: Json[] = incidents.filter((incident: Json) => incident.webhook_id === id);
    return own.sort((a, b) => a.number - b.number);
  };
  const incident = async (id: string): Promise<Json> => (await api.get(`/v1/incident/${id}`)).body;
  const whenever = (id: string, status: string) =>
    poll(async () => {
      const found = await incident(id);
      return found.status === status && found;
    });
  const logOf = async (id: string): Promise<Json[]> => (await api.get(`/v1/incident/${id}/log`)).body.log_entries;

  it('open, join, are acknowledged, resolve and open anew by the Events API', async () => {
    await begin({ source: 'pagerduty', name: 'Checkout' });
    await enqueue('trigger', 'disk');
    await enqueue('trigger', 'disk');
    await enqueue('trigger', 'cpu');
    const [{ matches: [opened] } = assert.fail()] = (await events()).slice(-1);
    assert.deepEqual([opened.ruleset_id, opened.outcome, opened.occurrence], [null, 'opened', 0]);
    const disk = await incident(opened.incident_id);
    assert.deepEqual([disk.name, disk.status, disk.occurrences], ['disk is down', 'triggered', 2]);
    assert.equal((await incidentsOf()).length, 2);

    await enqueue('acknowledge', 'disk');
    await whenever(disk.id, 'acknowledged');
    await enqueue('acknowledge', 'disk');
    await enqueue('trigger', 'disk');
    await events();
    assert.deepEqual([(await incident(disk.id)).status, (await incident(disk.id)).occurrences], ['acknowledged', 3]);

    await enqueue('resolve', 'disk');
    await enqueue('trigger', 'disk');
    await whenever(disk.id, 'resolved');
    await enqueue('acknowledge', 'disk');
    await events();
    const [, , again] = await incidentsOf();
    assert.deepEqual([(await incidentsOf()).length, again.name], [3, 'disk is down']);
    await whenever(again.id, 'acknowledged');
    const log = await logOf(disk.id);
    assert.deepEqual(
      log.map(({ type }) => type),
      ['triggered', 'acknowledged', 'resolved'],
    );
    for (const { agent, channel } of log)
      assert.deepEqual([agent, channel], [{ type: 'webhook', id: webhook.id, name: 'Checkout' }, 'event']);
  });

  it('take their key again when they are reopened', async () => {
    await begin({ source: 'pagerduty' });
    await enqueue('trigger', 'disk');
    await enqueue('resolve', 'disk');
    await events();
    const [{ id } = assert.fail()] = await incidentsOf();
    await whenever(id, 'resolved');
    assert.equal((await api.post(`/v1/incident/${id}/reopen`)).status, 200);
    await enqueue('trigger', 'disk');
    await events();
    assert.deepEqual(
      (await incidentsOf()).map(({ status, occurrences }) => [status, occurrences]),
      [['triggered', 2]],
    );
    await enqueue('resolve', 'disk');
    await whenever(id, 'resolved');
  });

  it('keep their keys to themselves, each routing key its own', async () => {
    await begin({ source: 'pagerduty' });
    const other = (await api.post('/v1/webhook', { source: 'pagerduty' })).body;
    const second = await startInboxPump(api, [other.id]);
    try {
      await enqueue('trigger', 'disk');
      await enqueue('trigger', 'disk', other.routing_key);
      await Promise.all([events(), events(other.id)]);
      await enqueue('resolve', 'disk', other.routing_key);
      const [theirs] = await incidentsOf(other.id);
      await whenever(theirs.id, 'resolved');
      const [own] = await incidentsOf();
      assert.deepEqual([own.status, own.occurrences], ['triggered', 1]);
    } finally {
      await second.stop();
    }
  });

  it('take an acknowledge and a resolve of nothing, and say that nothing was open', async () => {
    await begin({ source: 'pagerduty' });
    await enqueue('acknowledge', 'disk');
    await enqueue('resolve', 'disk');
    const found = await events();
    assert.deepEqual(
      found.map(({ matches, reason }) => [matches, reason]),
      [
        [[], 'Nothing is open for resolve "disk".'],
        [[], 'Nothing is open for acknowledge "disk".'],
      ],
    );
    assert.deepEqual(await incidentsOf(), []);
  });

  it('are resolved by the key that their sender was given', async () => {
    await begin({ source: 'pagerduty' });
    const [first, second] = [await enqueue('trigger'), await enqueue('trigger')];
    await events();
    const [one, two] = await incidentsOf();
    await enqueue('resolve', first);
    await whenever(one.id, 'resolved');
    assert.equal((await incident(two.id)).status, 'triggered');
    await enqueue('resolve', second);
    await whenever(two.id, 'resolved');
  });

  it('are the same by the URL of the webhook', async () => {
    await begin({ source: 'pagerduty' });
    const payload = { summary: 'disk is down', source: 'probe', severity: 'warning' };
    await submit({ event_action: 'trigger', dedup_key: 'disk', payload });
    await events();
    const [opened] = await incidentsOf();
    await enqueue('resolve', 'disk');
    await whenever(opened.id, 'resolved');
  });

  it('follow each alert of a group, and are all of the team of the webhook', async () => {
    const team = (await api.post('/v1/team', { name: 'Databases' })).body;
    await begin({ source: 'alertmanager', team_id: team.id });
    const alert = (name: string, status = 'firing') => ({
      status,
      labels: { alertname: name, severity: 'critical' },
      annotations: { summary: `${name} is on fire` },
      fingerprint: `fingerprint-${name}`,
    });
    const group = (...alerts: object[]) => ({ version: '4', status: 'firing', groupKey: 'all', alerts });
    await submit(group(alert('a'), alert('b')));
    await events();
    const [a, b] = await incidentsOf();
    assert.deepEqual([a.name, a.team_id, a.assignees], ['a is on fire', team.id, [{ type: 'team', id: team.id }]]);

    const mixed = await submit(group(alert('a', 'resolved'), alert('b'), alert('c'), alert('d', 'resolved')));
    await whenever(a.id, 'resolved');
    const [event] = await events();
    assert.equal(event.id, mixed);
    const [, , c] = await incidentsOf();
    assert.deepEqual(
      event.matches.map(({ occurrence, outcome, incident_id: id }: Json) => [occurrence, outcome, id]),
      [
        [0, 'resolved', a.id],
        [1, 'joined', b.id],
        [2, 'opened', c.id],
      ],
    );
    assert.equal(event.reason, 'Nothing is open for resolve "fingerprint-d".');
    assert.deepEqual([(await incident(b.id)).occurrences, c.name], [2, 'c is on fire']);
  });

  it('end together where several rulesets opened one for the same problem', async () => {
    await begin({ source: 'pagerduty' });
    const draft = { rule_type: 'webhook', conditions: [], level: 'team', description: '', urgency: 'high' };
    const rulesets: string[] = [];
    for (const name of ['First', 'Second']) {
      const made = await api.post('/v1/ruleset', { ...draft, name, team_id: await api.defaultTeamId() });
      assert.equal(made.status, 201, made.text);
      rulesets.push(made.body.id);
    }
    try {
      await enqueue('trigger', 'disk');
      await events();
      const opened = await incidentsOf();
      assert.deepEqual(opened.map(({ name }) => name).sort(), ['First', 'Second']);
      await enqueue('resolve', 'disk');
      for (const { id } of opened) await whenever(id, 'resolved');
    } finally {
      for (const id of rulesets) await api.send('DELETE', `/v1/ruleset/${id}`);
    }
  });
});
