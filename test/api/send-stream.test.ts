import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { sendStream } from '../../src/api/middleware/send-stream.ts';
import type { Streamed } from '../../src/api/route.ts';

describe('streams', function () {
  this.timeout(90_000);
  let server: Server;

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Serves one stream; answers what came of sending it. */
  async function serve(write: Streamed['write'], stallMs?: number) {
    let settle: (outcome: unknown) => void;
    const outcome = new Promise((resolve) => (settle = resolve));
    const app = new Koa();
    app.use(async (ctx) => {
      const streamed = { contentType: 'text/plain; charset=utf-8', headers: { 'X-Given': 'yes' }, write };
      await sendStream(ctx, streamed, stallMs).then(
        () => settle('sent'),
        (error: unknown) => {
          settle(error);
          if (!ctx.res.headersSent) throw Object.assign(error as Error, { expose: true });
        },
      );
    });
    app.silent = true;
    server = createServer(app.callback());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const begin = async () => {
      const asked = get({ port, agent: false });
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      asked.on('error', () => {});
      return answer.pause();
    };
    return { begin, outcome };
  }

  const piece = 'x'.repeat(65_536);

  it('wait for their reader, and end when it goes', async () => {
    let sent = 0;
    const { begin, outcome } = await serve(async (send) => {
      for (; sent < 10_000; sent += 1) await send(piece);
    });
    const answer = await begin();
    assert.deepEqual([answer.statusCode, answer.headers['x-given']], [200, 'yes']);
    answer.destroy();
    assert.equal(await outcome, 'sent');
    assert.ok(sent < 1_000, `${sent} pieces of 64 KiB went to somebody who read none`);
  });

  it('break off with a reader that takes nothing', async () => {
    const { begin, outcome } = await serve(async (send) => {
      for (let sent = 0; sent < 10_000; sent += 1) await send(piece);
    }, 50);
    const answer = await begin();
    assert.equal(await outcome, 'sent');
    await assert.rejects(async () => {
      for await (const taken of answer) void taken;
    });
    assert.equal(answer.complete, false);
  });

  it('fail as any answer before their first piece, and break off after it', async () => {
    const early = await serve(() => Promise.reject(new Error('No rows')));
    const refused = await early.begin();
    assert.deepEqual([refused.statusCode, refused.headers['x-given']], [500, undefined]);
    assert.match(String(await early.outcome), /No rows/);
    server.closeAllConnections();
    server.close();

    const late = await serve(async (send) => {
      await send('a part');
      throw new Error('Lost');
    });
    const answer = await late.begin();
    await assert.rejects(async () => {
      for await (const taken of answer) void taken;
    });
    assert.equal(answer.complete, false);
    assert.match(String(await late.outcome), /Lost/);
  });

  it('are whole in the end, in as many pieces as they like, also none', async () => {
    for (const pieces of [[], ['one'], ['one', '', 'trois – 日本', 'x'.repeat(1_000_000)]]) {
      const { begin, outcome } = await serve(async (send) => {
        for (const one of pieces) await send(one);
      });
      const taken: Buffer[] = [];
      for await (const one of await begin()) taken.push(one);
      assert.equal(Buffer.concat(taken).toString(), pieces.join(''));
      assert.equal(await outcome, 'sent');
      server.closeAllConnections();
      server.close();
    }
  });
});
