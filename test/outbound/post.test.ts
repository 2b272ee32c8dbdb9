import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createPost, type PostOptions } from '../../src/outbound/post.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';

const loopback = { allowedNetworks: ['127.0.0.0/8', '::1'] };

describe('outbound/post', () => {
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await createReceiver();
  });
  afterEach(() => receiver.close());

  const send = (url = receiver.url, options: Partial<PostOptions> = {}) =>
    createPost({ ...loopback, ...options })({ url, headers: { 'webhook-id': 'a' }, body: '{"a":"é"}' });

  it('posts JSON with the given headers and reports the answer', async () => {
    receiver.behave({ status: 202, body: 'thanks' });
    const result = await send(`${receiver.url}?token=a%20b`);
    assert.equal(result.outcome, 'success');
    assert.equal(result.statusCode, 202);
    assert.equal(result.error, null);
    assert.equal(result.response, 'thanks');
    const [request] = receiver.requests;
    assert.equal(request!.method, 'POST');
    assert.equal(request!.path, '/hook?token=a%20b');
    assert.equal(request!.body, '{"a":"é"}');
    assert.equal(request!.headers['content-type'], 'application/json');
    assert.equal(request!.headers['webhook-id'], 'a');
    assert.equal(request!.headers.host, `127.0.0.1:${receiver.port}`);
    assert.equal(request!.headers.connection, 'close');
  });

  for (const status of [200, 201, 204])
    it(`takes ${status} for success`, async () => {
      receiver.behave({ status });
      assert.equal((await send()).outcome, 'success');
    });

  for (const status of [400, 401, 404, 410, 413, 415, 422, 429, 500, 502, 503, 504])
    it(`takes ${status} for failure`, async () => {
      receiver.behave({ status, body: 'no' });
      const result = await send();
      assert.deepEqual(result, {
        durationMs: result.durationMs,
        outcome: 'http_error',
        statusCode: status,
        error: `answered ${status}`,
        response: 'no',
      });
    });

  for (const status of [301, 302, 307, 308])
    it(`never follows ${status}`, async () => {
      const elsewhere = await createReceiver();
      const inside = `http://127.0.0.1:${elsewhere.port}/`;
      for (const location of ['/elsewhere', inside, 'http://169.254.169.254/latest/meta-data/', 'file:///etc/passwd']) {
        receiver.behave((request) => (request.path === '/hook' ? { status, location } : {}));
        const result = await send();
        assert.equal(result.outcome, 'http_error');
        assert.match(result.error!, /redirects are not followed/);
      }
      assert.deepEqual([receiver.requests.length, elsewhere.requests.length], [4, 0]);
      await elsewhere.close();
    });

  it('gives up on a receiver that never answers, or only later', async () => {
    for (const behaviour of [{ hang: true }, { delayMs: 5_000 }]) {
      receiver.behave(behaviour);
      const result = await send(receiver.url, { timeoutMs: 150 });
      assert.equal(result.outcome, 'timeout');
      assert.equal(result.statusCode, null);
      assert.ok(result.durationMs >= 140 && result.durationMs < 4_900, `${result.durationMs}`);
    }
  });

  it('gives up on one that sends its headers a byte at a time', async () => {
    const result = await withRawServer(
      (socket) => {
        const dribble = setInterval(() => socket.write('H'), 20);
        socket.on('close', () => clearInterval(dribble));
        socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
      },
      (url) => send(url, { timeoutMs: 200 }),
    );
    assert.equal(result.outcome, 'timeout');
  });

  it('lets the status decide when the body stalls or dribbles', async () => {
    receiver.behave({ status: 200, stall: true });
    const stalled = await send();
    assert.equal(stalled.outcome, 'success');
    assert.ok(stalled.durationMs < 8_000);
    receiver.behave({
      respond(response) {
        response.writeHead(500);
        const dribble = setInterval(() => response.write('x'), 50);
        response.on('close', () => clearInterval(dribble));
      },
    });
    const dribbled = await send();
    assert.equal(dribbled.outcome, 'http_error');
    assert.match(dribbled.response!, /^x+$/);
    assert.ok(dribbled.durationMs < 8_000);
  });

  it('reads 20 KB of a huge body and drops the rest', async () => {
    let sent = 0;
    receiver.behave({
      respond(response) {
        const more = () => {
          while (!response.destroyed && sent < 1e9) {
            sent += 65_536;
            if (!response.write(Buffer.alloc(65_536, 'x'))) return void response.once('drain', more);
          }
        };
        more();
      },
    });
    const result = await send();
    assert.equal(result.outcome, 'success');
    assert.equal(result.response!.length, 20 * 1024);
    assert.ok(sent < 50e6, `${sent} bytes were taken`);
  });

  it('keeps of any body only what Postgres can store', async () => {
    receiver.behave({ body: Buffer.from([0x61, 0x00, 0xff, 0xed, 0xa0, 0x80, 0x62]) });
    const { response } = await send();
    assert.match(response!, /^a\uFFFD+b$/);
    receiver.behave({ body: 'not gzip', headers: { 'content-encoding': 'gzip' } });
    const broken = await send();
    assert.equal(broken.outcome, 'success');
    assert.equal(broken.response, 'not gzip');
  });

  it('reports connections that fail', async () => {
    receiver.behave({ reset: true });
    const reset = await send();
    assert.equal(reset.outcome, 'network_error');
    assert.equal(reset.error, 'the connection was reset');
    const closed = await createReceiver();
    await closed.close();
    const refused = await send(closed.url);
    assert.equal(refused.outcome, 'network_error');
    assert.equal(refused.error, 'connection refused');
    assert.equal(refused.statusCode, null);
  });

  it('reports answers that are not HTTP', async () => {
    for (const answer of ['SSH-2.0-OpenSSH_9.6\r\n', 'HTTP/1.1 OK 200\r\n\r\n', 'HTTP/9.9 200 OK\r\n\r\n']) {
      const result = await withRawServer(
        (socket) => socket.end(answer),
        (url) => send(url),
      );
      assert.equal(result.outcome, 'network_error', answer);
      assert.match(result.error!, /not HTTP/);
    }
    const silent = await withRawServer(
      (socket) => socket.once('data', () => socket.end()),
      (url) => send(url),
    );
    assert.equal(silent.outcome, 'network_error');
  });

  it('refuses headers without end', async () => {
    receiver.behave({ headers: { 'x-large': 'x'.repeat(17 * 1024) } });
    const result = await send();
    assert.equal(result.outcome, 'network_error');
    assert.match(result.error!, /too many headers/);
  });

  it('reports certificates that do not verify', async () => {
    const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
    let asked = 0;
    const server = createTlsServer(
      { key: fixture('self-signed.key'), cert: fixture('self-signed.crt') },
      (_, answer) => {
        asked += 1;
        answer.end();
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const lookup = async () => ['127.0.0.1'];
      for (const host of ['127.0.0.1', 'receiver.test']) {
        const result = await send(`https://${host}:${port}/`, { lookup });
        assert.equal(result.outcome, 'tls_error');
        assert.match(result.error!, /SELF_SIGNED/);
      }
      assert.equal((await send(`https://127.0.0.1:${receiver.port}/`)).outcome, 'tls_error');
      assert.equal(asked, 0);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('takes a certificate only while it is valid, for its name, and from an authority', async () => {
    const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
    const authorities = [fixture('authority.crt')];
    const lookup = async () => ['127.0.0.1'];
    const callOver = async (certificate: string, host: string, trusted: string[] | undefined = authorities) => {
      let asked = 0;
      const server = createTlsServer({ key: fixture('receiver.key'), cert: fixture(certificate) }, (_, answer) => {
        asked += 1;
        answer.end();
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        const { port } = server.address() as AddressInfo;
        const options = { lookup, ...(trusted.length > 0 ? { authorities: trusted } : {}) };
        return { ...(await send(`https://${host}:${port}/`, options)), asked };
      } finally {
        server.closeAllConnections();
        server.close();
      }
    };
    const valid = await callOver('receiver.crt', 'receiver.test');
    assert.deepEqual([valid.outcome, valid.asked], ['success', 1]);
    const refused = [
      [await callOver('expired.crt', 'receiver.test'), /CERT_HAS_EXPIRED/],
      [await callOver('receiver.crt', 'elsewhere.test'), /ALTNAME_INVALID/],
      [await callOver('receiver.crt', 'receiver.test', []), /UNABLE_TO_VERIFY|SELF_SIGNED/],
    ] as const;
    for (const [{ outcome, error, asked }, reason] of refused) {
      assert.equal(outcome, 'tls_error');
      assert.match(error!, reason);
      assert.equal(asked, 0);
    }
  });

  it('reads what Retry-After asks for, as seconds or as a date, and not what is neither', async () => {
    const askedBy = async (header: string) => {
      receiver.behave({ status: 429, headers: { 'retry-after': header } });
      return (await send()).retryAfterMs;
    };
    assert.equal(await askedBy('120'), 120_000);
    assert.equal(await askedBy('1000000000'), 1e12);
    const inAnHour = await askedBy(new Date(Date.now() + 3_600_000).toUTCString());
    assert.ok(inAnHour! > 3_500_000 && inAnHour! <= 3_600_000, `${inAnHour}`);
    assert.equal(await askedBy('Thu, 16 Apr 2020 14:24:00 GMT'), 0);
    for (const garbage of ['soon', '1e9', '-1']) assert.equal(await askedBy(garbage), undefined);
  });

  it('takes the time of a request before that of all', async () => {
    receiver.behave({ delayMs: 2_000 });
    const post = createPost({ ...loopback, timeoutMs: 20_000 });
    const result = await post({ url: receiver.url, headers: {}, body: '{}', timeoutMs: 150 });
    assert.equal(result.outcome, 'timeout');
    assert.ok(result.durationMs < 1_900, `${result.durationMs}`);
    assert.equal((await post({ url: receiver.url, headers: {}, body: '{}' })).outcome, 'success');
  });

  it('refuses private addresses without connecting', async () => {
    let connections = 0;
    const results = await withRawServer(
      () => (connections += 1),
      async (url) => {
        const { port } = new URL(url);
        const urls = ['127.0.0.1', '127.1', '0x7f.1', '2130706433', '①②⑦.0.0.1', '[::ffff:127.0.0.1]', 'localhost'];
        return Promise.all(urls.map((host) => send(`http://${host}:${port}/`, { allowedNetworks: [] })));
      },
    );
    for (const result of results) {
      assert.equal(result.outcome, 'refused_address');
      assert.match(result.error!, /private or reserved/);
    }
    assert.equal(connections, 0);
  });

  it('connects to the address that was checked, whatever the name says a moment later', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    const lookup = async () => answers.shift()!;
    const url = `http://rebinding.test:${receiver.port}/hook`;
    const post = createPost({ ...loopback, lookup });
    const request = { url, headers: {}, body: '{}' };
    assert.equal((await post(request)).outcome, 'success');
    assert.equal(receiver.requests[0]!.headers.host, `rebinding.test:${receiver.port}`);
    assert.equal(answers.length, 1, 'one look-up a call');
    assert.equal((await post(request)).outcome, 'refused_address', 'and a new one for the next');
  });

  it('tries the next address of a name when one does not answer', async () => {
    const lookup = async () => ['127.0.0.2', '127.0.0.1'];
    assert.equal((await send(`http://two.test:${receiver.port}/hook`, { lookup })).outcome, 'success');
  });

  it('reports names that do not resolve, and does not wait for name servers beyond its time', async () => {
    const failing = async () => Promise.reject(Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' }));
    const unknown = await send('http://unknown.test/', { lookup: failing });
    assert.equal(unknown.outcome, 'network_error');
    assert.match(unknown.error!, /does not exist/);
    const hanging = await send('http://hanging.test/', { lookup: () => new Promise(() => {}), timeoutMs: 100 });
    assert.equal(hanging.outcome, 'timeout');
  });

  it('refuses what is no URL for webhooks', async () => {
    for (const url of ['', 'javascript:alert(1)', 'http://user:secret@127.0.0.1/', 'http://127.0.0.1:22/']) {
      const result = await send(url);
      assert.equal(result.outcome, 'refused_address');
      assert.doesNotMatch(result.error!, /secret/);
    }
  });
});

async function withRawServer<T>(talk: (socket: Socket) => unknown, work: (url: string) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    talk(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}
