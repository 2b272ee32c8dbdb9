import assert from 'node:assert/strict';
import { type Answer, type Json, startTestApi, type TestApi } from '../support/api.ts';

describe('the audit log over HTTP', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi({ trustedProxies: ['127.0.0.1'] })));
  after(() => api.close());

  const list = async (query = '', key = api.adminKey): Promise<Json[]> => {
    const { status, body } = await api.get(`/v1/audit-log?limit=200${query}`, { key });
    assert.equal(status, 200, JSON.stringify(body));
    return body.audit_entries;
  };
  const of = (id: string, key?: string) => list(`&subject_id=${id}`, key);
  const all = async (key = api.adminKey): Promise<Json[]> => {
    const entries: Json[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: Answer = await api.get(`/v1/audit-log?limit=200${cursor && `&cursor=${cursor}`}`, { key });
      entries.push(...body.audit_entries);
      cursor = body.next_cursor;
    }
    return entries;
  };
  const put = (path: string, json: object, headers = {}) => api.send('PUT', path, { json, headers });
  const remove = (path: string, headers = {}) => api.send('DELETE', path, { headers });
  const subscriber = { name: 'S', url: 'http://127.0.0.1:9999/', dialect: 'standard' };

  it('says who did what, from where and in which request, with before and after', async () => {
    const admin = (await api.get('/v1/api-keys')).body.api_keys.find((key: Json) => key.is_admin);
    const who = { type: 'key', id: admin.id, name: 'Admin key' };
    const levels = [{ delay: 60, targets: [{ type: 'team', id: await api.defaultTeamId() }] }];
    const rule = {
      ...{ rule_type: 'webhook', level: 'team', team_id: await api.defaultTeamId(), urgency: 'low', conditions: [] },
      ...{ name: 'Before', description: '' },
    };
    const nouns: Record<string, { path: string; draft: object; change?: object }> = {
      team: { path: '/v1/team', draft: { name: 'Before' } },
      webhook: { path: '/v1/webhook', draft: { name: 'Before' } },
      ruleset: { path: '/v1/ruleset', draft: rule },
      subscription: { path: '/v1/subscription', draft: { ...subscriber, name: 'Before' } },
      escalation_policy: { path: '/v1/escalation-policy', draft: { name: 'Before', levels } },
      status_page: { path: '/v1/status-page', draft: { name: 'Before' } },
      api_key: { path: '/v1/api-key', draft: { name: 'Before', permissions: ['view_data'] } },
    };
    for (const [subject, { path, draft }] of Object.entries(nouns)) {
      const from = (step: string) => ({ 'X-Forwarded-For': '192.0.2.7', 'X-Request-Id': `${subject}-${step}` });
      const made = await api.post(path, draft, { headers: from('create') });
      assert.equal(made.status, 201, made.text);
      const { id } = made.body;
      const own = `${path}/${id}`;
      assert.equal((await put(own, { name: 'After' }, from('change'))).status, 200);
      assert.equal((await put(own, { name: 'After' }, from('repeat'))).status, 200);
      assert.equal((await put(own, {}, from('nothing'))).status, 200);
      assert.equal((await remove(own, from('delete'))).status, 200);
      const told = (await of(id)).reverse();
      assert.deepEqual(
        told.map((entry) => [
          entry.action,
          entry.before?.name,
          entry.after?.name,
          entry.subject_name,
          entry.request_id,
        ]),
        [
          ['created', undefined, 'Before', 'Before', `${subject}-create`],
          ['updated', 'Before', 'After', 'After', `${subject}-change`],
          ['deleted', 'After', undefined, 'After', `${subject}-delete`],
        ],
      );
      for (const entry of told) {
        assert.deepEqual([entry.agent, entry.api_key_id, entry.ip], [who, admin.id, '192.0.2.7']);
        assert.equal(entry.subject_type, subject);
        assert.deepEqual((await api.get(`/v1/audit-log/${entry.id}`)).body, entry);
      }
      const differing = Object.keys(told[1].after).filter(
        (name) => JSON.stringify(told[1].before[name]) !== JSON.stringify(told[1].after[name]),
      );
      assert.deepEqual(differing, ['name'], 'and nothing else changed');
    }
  });

  it('names the member as whom a key acts, and the key', async () => {
    const team = await api.defaultTeamId();
    const member = (await api.post(`/v1/team/${team}/member`, { name: 'Ada', email: 'ada@example.com' })).body;
    const draft = { name: "Ada's", permissions: ['manage_settings'], member_id: member.id };
    const key = (await api.post('/v1/api-key', draft)).body;
    const page = (await api.post('/v1/status-page', { name: 'P' }, { key: key.key })).body;
    const [entry] = await of(page.id);
    assert.deepEqual([entry.agent, entry.api_key_id], [{ type: 'member', id: member.id, name: 'Ada' }, key.id]);
    const [again] = await list(`&api_key_id=${key.id}`);
    assert.deepEqual(again, entry);
  });

  it('tells of one request together, with what follows from it', async () => {
    const headers = { 'X-Request-Id': 'the-whole-team' };
    const team = (await api.post('/v1/team', { name: 'Moving' })).body;
    const member = (await api.post(`/v1/team/${team.id}/member`, { name: 'Bo', email: 'bo@example.com' })).body;
    const entry = { team_member_id: member.id, week_days: [1], start_time: '08:00:00', end_time: '17:59:59' };
    assert.ok((await api.post(`/v1/team/${team.id}/schedule`, entry)).status < 300);
    await put(`/v1/team/${team.id}`, { time_zone: 'Asia/Tokyo' }, headers);
    const told = (await list()).filter(({ request_id }) => request_id === 'the-whole-team').reverse();
    assert.deepEqual(
      told.map(({ subject_type, action }) => `${subject_type} ${action}`),
      ['team updated', 'schedule_entry updated', 'schedule_entry created'],
    );
    assert.deepEqual([told[1].before.valid_to, told[2].after.time_zone], ['infinity', 'Asia/Tokyo']);
    assert.equal(new Set(told.map(({ at }) => at)).size, 1);
  });

  it('tells nothing of a request that was refused, or of a repeat', async () => {
    const count = async () => (await all()).length;
    const team = (await api.post('/v1/team', { name: 'Kept' })).body;
    await api.post(`/v1/team/${team.id}/member`, { name: 'Cy', email: 'cy@example.com' });
    const options = { headers: { 'Idempotency-Key': 'one-page' } };
    await api.post('/v1/status-page', { name: 'Once' }, options);
    const before = await count();
    assert.equal((await remove(`/v1/team/${team.id}`)).status, 409);
    assert.equal((await api.post('/v1/status-page', { name: '' })).status, 422);
    await api.post('/v1/status-page', { name: 'Once' }, options);
    assert.equal(await count(), before);
  });

  it('is filtered and read page by page', async () => {
    const { key } = await api.createOrganisation('Filtered');
    const make = async (name: string) => (await api.post('/v1/status-page', { name }, { key })).body;
    const [first, second] = [await make('First'), await make('Second')];
    await api.send('DELETE', `/v1/status-page/${first.id}`, { key });
    const names = (entries: Json[]) => entries.map((entry) => `${entry.action} ${entry.subject_name}`);
    const pages = '&subject_type=status_page';
    assert.deepEqual(names(await list(pages, key)), ['deleted First', 'created Second', 'created First']);
    assert.deepEqual(names(await list(`${pages}&action=created`, key)), ['created Second', 'created First']);
    assert.deepEqual(names(await of(second.id, key)), ['created Second']);
    const [, { at }] = await list(pages, key);
    assert.deepEqual(names(await list(`${pages}&since=${at}`, key)), ['deleted First', 'created Second']);
    assert.deepEqual(names(await list(`${pages}&until=${at}`, key)), ['created First']);
    const seen: Json[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const path = `/v1/audit-log?limit=1${pages}${cursor && `&cursor=${cursor}`}`;
      const { body }: Answer = await api.get(path, { key });
      assert.equal(body.audit_entries.length, 1);
      seen.push(...body.audit_entries);
      cursor = body.next_cursor;
    }
    assert.deepEqual(seen, await list(pages, key));
    for (const wrong of ['subject_type=planet', 'action=seen', 'subject_id=x', 'since=yesterday', 'agent=me'])
      assert.equal((await api.get(`/v1/audit-log?${wrong}`)).status, 422, wrong);
  });

  it('is the own organisation’s alone, which knows nobody of another', async () => {
    const other = await api.createOrganisation('Other');
    await api.post('/v1/status-page', { name: 'Theirs' }, { key: other.key });
    const theirs = await all(other.key);
    for (const { id, after } of theirs) {
      assert.equal((await api.get(`/v1/audit-log/${id}`)).status, 404);
      assert.ok(after.organisation_id === other.id || after.id === other.id);
    }
    const ours = await all();
    assert.ok(!JSON.stringify(ours).includes(other.id));
    const admin = ours.find(({ agent }) => agent?.name === 'Admin key')!.agent.id;
    assert.ok(!JSON.stringify(theirs).includes(admin));
    const [made] = theirs.filter(({ subject_type }) => subject_type === 'organisation').slice(-1);
    assert.deepEqual(
      [made.agent, made.api_key_id, made.ip],
      [{ type: 'operator', id: null, name: 'operator' }, null, null],
    );
    assert.equal(theirs[0].agent.name, 'First key');
  });

  it('holds no secret, and shows that one was changed', async () => {
    const secrets: string[] = [];
    /** A text that is found again wherever it turns up. */
    const secret = (name: string) => {
      const text = `s3cr3t-${name}-${'x'.repeat(30)}`;
      secrets.push(text);
      return text;
    };
    const changedIn = async (id: string) =>
      (await of(id)).flatMap(({ after }) => Object.keys(after ?? {}).filter((name) => after[name] === '[changed]'));
    const team = await api.defaultTeamId();

    const verification = (name: string) => ({ type: 'bearer', secret: secret(name) });
    const webhook = (await api.post('/v1/webhook', { name: 'W', verification: verification('bearer') })).body;
    assert.equal((await put(`/v1/webhook/${webhook.id}`, { verification: verification('bearer-2') })).status, 200);
    assert.deepEqual(await changedIn(webhook.id), ['verification_secret']);

    const headers = (name: string) => [{ name: 'Authorization', value: secret(name) }];
    const draft = {
      ...subscriber,
      dialect: 'pagerduty.v3',
      secret: secret('signing'),
      custom_headers: headers('header'),
    };
    const subscription = (await api.post('/v1/subscription', draft)).body;
    const path = `/v1/subscription/${subscription.id}`;
    assert.equal((await put(path, { custom_headers: headers('header-2') })).status, 200);
    const rotated = await api.post(`${path}/rotate-secret`, { secret: secret('signing-2'), expires_in: 60 });
    assert.equal(rotated.status, 200, rotated.text);
    assert.deepEqual(await changedIn(subscription.id), ['secret', 'headers']);
    assert.equal((await remove(path)).status, 200);

    const rule = { rule_type: 'webhook', level: 'team', team_id: team, urgency: 'low', conditions: [] };
    const ruleset = (await api.post('/v1/ruleset', { ...rule, name: 'R', description: '' })).body;
    const settings = { url: 'http://127.0.0.1:9999/', headers: { Authorization: secret('action') } };
    const actions = await put(`/v1/ruleset/${ruleset.id}/actions`, {
      actions: [{ type: 'trigger-webhook', settings }],
    });
    assert.equal(actions.status, 200, actions.text);

    const email = (name: string) => {
      secrets.push(name);
      return `${name}@example.com`;
    };
    const member = (await api.post(`/v1/team/${team}/member`, { name: 'Di', email: email('di-recognised') })).body;
    const own = `/v1/team/${team}/member/${member.id}`;
    // Where it leads is forgotten with it, its host too.
    const webhookUrl = `http://127.0.0.1:9998/${secret('path')}`;
    secrets.push(':9998');
    const reached = (await api.post(`${own}/contact-method`, { type: 'webhook', url: webhookUrl })).body;
    secrets.push(reached.secret);
    const mailed = (await api.post(`${own}/contact-method`, { type: 'email', address: email('post-recognised') })).body;
    assert.ok(mailed.id, JSON.stringify(mailed));
    await put(own, { email: email('di-again') });
    assert.deepEqual(await changedIn(member.id), ['email']);

    const key = (await api.post('/v1/api-key', { name: 'K', permissions: ['view_data'] })).body;
    const again = (await api.post(`/v1/api-key/${key.id}/rotate`, { grace_seconds: 60 })).body;
    secrets.push(key.key.slice(13), again.key.slice(13));
    assert.deepEqual(await changedIn(key.id), ['hash']);
    await api.get('/v1/teams', { key: again.key });

    const { sql } = api.database;
    for (const { hash, previousHash } of await sql`SELECT hash, previous_hash FROM api_keys`)
      secrets.push(...[hash, previousHash].filter(Boolean).map((bytes) => Buffer.from(bytes).toString('hex')));
    for (const { routingKey } of await sql`SELECT routing_key FROM webhooks`) secrets.push(routingKey);
    const rows = await sql<{ entry: string }[]>`SELECT row_to_json(e)::text AS entry FROM audit_entries e`;
    assert.ok(rows.length > 50 && secrets.length > 15);
    for (const { entry } of rows) {
      for (const text of secrets) assert.ok(!entry.includes(text), `${text} in ${entry}`);
      // How Postgres writes bytes.
      assert.doesNotMatch(entry, /"\\\\x/);
    }
  });

  it('tells who verified a contact method, which has its own transaction', async () => {
    const team = await api.defaultTeamId();
    const member = (await api.post(`/v1/team/${team}/member`, { name: 'Ed', email: 'ed@example.com' })).body;
    const own = `/v1/team/${team}/member/${member.id}/contact-method`;
    const method = (await api.post(own, { type: 'webhook', url: 'http://127.0.0.1:9999/' })).body;
    const { id: organisationId } = (await api.get('/v1/organisation')).body;
    await api.deps.stores.contactMethods.beginVerification(organisationId, member.id, method.id, '123456');
    const headers = { 'X-Request-Id': 'it-is-verified' };
    const before = (await all()).length;
    assert.equal((await api.post(`${own}/${method.id}/verify`, { code: '654321' }, { headers })).status, 409);
    assert.equal((await all()).length, before, 'codes and guesses are no configuration');
    assert.equal((await api.post(`${own}/${method.id}/verify`, { code: '123456' }, { headers })).status, 200);
    const told = (await list()).filter(({ request_id }) => request_id === 'it-is-verified').reverse();
    assert.equal(told[0].subject_type, 'contact_method');
    assert.deepEqual([told[0].before.verified_at, typeof told[0].after.verified_at], [null, 'string']);
    assert.ok(told.length > 1 && told.slice(1).every(({ subject_type }) => subject_type === 'notification_rule'));
    assert.ok(told.every(({ agent }) => agent.name === 'Admin key'));
    // Rules that are given as they stand are left alone.
    const rules = (await api.get(`/v1/team/${team}/member/${member.id}/notification-rules`)).body;
    const count = (await all()).length;
    const path = `/v1/team/${team}/member/${member.id}/notification-rules`;
    assert.equal((await put(path, { rules: rules.rules ?? rules.notification_rules })).status, 200);
    assert.equal((await all()).length, count);
  });
});
