import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { startTestApi, type TestApi } from '../support/api.ts';

describe('HTTP', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  /** Sends bytes as they are and answers everything until the other side closes. */
  async function raw(text: string): Promise<string> {
    const socket = connect(api.port, '127.0.0.1');
    let received = '';
    socket.on('data', (data) => (received += data)).on('error', () => {});
    socket.write(text);
    await once(socket, 'close');
    return received;
  }

  it('answers unknown paths with 404, before it asks for a key', async () => {
    for (const path of ['/', '/v1', '/v1/nothing', '/v1/teams/', '/V1/teams', '//v1/teams', '/v1/team/%00/members/x']) {
      const answer = await api.get(path, { key: null });
      assert.deepEqual([answer.status, answer.body.code], [404, 'not_found'], path);
      assert.equal(answer.headers.get('Content-Type'), 'application/problem+json');
    }
  });

  it('answers paths that are not valid with 404', async () => {
    for (const path of ['/v1/incident/%', '/v1/incident/%ff', '/v1/incident/%c0%af', '/v1/incident/..%2fteams'])
      assert.match(
        await raw(
          `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${api.adminKey}\r\n\r\n`,
        ),
        /^HTTP\/1\.1 404 /,
        path,
      );
  });

  it('answers wrong methods with 405 and what would be right', async () => {
    const answer = await api.send('DELETE', '/v1/teams');
    assert.deepEqual([answer.status, answer.body.code], [405, 'method_not_allowed']);
    assert.equal(answer.headers.get('Allow'), 'GET, HEAD, OPTIONS');
    assert.equal((await api.send('PUT', '/v1/team')).headers.get('Allow'), 'POST, OPTIONS');
    // Not the ruleset of that id.
    assert.equal((await api.send('PUT', '/v1/ruleset/dry-run')).headers.get('Allow'), 'POST, OPTIONS');
    const options = await api.send('OPTIONS', '/v1/team', { key: null });
    assert.deepEqual([options.status, options.headers.get('Allow')], [204, 'POST, OPTIONS']);
    assert.match(await raw('TRACE /v1/teams HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 405 /);
  });

  it('answers HEAD like GET, without a body', async () => {
    const answer = await api.send('HEAD', '/v1/teams');
    assert.deepEqual([answer.status, answer.text], [200, '']);
  });

  it('carries a request id through answer and problem', async () => {
    const given = await api.get('/v1/nothing', { headers: { 'X-Request-Id': 'abc-123' } });
    assert.equal(given.headers.get('X-Request-Id'), 'abc-123');
    assert.equal(given.body.request_id, 'abc-123');
    for (const odd of ['with space', 'x'.repeat(129), '<script>']) {
      const made = await api.get('/v1/nothing', { headers: { 'X-Request-Id': odd } });
      assert.match(made.body.request_id, /^[0-9a-f-]{36}$/, odd);
    }
  });

  it('tells browsers to keep their hands off', async () => {
    const { headers } = await api.get('/health');
    assert.equal(headers.get('X-Content-Type-Options'), 'nosniff');
    assert.match(headers.get('Content-Security-Policy') ?? '', /default-src 'none'/);
    assert.equal(headers.get('Cache-Control'), 'no-store');
    assert.equal(headers.get('X-Powered-By'), null);
  });

  it('refuses heads that are too large or broken', async () => {
    const large = `GET /health HTTP/1.1\r\nHost: a\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`;
    assert.match(await raw(large), /^HTTP\/1\.1 431 [\s\S]*problem\+json[\s\S]*"request_id":"[0-9a-f-]{36}"/);
    assert.match(await raw('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
    const twoLengths =
      'POST /v1/team HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    assert.match(await raw(twoLengths), /^HTTP\/1\.1 400 /);
  });
});

describe('roles', () => {
  it('serve their own routes and those of operations', async () => {
    const api = await startTestApi({ roles: ['gateway'] });
    try {
      assert.equal((await api.get('/health')).status, 200);
      assert.equal((await api.get('/openapi.json')).status, 200);
      assert.equal((await api.get('/v1/teams')).status, 404);
      assert.equal((await api.post('/v1/team', { name: 'a' })).status, 404);
      const event = await api.post('/v1/incident/webhook/00000000-0000-7000-8000-000000000000', {});
      assert.deepEqual([event.status, event.body.code], [404, 'not_found']);
      const wrongMethod = await api.get('/v1/incident/webhook/00000000-0000-7000-8000-000000000000');
      assert.equal(wrongMethod.status, 405);
    } finally {
      await api.close();
    }
  });
});
