import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/embedded/ports.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const script = fileURLToPath(new URL('../../src/server.ts', import.meta.url));
const adminKey = 'test-admin-key-of-32-characters-or-more';

describe('the API process', function () {
  this.timeout(90_000);
  let database: TestDatabase;
  const children: ChildProcess[] = [];
  before(async () => void (database = await createTestDatabase()));
  after(() => database.drop());
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  /** Temporal is not there: the API serves all the same. */
  function start(env: Record<string, string>): { child: ChildProcess; output: () => string } {
    const child = fork(script, [], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { PATH: process.env.PATH, TEMPORAL_ADDRESS: '127.0.0.1:1', LOG_LEVEL: 'warn', ...env },
    });
    children.push(child);
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (output += chunk));
    return { child, output: () => output };
  }
  const settings = async () => ({
    PORT: String(await freePort()),
    DATABASE_URL: database.url,
    ADMIN_API_KEY: adminKey,
    SECRET_KEY: 'test-secret-key-of-32-characters-or-more',
  });

  it('names every setting that is missing or malformed, and exits', async () => {
    const { child, output } = start({ PORT: 'http', ADMIN_API_KEY: 'short-secret' });
    const [code] = await once(child, 'close');
    assert.equal(code, 1);
    for (const name of ['PORT', 'ADMIN_API_KEY', 'DATABASE_URL', 'SECRET_KEY'])
      assert.match(output(), new RegExp(name));
    assert.doesNotMatch(output(), /short-secret/);
  });

  it('says ready, serves, and finishes what is in flight before it exits', async () => {
    const env = await settings();
    const { child, output } = start(env);
    const [message] = await once(child, 'message');
    assert.deepEqual(message, { type: 'ready' });
    const url = `http://127.0.0.1:${env.PORT}`;
    const headers = { Authorization: `Bearer ${adminKey}` };
    const { name } = (await (await fetch(`${url}/v1/organisation`, { headers })).json()) as { name: string };
    assert.equal(name, 'My organisation');

    // A request whose body is still on its way when the process is told to stop.
    const socket = connect(Number(env.PORT), '127.0.0.1');
    let received = '';
    socket.on('data', (data) => (received += data));
    const body = '{"name":"In flight"}';
    const [start_, end] = [body.slice(0, 5), body.slice(5)];
    socket.write(
      `POST /v1/team HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nAuthorization: Bearer ${adminKey}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await once(socket, 'data');
    socket.write(start_);
    child.kill('SIGTERM');
    await refusedAt(Number(env.PORT));
    socket.write(end);
    const [code] = await once(child, 'close');
    assert.equal(code, 0, output());
    assert.match(received, /HTTP\/1\.1 201 /);
    assert.equal((await database.sql`SELECT 1 FROM teams WHERE name = 'In flight'`).length, 1);
  });

  it('says plainly when its port is taken', async () => {
    const env = await settings();
    const first = start(env);
    await once(first.child, 'message');
    const second = start(env);
    const [code] = await once(second.child, 'close');
    assert.equal(code, 1);
    assert.match(second.output(), /EADDRINUSE/);
  });
});

/** Resolves once nobody accepts connections there any more. */
async function refusedAt(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const outcome = await Promise.race([
      once(socket, 'connect').then(() => 'open'),
      once(socket, 'error').then(() => 'refused'),
    ]).catch(() => 'refused');
    socket.destroy();
    if (outcome === 'refused') return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
