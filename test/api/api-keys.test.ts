import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { pino } from 'pino';
import { agentOf } from '../../src/api/incidents/agent.ts';
import { permissions } from '../../src/domain/access/permission.ts';
import { faultyFields, startTestApi, type Answer, type Json, type TestApi } from '../support/api.ts';
import { poll } from '../support/poll.ts';

describe('API keys over HTTP', () => {
  let api: TestApi;
  const logged: Json[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  before(async () => void (api = await startTestApi({ logger, trustedProxies: ['127.0.0.1'] })));
  after(() => api.close());

  const make = async (json: object, key?: string): Promise<Json> => {
    const { status, body } = await api.post('/v1/api-key', { name: 'Made', ...json }, key === undefined ? {} : { key });
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  const statusWith = async (key: string) => (await api.get('/v1/teams', { key })).status;
  const change = (id: string, json: object, key = api.adminKey) => api.send('PUT', `/v1/api-key/${id}`, { json, key });
  const rotate = (id: string, json: object = {}, key = api.adminKey) =>
    api.post(`/v1/api-key/${id}/rotate`, json, { key });
  const remove = (id: string, key = api.adminKey) => api.send('DELETE', `/v1/api-key/${id}`, { key });
  const hour = 3_600_000;
  const soon = () => new Date(Date.now() + hour).toISOString();
  const addMember = async () => {
    const member = { name: 'Ada', email: `${Math.random()}@example.com` };
    return (await api.post(`/v1/team/${await api.defaultTeamId()}/member`, member)).body;
  };
  const isDenied = (answer: Answer, reason: RegExp) => {
    assert.deepEqual([answer.status, answer.body.code], [403, 'permission_denied']);
    assert.match(answer.body.detail, reason);
  };

  it('are shown once, and listed without what they are', async () => {
    const made = await make({ permissions: ['view_data'], expires_at: soon() });
    const { key, ...shown } = made;
    assert.match(key, /^tocsin_[0-9A-Za-z]{49}$/);
    assert.ok(key.startsWith(shown.prefix));
    assert.equal(shown.prefix.length, 13);
    const own = (await api.get('/v1/api-keys')).body.api_keys;
    const admin = own.find((each: Json) => each.is_admin);
    assert.deepEqual(shown.created_by, { type: 'key', id: admin.id, name: 'Admin key' });
    assert.equal(await statusWith(key), 200);
    await poll(async () => (await api.get(`/v1/api-key/${made.id}`)).body.last_used_at !== null);
    const listed = own.find((each: Json) => each.id === made.id);
    assert.deepEqual(listed, shown);
    assert.deepEqual(Object.keys(listed).sort(), Object.keys(shown).sort());
    const [row] = await api.database.sql`SELECT * FROM api_keys WHERE id = ${made.id}`;
    assert.ok(!JSON.stringify(row).includes(key.slice(13)), 'it is not stored');
  });

  it('are listed page by page, those of the organisation alone', async () => {
    const other = await api.createOrganisation('Other');
    const made = [];
    for (const name of ['One', 'Two', 'Three']) made.push(await make({ name, permissions: ['view_data'] }, other.key));
    const names = [];
    let cursor: string | null = '';
    for (let pages = 0; cursor !== null; pages++) {
      assert.ok(pages < 4);
      const path = `/v1/api-keys?limit=2${cursor && `&cursor=${cursor}`}`;
      const { body }: Answer = await api.get(path, { key: other.key });
      names.push(...body.api_keys.map(({ name }: Json) => name));
      cursor = body.next_cursor;
    }
    assert.deepEqual(names, ['First key', 'One', 'Two', 'Three']);
    for (const answer of [
      await api.get(`/v1/api-key/${made[0].id}`),
      await change(made[0].id, { name: 'Mine' }),
      await rotate(made[0].id),
      await remove(made[0].id),
    ])
      assert.equal(answer.status, 404);
    assert.equal(await statusWith(made[0].key), 200);
  });

  it('name every faulty field', async () => {
    const foreign = await api.createOrganisation('Foreign');
    const faulty = await api.post('/v1/api-key', {
      permissions: ['view_data', 'fly'],
      team_id: 'x',
      expires_at: 1,
      is_admin: true,
    });
    assert.deepEqual(faultyFields(faulty), ['expires_at', 'is_admin', 'name', 'permissions[1]', 'team_id']);
    const draft = { name: 'A', permissions: ['view_data'] };
    for (const [field, json] of Object.entries<object>({
      permissions: { permissions: [] },
      'permissions ': { permissions: ['view_data', 'view_data'] },
      expires_at: { expires_at: new Date(Date.now() - 1).toISOString() },
      team_id: { team_id: foreign.teamId },
      member_id: { member_id: foreign.teamId },
    })) {
      assert.deepEqual(faultyFields(await api.post('/v1/api-key', { ...draft, ...json })), [field.trim()]);
      const made = await make({ permissions: ['view_data'] });
      assert.deepEqual(faultyFields(await change(made.id, json)), [field.trim()]);
    }
  });

  it('are shown again by a repeat with the same Idempotency-Key, and stored once', async () => {
    const options = { headers: { 'Idempotency-Key': 'make-one-key' } };
    const json = { name: 'Repeated', permissions: ['view_data'] };
    const first = await api.post('/v1/api-key', json, options);
    const again = await api.post('/v1/api-key', json, options);
    assert.equal(again.headers.get('Idempotent-Replayed'), 'true');
    assert.deepEqual(again.body, first.body);
    assert.equal(await statusWith(again.body.key), 200);
    const { sql } = api.database;
    assert.equal((await sql`SELECT FROM api_keys WHERE name = 'Repeated'`).length, 1);
    const [kept] = await sql`SELECT body FROM idempotency_keys WHERE key = 'make-one-key'`;
    assert.ok(!Buffer.from(kept!.body, 'base64').includes(first.body.key), 'it is sealed');
    const rotation = { headers: { 'Idempotency-Key': 'rotate-it' } };
    const path = `/v1/api-key/${first.body.id}/rotate`;
    const rotated = await api.post(path, {}, rotation);
    assert.equal((await api.post(path, {}, rotation)).body.key, rotated.body.key);
    assert.equal(await statusWith(rotated.body.key), 200);
  });

  it('change by what is given, and leave the rest', async () => {
    const member = await addMember();
    const teamId = await api.defaultTeamId();
    const made = await make({ permissions: ['view_data', 'manage_rulesets'] });
    const { key, ...before } = made;
    assert.deepEqual((await change(made.id, {})).body, before);
    const expires_at = soon();
    const given = { name: 'New', permissions: ['manage_rulesets'], team_id: teamId, member_id: member.id, expires_at };
    for (const [field, value] of Object.entries(given))
      assert.deepEqual((await change(made.id, { [field]: value })).body[field], value);
    const [after] = [(await api.get(`/v1/api-key/${made.id}`)).body];
    assert.deepEqual({ ...after, last_used_at: null, last_used_ip: null }, { ...before, ...given });
    assert.equal(await statusWith(key), 403, 'at once');
    const cleared = { team_id: null, member_id: null, expires_at: null };
    assert.deepEqual((await change(made.id, cleared)).body.member_id, null);
  });

  it('stop at once when they are deleted', async () => {
    const made = await make({ permissions: ['view_data'] });
    assert.equal(await statusWith(made.key), 200);
    assert.equal((await remove(made.id)).status, 200);
    const refused = await api.get('/v1/teams', { key: made.key });
    const unknown = await api.get('/v1/teams', { key: 'tocsin_unknown' });
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get('WWW-Authenticate')!, /error="invalid_token"/);
    assert.deepEqual({ ...refused.body, request_id: '' }, { ...unknown.body, request_id: '' }, 'nobody learns why');
    for (const answer of [await api.get(`/v1/api-key/${made.id}`), await remove(made.id), await rotate(made.id)])
      assert.equal(answer.status, 404);
    const [row] = await api.database.sql`SELECT name, deleted_at FROM api_keys WHERE id = ${made.id}`;
    assert.equal(row!.name, 'Made');
  });

  it('end when they expire', async () => {
    const made = await make({ permissions: ['view_data'], expires_at: soon() });
    assert.equal(await statusWith(made.key), 200);
    await api.database.sql`UPDATE api_keys SET expires_at = now() WHERE id = ${made.id}`;
    assert.equal(await statusWith(made.key), 401);
    assert.equal((await change(made.id, { expires_at: soon() })).status, 200);
    assert.equal(await statusWith(made.key), 200);
  });

  it('rotate: without grace the text before is refused at once', async () => {
    const made = await make({ permissions: ['view_data'] });
    const { body } = await rotate(made.id);
    assert.deepEqual([body.id, body.permissions, body.previous_expires_at], [made.id, ['view_data'], null]);
    assert.notEqual(body.rotated_at, null);
    assert.notEqual(body.prefix, made.prefix);
    assert.deepEqual([await statusWith(made.key), await statusWith(body.key)], [401, 200]);
  });

  it('rotate: with grace both are taken, until it ends or the next rotation', async () => {
    const { sql } = api.database;
    const first = await make({ permissions: ['view_data'] });
    const second = (await rotate(first.id, { grace_seconds: 60 })).body;
    const ahead = Date.parse(second.previous_expires_at) - Date.parse(second.rotated_at);
    assert.equal(ahead, 60_000);
    assert.deepEqual([await statusWith(first.key), await statusWith(second.key)], [200, 200]);
    const third = (await rotate(first.id, { grace_seconds: 86_400 })).body;
    assert.deepEqual(await Promise.all([first, second, third].map(({ key }) => statusWith(key))), [401, 200, 200]);
    await sql`UPDATE api_keys SET previous_expires_at = now() WHERE id = ${first.id}`;
    assert.deepEqual([await statusWith(second.key), await statusWith(third.key)], [401, 200]);
    assert.equal((await api.get(`/v1/api-key/${first.id}`)).body.previous_expires_at, null);
    // A deleted key's grace ends with it.
    const fourth = (await rotate(first.id, { grace_seconds: 60 })).body;
    await remove(first.id);
    assert.deepEqual([await statusWith(third.key), await statusWith(fourth.key)], [401, 401]);
    for (const grace of [-1, 86_401, 1.5, '60'])
      assert.deepEqual(faultyFields(await rotate(second.id, { grace_seconds: grace })), ['grace_seconds']);
  });

  it('rotate one at a time, however many ask at once', async () => {
    const made = await make({ permissions: ['view_data'] });
    const answers = await Promise.all(Array.from({ length: 6 }, () => rotate(made.id, { grace_seconds: 60 })));
    const statuses = await Promise.all(answers.map(({ body }) => statusWith(body.key)));
    assert.equal(statuses.filter((status) => status === 200).length, 2, 'the last, and the one before');
    assert.equal(await statusWith(made.key), 401);
  });

  it('rotate: the text before gets nothing that outlives it', async () => {
    const wanted = ['manage_keys', 'view_data'];
    const first = await make({ permissions: wanted });
    const second = (await rotate(first.id, { grace_seconds: 60 })).body;
    const before = { key: first.key };
    isDenied(await api.post('/v1/api-key', { name: 'A', permissions: wanted }, before), /outlive/);
    isDenied(await rotate(first.id, {}, first.key), /outlive/);
    const expires_at = new Date(Math.floor(Date.parse(second.previous_expires_at))).toISOString();
    assert.equal((await make({ permissions: wanted, expires_at }, first.key)).expires_at, expires_at);
    assert.equal((await make({ permissions: wanted }, second.key)).expires_at, null);
  });

  it('leave nothing behind of a request that outlasts them', async () => {
    const { sql } = api.database;
    for (const [status, end] of [
      [401, ({ id }: Json) => remove(id)],
      [401, ({ id }: Json) => rotate(id)],
      [401, ({ id }: Json) => sql`UPDATE api_keys SET expires_at = now() WHERE id = ${id}`],
      [403, ({ id }: Json) => change(id, { permissions: ['view_data'] })],
      [201, ({ id }: Json) => change(id, { name: 'Renamed' })],
    ] as const) {
      const made = await make({ permissions: ['manage_keys', 'view_data'] });
      const body = JSON.stringify({ name: 'Late', permissions: ['view_data'] });
      const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
      const slow = request(`${api.url}/v1/api-key`, {
        method: 'POST',
        headers: { ...headers, Authorization: `Bearer ${made.key}` },
      });
      slow.write(body.slice(0, 1));
      await poll(async () => (await api.get(`/v1/api-key/${made.id}`)).body.last_used_at !== null);
      await end(made);
      slow.end(body.slice(1));
      const [answer] = await once(slow, 'response');
      answer.resume();
      assert.equal(answer.statusCode, status);
      assert.equal(answer.headers['www-authenticate'] !== undefined, status === 401);
    }
    assert.equal((await sql`SELECT FROM api_keys WHERE name = 'Late'`).length, 1);
  });

  it('rotate themselves once, however many ask at once', async () => {
    const made = await make({ permissions: ['manage_keys'] });
    const answers = await Promise.all(Array.from({ length: 4 }, () => rotate(made.id, {}, made.key)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401, 401]);
  });

  it('leave the admin key to the environment', async () => {
    const admin = (await api.get('/v1/api-keys')).body.api_keys.find((key: Json) => key.is_admin);
    const team_id = await api.defaultTeamId();
    for (const answer of [
      await remove(admin.id),
      await rotate(admin.id),
      await change(admin.id, { permissions: ['view_data'] }),
      await change(admin.id, { expires_at: soon() }),
    ]) {
      assert.deepEqual([answer.status, answer.body.code], [409, 'admin_key']);
      assert.match(answer.body.detail, /ADMIN_API_KEY/);
    }
    assert.deepEqual((await change(admin.id, { name: 'Root', team_id })).body.name, 'Root');
    assert.equal((await change(admin.id, { name: 'Admin key', team_id: null })).status, 200);
    assert.equal(await statusWith(api.adminKey), 200);
  });

  describe('never give more than they have', () => {
    let lesser: Json;
    let greater: Json;
    before(async () => {
      lesser = await make({ permissions: ['manage_keys', 'view_data'] });
      greater = await make({ permissions: ['manage_keys', 'view_data', 'edit_incidents'] });
    });

    it('whatever they do to keys', async () => {
      const draft = { name: 'A', permissions: ['view_data', 'edit_incidents', 'manage_settings'] };
      isDenied(await api.post('/v1/api-key', draft, { key: lesser.key }), /: edit_incidents, manage_settings\.$/);
      const equal = await make({ permissions: ['manage_keys', 'view_data'] }, lesser.key);
      isDenied(await change(equal.id, { permissions: ['create_incidents'] }, lesser.key), /: create_incidents\.$/);
      isDenied(await change(lesser.id, { permissions: [...permissions] }, lesser.key), /lacks/);
      for (const attempt of [
        () => change(greater.id, { name: 'Mine' }, lesser.key),
        () => change(greater.id, { permissions: ['view_data'] }, lesser.key),
        () => rotate(greater.id, {}, lesser.key),
        () => remove(greater.id, lesser.key),
      ])
        isDenied(await attempt(), /: edit_incidents\.$/);
      assert.equal(await statusWith(greater.key), 200);
      assert.equal((await api.get(`/v1/api-key/${greater.id}`)).body.name, 'Made');
      const own = (await rotate(lesser.id, { grace_seconds: 60 }, lesser.key)).body;
      assert.equal(await statusWith(own.key), 200, 'a key may rotate itself');
      lesser = own;
      assert.equal((await remove(equal.id, lesser.key)).status, 200);
    });

    it('nor the eyes of a member', async () => {
      const [own, other] = [await addMember(), await addMember()];
      const wanted = ['manage_keys', 'view_data'];
      const asOwn = await make({ permissions: wanted, member_id: own.id });
      const draft = { name: 'A', permissions: wanted };
      isDenied(await api.post('/v1/api-key', { ...draft, member_id: own.id }, { key: lesser.key }), /view_private/);
      isDenied(await api.post('/v1/api-key', { ...draft, member_id: other.id }, { key: asOwn.key }), /view_private/);
      isDenied(await rotate(asOwn.id, {}, lesser.key), /view_private_incidents/);
      const free = await make(draft, lesser.key);
      isDenied(await change(free.id, { member_id: own.id }, lesser.key), /view_private_incidents/);
      assert.equal((await make({ ...draft, member_id: own.id }, asOwn.key)).member_id, own.id);
      const seeing = await make({ permissions: [...wanted, 'view_private_incidents'] });
      assert.equal((await make({ ...draft, member_id: other.id }, seeing.key)).member_id, other.id);
    });

    it('nor more time', async () => {
      const expires_at = soon();
      const later = new Date(Date.parse(expires_at) + 1).toISOString();
      const wanted = ['manage_keys', 'view_data'];
      const brief = await make({ permissions: wanted, expires_at });
      for (const given of [null, later])
        isDenied(
          await api.post('/v1/api-key', { name: 'A', permissions: wanted, expires_at: given }, { key: brief.key }),
          /outlive/,
        );
      isDenied(await change(brief.id, { expires_at: null }, brief.key), /outlive/);
      isDenied(await rotate(lesser.id, {}, brief.key), /outlive/);
      isDenied(await change(lesser.id, { permissions: wanted }, brief.key), /outlive/);
      assert.equal((await make({ permissions: wanted, expires_at }, brief.key)).expires_at, expires_at);
      assert.equal((await change(brief.id, { name: 'Brief' }, brief.key)).status, 200);
    });
  });

  it('act as their member, whom a body may overrule', async () => {
    const member = await addMember();
    const made = await make({ permissions: ['manage_settings', 'manage_keys'], member_id: member.id });
    const { created_by } = await make({ permissions: ['manage_settings'], member_id: member.id }, made.key);
    assert.deepEqual(created_by, { type: 'member', id: member.id, name: 'Ada' });
    const { apiKeys, members } = api.deps.stores;
    const other = await addMember();
    const key = (await apiKeys.find(made.key))!;
    assert.deepEqual(await agentOf(members, key, null), { type: 'member', id: member.id, name: 'Ada' });
    assert.deepEqual(await agentOf(members, key, other.id), { type: 'member', id: other.id, name: 'Ada' });
    assert.equal(await agentOf(members, key, made.id), undefined);
    // A member who is gone all the same is nobody to act as.
    await api.database.sql`UPDATE members SET deleted_at = now() WHERE id = ${member.id}`;
    const late = await make({ permissions: ['manage_settings'] }, made.key);
    assert.deepEqual(late.created_by, { type: 'key', id: made.id, name: 'Made' });
  });

  it('hold their team and their member back', async () => {
    const team = (await api.post('/v1/team', { name: 'Kept' })).body;
    const member = (await api.post(`/v1/team/${team.id}/member`, { name: 'Bo', email: 'bo@example.com' })).body;
    const made = await make({ name: 'Holds', permissions: ['view_data'], team_id: team.id, member_id: member.id });
    const memberPath = `/v1/team/${team.id}/member/${member.id}`;
    const reference = { type: 'api_key', id: made.id, name: 'Holds' };
    const kept = await api.send('DELETE', memberPath);
    assert.deepEqual([kept.status, kept.body.references], [409, [reference]]);
    assert.match(kept.body.detail, /1 API key\b/);
    const { references } = (await api.send('DELETE', `/v1/team/${team.id}`)).body;
    assert.deepEqual(references.at(-1), reference);
    await change(made.id, { member_id: null });
    assert.equal((await api.send('DELETE', memberPath)).status, 200);
    await remove(made.id);
    assert.equal((await api.send('DELETE', `/v1/team/${team.id}`)).status, 200);
  });

  it('note once a minute when and from where they were used, and hold no answer up for it', async () => {
    const { sql } = api.database;
    const made = await make({ permissions: ['view_data'] });
    const use = (ip: string) => api.get('/v1/teams', { key: made.key, headers: { 'X-Forwarded-For': ip } });
    const noted = async () => {
      const { last_used_at, last_used_ip } = (await api.get(`/v1/api-key/${made.id}`)).body;
      return { last_used_at, last_used_ip };
    };
    await sql.begin(async (tx) => {
      await tx`SELECT FROM api_keys WHERE id = ${made.id} FOR UPDATE`;
      assert.equal((await use('192.0.2.1')).status, 200, 'while nothing can be noted');
    });
    await poll(async () => (await noted()).last_used_at !== null);
    const first = await noted();
    assert.equal(first.last_used_ip, '192.0.2.1');
    await Promise.all(['192.0.2.2', '192.0.2.3'].map(use));
    await api.deps.stores.apiKeys.noteUse((await api.get('/v1/organisation')).body.id, made.id, '192.0.2.4');
    assert.deepEqual(await noted(), first, 'neither this process nor another notes it again');
    await sql`UPDATE api_keys SET last_used_at = now() - interval '61 seconds' WHERE id = ${made.id}`;
    await api.deps.stores.apiKeys.noteUse((await api.get('/v1/organisation')).body.id, made.id, '192.0.2.5');
    assert.equal((await noted()).last_used_ip, '192.0.2.5');
  });

  it('are guessed a hundred times a minute from one address, then no longer; right ones work on', async () => {
    const from = (ip: string, key: string | null, path = '/v1/teams') =>
      api.get(path, { key, headers: { 'X-Forwarded-For': ip } });
    const { key: gone, id } = await make({ permissions: ['view_data'] });
    await remove(id);
    logged.splice(0);
    // Some come back while these are on their way: one in 0.6 s.
    const answers = await Promise.all(Array.from({ length: 130 }, () => from('192.0.2.9', gone)));
    assert.ok(answers.filter(({ status }) => status === 401).length >= 100);
    const refused = answers.find(({ status }) => status !== 401)!;
    assert.deepEqual([refused.status, refused.body.code], [429, 'rate_limited']);
    assert.ok(Number(refused.headers.get('Retry-After')) >= 1);
    assert.deepEqual(refused.body['violated-policies'], ['wrong-keys']);
    const asPagerDuty = await from('192.0.2.9', gone, '/webhook_subscriptions');
    assert.ok(asPagerDuty.status === 429 || asPagerDuty.status === 401);
    assert.equal(typeof asPagerDuty.body.error.code, 'number', 'in its own shape');
    assert.equal((await from('192.0.2.9', api.adminKey)).status, 200, 'behind one proxy are many clients');
    assert.equal((await from('192.0.2.9', null)).status, 401, 'no key is no wrong one');
    assert.equal((await from('192.0.2.10', gone)).status, 401, 'another address');
    await from('192.0.2.10', 'no-key-of-ours');
    const lines = logged.filter(({ msg }) => msg === 'wrong API key');
    assert.deepEqual([lines[0].ip, lines[0].made_here, lines.at(-1).made_here], ['192.0.2.9', true, false]);
    assert.ok(lines.length >= 132 && lines.every(({ level }) => level === 30));
    assert.ok(!JSON.stringify(logged).includes(gone) && !JSON.stringify(logged).includes('no-key-of-ours'));
  });
});
