import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { createApp } from '../../src/api/app.ts';
import { closeHttpServer, createHttpServer } from '../../src/api/http-server.ts';
import { faultyFields, startTestApi, type SendOptions, type TestApi } from '../support/api.ts';

describe('JSON bodies', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  const teams = async () => (await api.get('/v1/teams?limit=200')).body.teams.length;
  const postTeam = (body: SendOptions['body'], headers: Record<string, string> = {}) =>
    api.send('POST', '/v1/team', { body, headers: { 'Content-Type': 'application/json', ...headers } });

  it('need a JSON content type', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-16',
      'json',
    ]) {
      const answer = await postTeam('{"name":"a"}', { 'Content-Type': type });
      assert.deepEqual([answer.status, answer.body.code], [415, 'unsupported_media_type'], type);
    }
    const bytes = await api.send('POST', '/v1/team', { body: Buffer.from('{"name":"a"}') });
    assert.equal(bytes.status, 415, 'no content type at all');
    for (const type of ['Application/JSON; charset="UTF-8"', 'application/problem+json'])
      assert.equal((await postTeam('{"name":"Typed"}', { 'Content-Type': type })).status, 201, type);
  });

  it('that are empty miss every required field', async () => {
    const answer = await api.send('POST', '/v1/ruleset');
    assert.equal(answer.status, 422);
    assert.deepEqual(faultyFields(answer), [
      'conditions',
      'description',
      'level',
      'name',
      'rule_type',
      'team_id',
      'urgency',
    ]);
    assert.equal((await api.send('POST', '/v1/webhook')).status, 201, 'where every field is optional');
  });

  it('may begin with a byte order mark', async () => {
    assert.equal((await postTeam('\ufeff{"name":"Marked"}')).status, 201);
  });

  it('that are no JSON are 400', async () => {
    for (const body of ['{', 'name=a', '{"name":"a",}', '{"name":NaN}', ' ', Buffer.from('7b22ff', 'hex')]) {
      const answer = await postTeam(body);
      assert.deepEqual([answer.status, answer.body.code], [400, 'malformed_json'], String(body));
    }
  });

  it('that are JSON but no object are 422', async () => {
    for (const body of ['null', '[]', '"name"', '12'])
      assert.deepEqual(faultyFields(await postTeam(body)), ['body'], body);
  });

  it('are refused below 64 levels, and do not harm at 20,000', async () => {
    const before = await teams();
    for (const depth of [64, 20_000]) {
      const answer = await postTeam(`{"name":${'['.repeat(depth)}${']'.repeat(depth)}}`);
      assert.deepEqual([answer.status, faultyFields(answer)], [422, ['body']]);
    }
    const allowed = await postTeam(`{"name":${'['.repeat(63)}${']'.repeat(63)}}`);
    assert.deepEqual(faultyFields(allowed), ['name']);
    const quoted = await postTeam(JSON.stringify({ name: '['.repeat(100) + '"\\' }));
    assert.equal(quoted.status, 201, 'brackets in strings do not count');
    assert.equal(await teams(), before + 1);
  });

  it('must not hold NUL or lone surrogates in any text', async () => {
    const before = await teams();
    for (const name of ['a\0b', 'a\ud800', '\udc00', '\ud83d\ud83d']) {
      const answer = await api.post('/v1/team', { name });
      assert.deepEqual([answer.status, faultyFields(answer)], [422, ['name']], JSON.stringify(name));
    }
    assert.equal(await teams(), before);
    const accepted = await api.post('/v1/team', { name: 'Équipe 🚨 𝔸' });
    assert.equal(accepted.body.name, 'Équipe 🚨 𝔸');
  });

  it('cannot reach prototypes', async () => {
    const answer = await postTeam('{"name":"a","__proto__":{"time_zone":"UTC"},"constructor":1,"prototype":2}');
    assert.deepEqual(faultyFields(answer), ['__proto__', 'constructor', 'prototype']);
    assert.equal((await postTeam('{"__proto__":{"name":"a"}}')).status, 422);
  });

  it('cannot assign what is not theirs', async () => {
    const answer = await api.post('/v1/webhook', { id: 'x', organisation_id: 'y', enabled: false, created_at: 'z' });
    assert.deepEqual(faultyFields(answer), ['created_at', 'enabled', 'id', 'organisation_id']);
  });

  it('may name a field twice: the last one counts', async () => {
    const answer = await postTeam('{"name":"First","name":"Last","time_zone":"Mars/Olympus","time_zone":"UTC"}');
    assert.deepEqual([answer.status, answer.body.name, answer.body.time_zone], [201, 'Last', 'UTC']);
    assert.deepEqual(faultyFields(await postTeam('{"name":"First","name":null}')), ['name']);
  });

  it('may be as large as they like within their bound, and are refused soon', async () => {
    const before = await teams();
    for (const [body, most] of [
      [`{"name":[${'1,'.repeat(500_000)}1]}`, 1],
      [`{"name":"${'x'.repeat(1_000_000)}"}`, 1],
      [`{"name":"a",${Array.from({ length: 10_000 }, (_, index) => `"k${index}":${index}`).join()}}`, 100],
      [`{"name":"a","${'k'.repeat(1_000_000)}":1}`, 1],
      [`{"name":"a","time_zone":{${'"a":{'.repeat(60)}${'}'.repeat(60)}}}`, 1],
    ] as const) {
      const answer = await postTeam(body);
      assert.deepEqual([answer.status, answer.body.errors.length], [422, most], body.slice(0, 40));
      assert.ok(answer.text.length < 20_000, 'what is wrong is said shortly');
    }
    const teamId = await api.defaultTeamId();
    const lists = { assignees: Array.from({ length: 20_000 }, () => 7), name: 'a', description: '', urgency: 'low' };
    const answer = await api.post(`/v1/team/${teamId}/incident`, lists);
    assert.equal(answer.status, 422);
    assert.ok(faultyFields(answer).includes('assignees') || faultyFields(answer).includes('assignees[0]'));
    assert.equal(await teams(), before);
  });

  it('keep numbers within what is exact', async () => {
    const teamId = await api.defaultTeamId();
    for (const timeout of ['9007199254740993', '12345678901234567890', '1e400', '1.5', '0', '-1', '"60"', '31536001']) {
      const answer = await api.send('POST', `/v1/team/${teamId}/incident`, {
        headers: { 'Content-Type': 'application/json' },
        body: `{"name":"a","description":"","urgency":"low","auto_resolve_timeout":${timeout}}`,
      });
      assert.deepEqual([answer.status, faultyFields(answer)], [422, ['auto_resolve_timeout']], timeout);
    }
  });

  it('may be compressed', async () => {
    const body = JSON.stringify({ name: 'Compressed' });
    for (const [encoding, bytes] of [
      ['gzip', gzipSync(body)],
      ['x-gzip', gzipSync(body)],
      ['deflate', deflateSync(body)],
      ['deflate', deflateRawSync(body)],
      ['br', brotliCompressSync(body)],
      ['identity', Buffer.from(body)],
    ] as const)
      assert.equal((await postTeam(bytes, { 'Content-Encoding': encoding })).status, 201, encoding);
  });

  it('that are compressed badly, differently or into a bomb are refused', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20));
    assert.ok(bomb.length < 1024 * 1024);
    const whole = gzipSync('{"name":"a"}');
    for (const [encoding, bytes, status, code] of [
      ['gzip', Buffer.from('{}'), 400, 'malformed_body'],
      ['gzip', whole.subarray(0, whole.length - 6), 400, 'malformed_body'],
      ['br', Buffer.from('nonsense'), 400, 'malformed_body'],
      ['zstd', Buffer.from('{}'), 415, 'unsupported_media_type'],
      ['gzip, gzip', gzipSync(whole), 415, 'unsupported_media_type'],
      ['constructor', Buffer.from('{}'), 415, 'unsupported_media_type'],
      ['gzip', bomb, 413, 'body_too_large'],
    ] as const) {
      const answer = await postTeam(bytes, { 'Content-Encoding': encoding });
      assert.deepEqual([answer.status, answer.body.code], [status, code], encoding);
    }
  });

  it('may have 1 MiB, and not a byte more', async () => {
    const pad = (length: number) => `{"name":"a"${' '.repeat(length - 12)}}`;
    assert.equal((await postTeam(pad(1024 * 1024))).status, 201);
    const answer = await postTeam(pad(1024 * 1024 + 1));
    assert.deepEqual([answer.status, answer.body.code], [413, 'body_too_large']);
    const chunked = await fetch(`${api.url}/v1/team`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${api.adminKey}` },
      body: new Blob([pad(1024 * 1024 + 1)]).stream(),
      duplex: 'half',
    } as RequestInit);
    assert.equal(chunked.status, 413, 'without a length too');
  });

  it('of events may have 512 KiB, and of groups of alerts 4 MiB', async () => {
    const { id } = (await api.post('/v1/webhook', { name: 'Prometheus', source: 'alertmanager' })).body;
    const submit = async (length: number, userAgent?: string) => {
      const headers: Record<string, string> = userAgent === undefined ? {} : { 'User-Agent': userAgent };
      const body = Buffer.alloc(length, 0x20);
      return (await api.send('POST', `/v1/incident/webhook/${id}`, { key: null, body, headers })).status;
    };
    assert.equal(await submit(512 * 1024), 201);
    assert.equal(await submit(512 * 1024 + 1), 413);
    assert.equal(await submit(512 * 1024 + 1, 'Go-http-client/1.1 Alertmanager/0.28'), 413);
    for (const userAgent of ['Alertmanager/0.25.0', 'Grafana']) {
      assert.equal(await submit(4 * 1024 * 1024, userAgent), 201, userAgent);
      assert.equal(await submit(4 * 1024 * 1024 + 1, userAgent), 413, userAgent);
    }
  });

  it('that never end are answered and cut off', async () => {
    const socket = connect(api.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      `POST /v1/team HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${api.adminKey}\r\n` +
        'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    const flood = setInterval(() => socket.write(chunk), 1);
    let received = '';
    socket.on('data', (data) => (received += data));
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(flood);
    assert.match(received, /^HTTP\/1\.1 413 /);
  });

  it('are not asked for when their length is too much already', async () => {
    const head = (length: number) =>
      `POST /v1/team HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${api.adminKey}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`;
    for (const [length, expected] of [
      [2_000_000, /^HTTP\/1\.1 413 /],
      [12, /^HTTP\/1\.1 100 /],
    ] as const) {
      const socket = connect(api.port, '127.0.0.1');
      socket.write(head(length));
      const [data] = (await once(socket, 'data')) as [Buffer];
      assert.match(data.toString(), expected);
      socket.destroy();
    }
  });

  it('that come too slowly are answered and cut off, their heads too', async () => {
    const server = createHttpServer(createApp(api.deps).callback());
    assert.deepEqual([server.headersTimeout, server.requestTimeout], [10_000, 60_000]);
    // The same limits, reached sooner.
    Object.assign(server, { headersTimeout: 50, requestTimeout: 100 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const before = await teams();
    const head = `POST /v1/team HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${api.adminKey}\r\n`;
    const slow = async (text: string) => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      let received = '';
      socket.on('data', (data) => (received += data)).on('error', () => {});
      socket.write(text);
      await once(socket, 'close');
      return received;
    };
    const answers = await Promise.all([
      slow(head),
      slow(`${head}Content-Type: application/json\r\nContent-Length: 40\r\n\r\n{"name":`),
    ]);
    for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 408 [\s\S]*problem\+json/);
    assert.equal(await teams(), before);
    await closeHttpServer(server, 0);
  });

  it('that break off leave nothing behind', async () => {
    const before = await teams();
    const socket = connect(api.port, '127.0.0.1');
    socket.end(
      `POST /v1/team HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${api.adminKey}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name":"Half"}',
    );
    socket.resume();
    await once(socket, 'close');
    assert.equal(await teams(), before);
  });
});
