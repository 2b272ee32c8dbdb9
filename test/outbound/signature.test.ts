import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import {
  createSigningSecret,
  pagerDutyHeaders,
  signatureHeaders,
  signingSecretProblem,
} from '../../src/outbound/signature.ts';
import { verifyPagerDuty } from '../support/pagerduty-verifier.ts';

describe('outbound/signature', () => {
  const timestamp = () => Math.floor(Date.now() / 1_000);
  const text = 'ciy3kHvSiGn9NWqcS2bqHA_own';

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
    const secrets = [createSigningSecret(), createSigningSecret(), createSigningSecret()];
    const headers = signatureHeaders({ id: 'a', timestamp: timestamp(), body: '{}' }, secrets);
    assert.match(headers['webhook-signature']!, /^v1,\S+ v1,\S+ v1,\S+$/);
    for (const secret of secrets) new Webhook(secret).verify('{}', headers);
  });

  it('takes a text that is no whsec_ as the key itself, which the public package calls raw', () => {
    const headers = signatureHeaders({ id: 'a', timestamp: timestamp(), body: '{}' }, [text]);
    new Webhook(text, { format: 'raw' }).verify('{}', headers);
  });

  it('refuses secrets that protect nothing', () => {
    for (const secret of ['', 'whsec_', 'whsec_QQ==', 'not a secret', 'whsec_neither base64 nor anything else'])
      assert.throws(() => signatureHeaders({ id: 'a', timestamp: 1, body: '{}' }, [secret]), /signing secret/);
  });

  it("is verified as PagerDuty's documentation says, whatever the body and the secret", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.uuid(),
        fc.constantFrom(text, createSigningSecret()),
        (body, id, secret) => {
          const headers = pagerDutyHeaders({ id, timestamp: 1, body }, 'the-subscription', [secret]);
          assert.ok(verifyPagerDuty(secret, Buffer.from(body), headers));
          assert.ok(!verifyPagerDuty(`${secret}x`, Buffer.from(body), headers));
          assert.ok(!verifyPagerDuty(secret, Buffer.from(`${body} `), headers));
          assert.deepEqual([headers['x-webhook-id'], headers['x-webhook-subscription']], [id, 'the-subscription']);
        },
      ),
    );
  });

  it('signs with every secret as PagerDuty does too: the time of the attempt changes nothing', () => {
    const secrets = [createSigningSecret(), text, createSigningSecret()];
    const headers = pagerDutyHeaders({ id: 'a', timestamp: 1, body: '{}' }, 's', secrets);
    assert.match(headers['x-pagerduty-signature']!, /^v1=[0-9a-f]{64},v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/);
    for (const secret of secrets) assert.ok(verifyPagerDuty(secret, Buffer.from('{}'), headers));
    assert.deepEqual(pagerDutyHeaders({ id: 'a', timestamp: 2, body: '{}' }, 's', secrets), headers);
  });

  it('takes from subscribers what their receivers can use, and nothing weak', () => {
    const bytes = (count: number) => `whsec_${Buffer.alloc(count, 7).toString('base64')}`;
    for (const signature of ['standard', 'pagerduty'] as const) {
      for (const secret of [bytes(24), bytes(64)]) assert.equal(signingSecretProblem(secret, signature), null);
      for (const secret of ['', 'x', bytes(1), bytes(23), bytes(65), `${bytes(24)} `, bytes(25).replaceAll('=', '')])
        assert.ok(signingSecretProblem(secret, signature), `${signature} ${secret}`);
    }
    assert.ok(signingSecretProblem(text, 'standard'));
    assert.equal(signingSecretProblem('x'.repeat(24), 'pagerduty'), null);
    assert.ok(signingSecretProblem('x'.repeat(256), 'pagerduty'));
  });
});
