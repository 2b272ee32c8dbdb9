import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { faultyFields, startTestApi, type Json, type TestApi } from '../../support/api.ts';
import { storeOpenIncident } from '../../support/open-incident.ts';

const unknown = '01999999-0000-7000-8000-000000000000';

describe('events over HTTP', () => {
  let api: TestApi;
  let id: string;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());
  beforeEach(async () => void (id = (await api.post('/v1/webhook', {})).body.id));

  const submit = (query = '', headers: Record<string, string> = {}, body = '{}') =>
    api.send('POST', `/v1/incident/webhook/${id}${query}`, { key: null, body, headers });
  const eventsOf = async (query = ''): Promise<Json> => (await api.get(`/v1/webhook/${id}/events${query}`)).body;
  const newest = async (): Promise<Json> => (await eventsOf('?limit=1')).events[0];

  it('keep the tags of their query, each once, and leave other parameters alone', async () => {
    const most = Array.from({ length: 20 }, (_, index) => `${index}`.padEnd(64, 'x'));
    for (const [query, tags] of [
      ['', []],
      ['?tags=a', ['a']],
      ['?tags=a,b&tags=c,a', ['a', 'b', 'c']],
      ['?tags=a,%20b%20&source=grafana&__proto__=x&constructor=y', ['a', 'b']],
      ['?tags=%C3%A9quipe,%F0%9F%9A%A8,a%20b,a"b,{c},NULL', ['équipe', '🚨', 'a b', 'a"b', '{c}', 'NULL']],
      [`?tags=${most.join()}&tags=${most[0]}`, most],
      [`?tags=${encodeURIComponent('🚨'.repeat(64))}`, ['🚨'.repeat(64)]],
      ['?token=of-a-sender', []],
    ] as [string, string[]][]) {
      const answer = await submit(query);
      assert.equal(answer.status, 201, `${query} ${answer.text}`);
      assert.deepEqual((await newest()).tags, tags, query);
    }
  });

  it('are refused with tags that cannot be kept', async () => {
    const tooMany = Array.from({ length: 21 }, (_, index) => `t${index}`).join();
    for (const tags of ['', 'a,', 'a,,b', '%20', '%00', 'a%00b', 'x'.repeat(65), tooMany, `a&tags=`]) {
      const answer = await submit(`?tags=${tags}`);
      assert.deepEqual([answer.status, faultyFields(answer)], [422, ['query.tags']], tags);
    }
    assert.deepEqual((await eventsOf()).events, []);
  });

  it('keep the headers they came with, but no secret and nothing about the connection', async () => {
    const secrets = [
      'authorization',
      'proxy-authorization',
      'cookie',
      'x-gitlab-token',
      'x-hub-signature-256',
      'webhook-signature',
      'x-api-key',
      'x-apikey',
      'x-shared-secret',
      'x-passwd',
      'x-password',
      'x-session-id',
      'x-amz-credential',
      'x-auth-user',
    ];
    const headers = {
      ...Object.fromEntries(secrets.map((name) => [name, 'hush-hush'])),
      'X-Custom': 'Bearer hush-hush',
      'X-GitHub-Event': 'Push',
      'X-Latin': 'caf\u00e9',
      'X-Long': 'x'.repeat(2_000),
      'Content-Type': 'application/json',
      TE: 'trailers',
    };
    assert.equal((await submit('', headers)).status, 201);
    const shown = (await newest()).headers;
    assert.ok(!JSON.stringify(shown).includes('hush'));
    assert.deepEqual(
      [shown['x-github-event'], shown['x-latin'], shown['content-type']],
      ['Push', 'caf?', 'application/json'],
    );
    assert.equal(shown['x-long'], 'x'.repeat(1_024));
    for (const name of [...secrets, 'x-custom', 'connection', 'content-length', 'te', 'transfer-encoding'])
      assert.ok(!(name in shown), name);
    const rows = await api.database.sql`SELECT events::text AS row FROM events WHERE webhook_id = ${id}`;
    assert.ok(!rows[0]!.row.includes('hush'), 'not in the row either');
  });

  it('come with many headers or large ones, of which some are kept', async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`X-H${index}`, 'v']));
    assert.equal((await submit('', many)).status, 201);
    assert.equal(Object.keys((await newest()).headers).length, 64);
    const large = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`X-H${index}`, 'v'.repeat(1_000)]));
    assert.equal((await submit('', large)).status, 201);
    const { headers } = await newest();
    assert.ok(JSON.stringify(headers).length < 9_000 && headers['x-h5'] === 'v'.repeat(1_000));
  });

  it('are refused when a header holds a line break or a NUL', async () => {
    for (const value of ['a\r\nb', 'a\nb', 'a\rb', 'a\0b', 'a\r\n folded\u0001']) {
      const socket = connect(api.port, '127.0.0.1');
      let received = '';
      socket.on('data', (data) => (received += data)).on('error', () => {});
      socket.write(
        `POST /v1/incident/webhook/${id} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Odd: ${value}\r\nContent-Length: 2\r\n\r\n{}`,
      );
      await once(socket, 'close');
      assert.match(received, /^HTTP\/1\.1 400 [\s\S]*problem\+json/, JSON.stringify(value));
    }
    assert.deepEqual((await eventsOf()).events, []);
  });

  it('say how many of our own actions led to them', async () => {
    for (const [given, hops] of [
      ['0', 0],
      ['3', 3],
      ['9', 9],
      ['10', 0],
      ['-1', 0],
      ['1.5', 0],
      ['three', 0],
      ['1, 2', 0],
      ['', 0],
    ] as const) {
      assert.equal((await submit('', { 'Tocsin-Hops': given })).status, 201);
      assert.equal((await newest()).hops, hops, given);
    }
  });

  it('show what became of them, or why nothing did', async () => {
    const { sql } = api.database;
    const teamId = await api.defaultTeamId();
    const ruleset = {
      rule_type: 'webhook',
      conditions: [],
      level: 'team',
      team_id: teamId,
      name: 'R',
      description: '',
      urgency: 'low',
    };
    const rulesetId = (await api.post('/v1/ruleset', ruleset)).body.id;
    const incidentId = await storeOpenIncident(api, teamId, { name: 'I' });
    const eventId = (await submit()).body.id;
    const shown = async () => {
      const { status, matches, reason } = (await api.get(`/v1/event/${eventId}`)).body;
      return { status, matches, reason };
    };
    assert.deepEqual(await shown(), { status: 'pending', matches: [], reason: null });
    await sql`UPDATE events SET status = 'evaluated' WHERE id = ${eventId}`;
    assert.deepEqual(await shown(), { status: 'evaluated', matches: [], reason: 'No ruleset matched.' });
    await sql`UPDATE events SET reason = 'The body is no JSON.' WHERE id = ${eventId}`;
    assert.deepEqual(await shown(), { status: 'evaluated', matches: [], reason: 'The body is no JSON.' });
    await sql`UPDATE events SET reason = NULL WHERE id = ${eventId}`;
    const outcomes = ['opened', 'joined', 'resolved'] as const;
    for (const [occurrence, outcome] of [...outcomes.entries()].reverse())
      await sql`
        INSERT INTO event_matches (organisation_id, event_id, ruleset_id, incident_id, occurrence, outcome)
        SELECT organisation_id, ${eventId}, ${rulesetId}, id, ${occurrence}, ${outcome} FROM incidents
        WHERE id = ${incidentId}`;
    const matches = outcomes.map((outcome, occurrence) => {
      return { ruleset_id: rulesetId, incident_id: incidentId, occurrence, outcome };
    });
    assert.deepEqual(await shown(), { status: 'evaluated', matches, reason: null });
    assert.deepEqual((await newest()).matches, matches);
  });

  it('are listed without skip or repeat when a hundred come at once', async () => {
    const sent = await Promise.all(Array.from({ length: 100 }, (_, index) => submit('', {}, `${index}`)));
    // Round times are written shorter.
    const micros = (event: Json) => event.received_at.replace('Z', '').padEnd(26, '0');
    const newestFirst = sent
      .map(({ body }) => body)
      .sort((a, b) => (micros(a) < micros(b) ? 1 : -1))
      .map((event) => event.id);
    assert.equal(new Set(sent.map(({ body }) => body.received_at)).size, 100);
    for (const by of ['cursor', 'last_received_at']) {
      const seen: string[] = [];
      for (let query = '?limit=7'; ;) {
        const { events, next_cursor } = await eventsOf(query);
        seen.push(...events.map((event: Json) => event.id));
        if (next_cursor === null) break;
        query = `?limit=7&${by}=${by === 'cursor' ? next_cursor : encodeURIComponent(events.at(-1).received_at)}`;
      }
      assert.deepEqual(seen, newestFirst, by);
    }
  });

  describe('replayed', () => {
    const replay = (eventId: string, options: Json = {}, webhookId = id) =>
      api.send('POST', `/v1/webhook/${webhookId}/events/${eventId}/replay`, options);
    const finish = (eventId: string, status: string) =>
      api.database.sql`UPDATE events SET status = ${status}, failures = 3, reason = 'Why' WHERE id = ${eventId}`;

    it('wait again, if they were evaluated or failed', async () => {
      const eventId = (await submit()).body.id;
      for (const status of ['pending', 'evaluated', 'failed']) {
        if (status !== 'pending') await finish(eventId, status);
        const { status: answered, body } = await replay(eventId);
        assert.deepEqual([answered, body.id, body.status, body.reason], [202, eventId, 'pending', null]);
        assert.deepEqual((await api.get(`/v1/event/${eventId}`)).body, body);
      }
    });

    it('once for an Idempotency-Key', async () => {
      const eventId = (await submit()).body.id;
      await finish(eventId, 'failed');
      const headers = { 'Idempotency-Key': `replay-${eventId}` };
      const first = await replay(eventId, { headers });
      await finish(eventId, 'evaluated');
      const again = await replay(eventId, { headers });
      assert.deepEqual([again.status, again.body], [202, first.body]);
      assert.equal(again.headers.get('Idempotent-Replayed'), 'true');
      assert.equal((await newest()).status, 'evaluated', 'nothing was done again');
    });

    it('never, if their sender could not be verified', async () => {
      const eventId = (await submit()).body.id;
      await finish(eventId, 'rejected');
      const answer = await replay(eventId);
      assert.deepEqual([answer.status, answer.body.code], [409, 'event_rejected']);
      assert.deepEqual([(await newest()).status, (await newest()).reason], ['rejected', 'Why']);
    });

    it('by their webhook and organisation alone', async () => {
      const eventId = (await submit()).body.id;
      await finish(eventId, 'evaluated');
      const another = (await api.post('/v1/webhook', {})).body.id;
      const { key } = await api.createOrganisation('Other');
      assert.equal((await replay(eventId, { key: null })).status, 401);
      for (const answer of [
        await replay(eventId, { key }),
        await replay(eventId, {}, another),
        await replay(eventId, {}, unknown),
        await replay(unknown),
        await replay('x'),
        await replay(eventId, {}, 'x'),
      ])
        assert.deepEqual([answer.status, answer.body.code], [404, 'not_found']);
      assert.equal((await newest()).status, 'evaluated');
      await api.send('DELETE', `/v1/webhook/${id}`);
      assert.equal((await replay(eventId)).status, 404, 'deleted');
      assert.equal((await api.get(`/v1/event/${eventId}`)).body.status, 'evaluated');
    });
  });
});
