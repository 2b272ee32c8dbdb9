import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { lookup as systemLookup } from 'node:dns/promises';
import { createLookup } from '../../src/outbound/lookup.ts';

describe('outbound/lookup', () => {
  it('knows localhost by itself', async () => {
    const lookup = createLookup();
    for (const name of ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost'])
      assert.deepEqual(await lookup(name), ['127.0.0.1', '::1']);
  });

  it('finds names that only this machine knows', async function () {
    const [known] = await systemLookup(hostname(), { all: true }).catch(() => []);
    if (!known) this.skip();
    assert.ok((await createLookup()(hostname())).length > 0);
  });

  it('throws for names that do not exist', async () => {
    await assert.rejects(createLookup()('no-such-name.invalid'), (error: Error & { code?: string }) => {
      return typeof error.code === 'string';
    });
  });
});
