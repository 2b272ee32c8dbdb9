import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { assertPortFree, freePort } from '../../src/embedded/ports.ts';

describe('embedded/ports', () => {
  for (const host of ['127.0.0.1', '0.0.0.0', '::'])
    it(`sees a port that is taken on ${host}, and names the setting`, async () => {
      const server = createServer().listen(0, host);
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      await assert.rejects(assertPortFree('PORT', port), { message: `Port ${port} is taken; set PORT to another.` });
      assert.notEqual(await freePort(port), port);
      server.close();
      await once(server, 'close');
      await assertPortFree('PORT', port);
      assert.equal(await freePort(port), port);
    });
});
