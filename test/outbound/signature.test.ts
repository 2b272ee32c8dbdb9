import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { createSigningSecret, signatureHeaders } from '../../src/outbound/signature.ts';

describe('outbound/signature', () => {
  const timestamp = () => Math.floor(Date.now() / 1_000);

  it('makes secrets of 32 random bytes', () => {
    const [one, two] = [createSigningSecret(), createSigningSecret()];
    assert.match(one, /^whsec_/);
    assert.equal(Buffer.from(one.slice(6), 'base64').length, 32);
    assert.notEqual(one, two);
  });

  it('is verified by the public Standard Webhooks package, whatever the body', () => {
    const secret = createSigningSecret();
    fc.assert(
      fc.property(fc.json(), fc.uuid(), (body, id) => {
        new Webhook(secret).verify(body, signatureHeaders({ id, timestamp: timestamp(), body }, [secret]));
      }),
    );
  });

  it('is refused when body, id, time or secret differ', () => {
    const secret = createSigningSecret();
    const headers = signatureHeaders({ id: 'a', timestamp: timestamp(), body: '{"a":1}' }, [secret]);
    const webhook = new Webhook(secret);
    assert.throws(() => webhook.verify('{"a":2}', headers));
    assert.throws(() => webhook.verify('{"a":1}', { ...headers, 'webhook-id': 'b' }));
    assert.throws(() => webhook.verify('{"a":1}', { ...headers, 'webhook-timestamp': String(timestamp() - 1) }));
    assert.throws(() => new Webhook(createSigningSecret()).verify('{"a":1}', headers));
  });

  it('signs with every secret while one is being replaced', () => {
    const secrets = [createSigningSecret(), createSigningSecret()];
    const headers = signatureHeaders({ id: 'a', timestamp: timestamp(), body: '{}' }, secrets);
    assert.match(headers['webhook-signature']!, /^v1,\S+ v1,\S+$/);
    for (const secret of secrets) new Webhook(secret).verify('{}', headers);
  });

  it('refuses secrets that protect nothing', () => {
    for (const secret of ['', 'whsec_', 'whsec_QQ==', 'not a secret'])
      assert.throws(() => signatureHeaders({ id: 'a', timestamp: 1, body: '{}' }, [secret]), /signing secret/);
  });
});
