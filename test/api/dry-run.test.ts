import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';

describe('a dry run over HTTP', () => {
  let api: TestApi;
  let organisationId: string;
  let draft: Record<string, unknown>;
  let webhookId: string;

  const down = { type: 'json-check', key: 'status', operator: 'equal', values: ['down'] };
  const at = (second: number) => new Date(Date.UTC(2026, 10, 21, 5, 0, second)).toISOString();
  const insert = async (
    second: number,
    body: string,
    given: { webhookId?: string; status?: string; tags?: string[] } = {},
  ) => {
    const id = uuid();
    await api.database.sql`
      INSERT INTO events (id, organisation_id, webhook_id, shard, received_at, content_type, ip, body, tags, headers, status)
      SELECT ${id}, w.organisation_id, w.id, 0, ${at(second)}, 'application/json', '192.0.2.7', ${Buffer.from(body)},
        ${given.tags ?? []}::text[], ${api.database.sql.json({ 'x-source': 'probe' })}, ${given.status ?? 'evaluated'}
      FROM webhooks w WHERE w.id = ${given.webhookId ?? webhookId}`;
    return id;
  };
  const run = (json: object, options?: { key: string }) => api.post('/v1/ruleset/dry-run', json, options);
  const counts = async () => {
    const [row] = await api.database.sql`
      SELECT (SELECT count(*) FROM rulesets) AS rulesets, (SELECT count(*) FROM incidents) AS incidents,
        (SELECT count(*) FROM event_matches) AS matches, (SELECT count(*) FROM deliveries) AS deliveries,
        (SELECT max(rulesets_version) FROM organisations) AS version`;
    return row;
  };

  before(async () => {
    api = await startTestApi();
    organisationId = (await api.get('/v1/organisation')).body.id;
    draft = {
      rule_type: 'state-change',
      conditions: [down],
      level: 'team',
      team_id: await api.defaultTeamId(),
      name: '{{payload.service}} is down',
      description: 'Seen by {{webhook.name}}.',
      urgency: 'medium',
    };
  });
  after(() => api.close());
  beforeEach(async () => {
    await api.database.sql`UPDATE webhooks SET deleted_at = now() WHERE organisation_id = ${organisationId}`;
    webhookId = (await api.post('/v1/webhook', { name: 'Probe', tags: ['env:prod'] })).body.id;
  });

  it('says which events match and why, and what would open, join and resolve, and stores nothing', async () => {
    const ids = [
      await insert(1, '{"status":"up"}'),
      await insert(2, '{"status":"down","service":"shop"}'),
      await insert(3, '{"status":"down","service":"shop"}'),
      await insert(4, '{"state":"unknown"}'),
      await insert(5, 'not json'),
      await insert(6, '{"status":"up"}'),
      await insert(7, '{"status":"down"}', { status: 'rejected' }),
      await insert(8, '{"status":"down"}', { status: 'failed' }),
    ];
    const before = await counts();
    const { status, body } = await run({ ruleset: draft });
    assert.equal(status, 200);
    assert.deepEqual(
      body.events.map(({ event_id, verdict, outcome, matched, reason }: Json) => [
        event_id,
        verdict,
        outcome,
        matched,
        reason,
      ]),
      [
        [ids[0], 'fails', 'none', false, null],
        [ids[1], 'holds', 'open', true, null],
        [ids[2], 'holds', 'join', true, null],
        [ids[3], 'no_evidence', 'none', false, null],
        [ids[4], 'no_evidence', 'none', false, 'not_json'],
        [ids[5], 'fails', 'resolve', false, null],
        [ids[7], 'holds', 'open', true, null],
      ],
    );
    assert.deepEqual(body.events[1], {
      event_id: ids[1],
      webhook_id: webhookId,
      received_at: at(2),
      occurrence: 0,
      action: 'trigger',
      dedup_key: null,
      matched: true,
      verdict: 'holds',
      outcome: 'open',
      reason: null,
      incident_key: 'default',
      name: 'shop is down',
      description: 'Seen by Probe.',
      conditions: [{ ...down, holds: true, missing: false, found: 'down' }],
    });
    assert.equal('name' in body.events[2], false);
    assert.deepEqual(body.events[3].conditions, [{ ...down, holds: false, missing: true, found: null }]);
    assert.deepEqual(body.summary, { events: 7, matched: 3, opened: 2, joined: 1, resolved: 1 });
    assert.equal(body.truncated, false);
    assert.deepEqual(await counts(), before);
  });

  it('looks at tags, metadata, text and keys', async () => {
    await insert(1, '{"id":"a"}', { tags: ['team:shop'] });
    await insert(2, '{"id":"b"}', { tags: ['team:shop'] });
    await insert(3, '{"id":"a"}', { tags: ['team:other'] });
    await insert(4, '{"id":"a"}', { tags: ['team:shop'] });
    const conditions = [
      { type: 'tag-check', key: 'team', operator: 'equal', values: ['shop'] },
      { type: 'tag-check', key: '*', operator: 'contains', values: ['prod'] },
      { type: 'metadata-check', key: 'header.X-Source', operator: 'equal', values: ['probe'] },
      { type: 'text-check', key: '', operator: 'contains', values: ['id'] },
    ];
    const { body } = await run({ ruleset: { ...draft, conditions, incident_key: '{{payload.id}}' } });
    assert.deepEqual(
      body.events.map(({ incident_key, outcome }: Json) => [incident_key, outcome]),
      [
        ['a', 'open'],
        ['b', 'open'],
        ['a', 'none'],
        ['a', 'join'],
      ],
    );
    assert.deepEqual(
      body.events[0].conditions.map(({ found }: Json) => found),
      ['["shop"]', '["team:shop","env:prod"]', 'probe', '{"id":"a"}'],
    );
  });

  it('counts timers from when events were received', async () => {
    for (const second of [0, 50, 100, 161]) await insert(second, '{"status":"down"}');
    const outcomes = async (given: object) =>
      (await run({ ruleset: { ...draft, ...given } })).body.events.map(({ outcome }: Json) => outcome);
    assert.deepEqual(await outcomes({ quiet_resolve: 60 }), ['open', 'join', 'join', 'open']);
    assert.deepEqual(await outcomes({ auto_resolve_timeout: 100 }), ['open', 'join', 'open', 'join']);
    assert.deepEqual(await outcomes({}), ['open', 'join', 'join', 'join']);
  });

  it('takes a stored ruleset, and only the events asked for', async () => {
    const second = (await api.post('/v1/webhook', { name: 'Second' })).body.id;
    for (let event = 0; event < 20; event++)
      await insert(event, '{"status":"down"}', { webhookId: event % 2 ? second : webhookId });
    const made = await api.post('/v1/ruleset', { ...draft, enabled: false, webhook_id: second });
    assert.equal(made.status, 201);
    const times = async (given: object) => {
      const { status, body } = await run({ ruleset_id: made.body.id, ...given });
      assert.equal(status, 200);
      return body.events.map(({ received_at, reason }: Json) => [Number(received_at.slice(17, 19)), reason]);
    };
    assert.deepEqual(await times({ limit: 3 }), [
      [15, null],
      [17, null],
      [19, null],
    ]);
    assert.equal((await times({})).length, 10, 'those of its webhook');
    assert.deepEqual(await times({ since: at(3), until: at(6) }), [
      [3, null],
      [5, null],
    ]);
    assert.deepEqual(await times({ since: '2026-11-21T06:00:17+01:00' }), [
      [17, null],
      [19, null],
    ]);
    assert.deepEqual(await times({ webhook_id: webhookId, limit: 1 }), [[18, 'other_webhook']]);
  });

  it('is refused with every faulty field', async () => {
    const other = await api.createOrganisation('Other');
    const theirs = (await api.post('/v1/webhook', {}, { key: other.key })).body.id;
    const { body: made } = await api.post('/v1/ruleset', draft);
    const refused = async (json: object, options?: { key: string }) => {
      const answer = await run(json, options);
      assert.equal(answer.status, 422, answer.text);
      return faultyFields(answer);
    };
    assert.deepEqual(await refused({}), ['ruleset']);
    assert.deepEqual(await refused({ ruleset: draft, ruleset_id: made.id }), ['ruleset']);
    assert.deepEqual(await refused({ ruleset: 'x' }), ['ruleset']);
    assert.deepEqual(await refused({ ruleset: null, ruleset_id: made.id }), ['ruleset']);
    assert.deepEqual(
      await refused({
        ruleset: {
          ...draft,
          name: '{{nobody}}',
          urgency: 'critical',
          conditions: [{ ...down, operator: 'matches', values: ['('] }, { type: 'guess' }],
          extra: 1,
        },
        limit: 201,
        since: at(5),
        until: at(5),
        colour: 'red',
      }),
      [
        'colour',
        'limit',
        'ruleset.conditions[0].values[0]',
        'ruleset.conditions[1].operator',
        'ruleset.conditions[1].type',
        'ruleset.extra',
        'ruleset.name',
        'ruleset.urgency',
        'until',
      ],
    );
    assert.deepEqual(await refused({ ruleset: { ...draft, conditions: [] } }), ['ruleset.conditions']);
    assert.deepEqual(await refused({ ruleset_id: made.id, since: 'yesterday', limit: 0 }), ['limit', 'since']);
    const limits = await Promise.all([0, 201].map((limit) => run({ ruleset_id: made.id, limit })));
    assert.deepEqual(
      limits.map(({ body }) => body.errors[0].message),
      ['must be at least 1', 'must be at most 200'],
    );
    const unknown = {
      ruleset: { ...draft, team_id: other.teamId, assignees: [{ type: 'member', id: other.teamId }] },
      webhook_id: theirs,
    };
    assert.deepEqual(await refused(unknown), ['ruleset.assignees[0].id', 'ruleset.team_id', 'webhook_id']);
    const foreign = await refused({ ruleset_id: made.id, webhook_id: webhookId }, { key: other.key });
    assert.deepEqual(foreign, ['ruleset_id', 'webhook_id']);
    assert.deepEqual(await refused({ ruleset_id: uuid() }), ['ruleset_id']);
    // Stored under other rules than today's.
    const broken = api.database.sql.json([{ ...down, key: 'a[' }]);
    await api.database.sql`UPDATE rulesets SET conditions = ${broken} WHERE id = ${made.id}`;
    assert.deepEqual(await refused({ ruleset_id: made.id }), ['ruleset_id']);
  });

  it('tries each alert of a group by itself, and lets its sender end what it opened', async () => {
    await api.send('PUT', `/v1/webhook/${webhookId}`, { json: { source: 'alertmanager' } });
    const group = (...alerts: [name: string, status: string][]) =>
      JSON.stringify({
        ...{ version: '4', status: 'firing' },
        alerts: alerts.map(([name, status]) => ({ status, labels: { alertname: name }, fingerprint: `key-${name}` })),
      });
    await insert(1, group(['a', 'firing'], ['b', 'firing']));
    await insert(2, group(['a', 'resolved'], ['b', 'firing'], ['c', 'resolved']));
    const conditions = [{ type: 'tag-check', key: 'alertname', operator: 'exists', values: [] }];
    const name = '{{alert.labels.alertname}} fires';
    const { status, body } = await run({
      ruleset: { ...draft, rule_type: 'webhook', conditions, name, description: '' },
    });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(
      body.events.map((tried: Json) => [
        ...[tried.occurrence, tried.action, tried.dedup_key, tried.outcome, tried.reason, tried.name],
      ]),
      [
        [0, 'trigger', 'key-a', 'open', null, 'a fires'],
        [1, 'trigger', 'key-b', 'open', null, 'b fires'],
        [0, 'resolve', 'key-a', 'resolve', 'not_a_trigger', undefined],
        [1, 'trigger', 'key-b', 'join', null, undefined],
        [2, 'resolve', 'key-c', 'none', 'not_a_trigger', undefined],
      ],
    );
    assert.deepEqual(body.summary, { events: 2, matched: 3, opened: 2, joined: 1, resolved: 1 });
  });

  it('never shows events of another organisation', async () => {
    const other = await api.createOrganisation('Third');
    await insert(1, '{"status":"down"}');
    const { body } = await run({ ruleset: { ...draft, team_id: other.teamId } }, { key: other.key });
    assert.deepEqual(body.events, []);
    assert.deepEqual(body.summary, { events: 0, matched: 0, opened: 0, joined: 0, resolved: 0 });
  });

  it('ends with what it has when evaluating takes too long, and holds up nobody meanwhile', async () => {
    for (let event = 0; event < 60; event++) await insert(event, `{"status":"${'a'.repeat(16_384)}"}`);
    const slow = { ...down, operator: 'matches', values: ['(a?){500}a{500}'] };
    let isRunning = true;
    const running = run({ ruleset: { ...draft, conditions: Array.from({ length: 7 }, () => slow) }, limit: 60 });
    const answer = running.finally(() => (isRunning = false));
    assert.equal((await api.get('/health')).status, 200);
    assert.equal((await run({ ruleset: draft, limit: 1 })).status, 200);
    assert.equal(isRunning, true);
    const { status, body } = await answer;
    assert.equal(status, 200);
    assert.equal(body.truncated, true);
    assert.ok(body.summary.events > 0 && body.summary.events < 60, `${body.summary.events} events`);
  }).timeout(90_000);

  it('ends with what it has when the answer becomes too large', async () => {
    const values = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(1_000, 'x'));
    const conditions = Array.from({ length: 8 }, () => ({ ...down, values }));
    for (let event = 0; event < 30; event++) await insert(event, '{"status":"up"}');
    const { status, body, text } = await run({ ruleset: { ...draft, conditions } });
    assert.equal(status, 200);
    assert.equal(body.truncated, true);
    assert.ok(body.summary.events >= 1 && text.length < 5_000_000);
  });
});
