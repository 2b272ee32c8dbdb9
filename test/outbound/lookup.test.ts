import assert from 'node:assert/strict';
import { lookup as systemLookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { createLookup } from '../../src/outbound/lookup.ts';
import { createPost } from '../../src/outbound/post.ts';
import { createNameServer, type NameServer } from '../support/name-server.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';

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

  describe('against a name server', () => {
    let names: NameServer;
    let receiver: Receiver;
    before(async () => {
      names = await createNameServer();
      receiver = await createReceiver();
    });
    after(async () => {
      await receiver.close();
      await names.close();
    });

    const lookup = (timeoutMs = 5_000) => createLookup({ servers: [names.address], timeoutMs });
    /** What a delivery to that name ends with, where loopback is allowed or nothing is. */
    const sendTo = (name: string, allowedNetworks: string[] = [], timeoutMs = 10_000, lookupMs?: number) =>
      createPost({ allowedNetworks, lookup: lookup(lookupMs), timeoutMs })({
        url: `http://${name}:${receiver.port}/hook`,
        headers: {},
        body: '{}',
      });

    it('answers every address of both kinds, also behind an alias', async () => {
      names.answer('both.example', { a: ['93.184.216.34', '8.8.8.8'], aaaa: ['2606:2800:220:1::1'] });
      assert.deepEqual(await lookup()('Both.Example.'), ['93.184.216.34', '8.8.8.8', '2606:2800:220:1::1']);
      names.answer('alias.example', { cname: 'real.example', a: ['8.8.8.8'] });
      assert.deepEqual(await lookup()('alias.example'), ['8.8.8.8']);
    });

    it('makes failures of names and name servers failures of the attempt, in time', async () => {
      names.answer('broken.example', 'SERVFAIL');
      const broken = await sendTo('broken.example');
      assert.deepEqual([broken.outcome, broken.error], ['network_error', 'the name servers failed']);
      names.answer('silent.example', 'silence');
      const silent = await sendTo('silent.example', [], 20_000, 200);
      assert.deepEqual([silent.outcome, silent.error], ['network_error', 'the name servers did not answer']);
      assert.ok(silent.durationMs < 15_000, `${silent.durationMs}`);
      const late = await sendTo('silent.example', [], 100);
      assert.equal(late.outcome, 'timeout');
      const unknown = await sendTo('no-such-name.invalid');
      assert.equal(unknown.outcome, 'network_error');
    });

    it('refuses a name with one private address among public ones, of either kind', async () => {
      names.answer('a-private.example', { a: ['127.0.0.1'], aaaa: ['2606:2800:220:1::1'] });
      names.answer('aaaa-private.example', { a: ['93.184.216.34'], aaaa: ['fd00::1'] });
      names.answer('mapped.example', { a: ['93.184.216.34'], aaaa: ['::ffff:7f00:1'] });
      names.answer('metadata.example', { a: ['169.254.169.254'] });
      for (const name of ['a-private.example', 'aaaa-private.example', 'mapped.example', 'metadata.example'])
        assert.equal((await sendTo(name)).outcome, 'refused_address', name);
    });

    it('refuses an alias of localhost, whatever it is called', async () => {
      names.answer('innocent.example', { cname: 'localhost', a: ['127.0.0.1'] });
      names.answer('127.0.0.1.nip.io', { a: ['127.0.0.1'] });
      for (const name of ['innocent.example', '127.0.0.1.nip.io', 'localhost', 'localhost.', 'x.localhost'])
        assert.equal((await sendTo(name)).outcome, 'refused_address', name);
      assert.equal(receiver.requests.length, 0);
    });

    it('asks anew at every attempt, and connects to what it was told then', async () => {
      names.answer('flips.example', [{ a: ['127.0.0.1'] }, { a: ['10.0.0.1'] }]);
      const allowed = ['127.0.0.0/8'];
      assert.equal((await sendTo('flips.example', allowed)).outcome, 'success');
      assert.equal(receiver.requests.length, 1);
      assert.equal((await sendTo('flips.example', allowed)).outcome, 'refused_address');
      assert.equal(names.asked.filter((name) => name === 'flips.example').length, 4, 'A and AAAA, once an attempt');
    });
  });
});
