import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { assertPortFree, assertReachable, freePort } from '../../src/embedded/ports.ts';

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

  it('picks ports that no outgoing connection gets', async () => {
    const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
    assert.ok(ports.every((port) => port >= 20_000 && port < 32_768));
    for (const port of ports) await assertPortFree('PORT', port);
  });

  it('sees that nothing answers at an address, and names the setting', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
    await assertReachable('TEMPORAL_ADDRESS', address);
    server.close();
    await once(server, 'close');
    await assert.rejects(assertReachable('TEMPORAL_ADDRESS', address), {
      message: `TEMPORAL_ADDRESS ${address} cannot be reached (ECONNREFUSED). Start it, or correct TEMPORAL_ADDRESS.`,
    });
  });
});
