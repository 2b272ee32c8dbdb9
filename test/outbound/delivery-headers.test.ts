import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { deliveryHeaders, type DeliveryTerms } from '../../src/outbound/delivery-headers.ts';
import { dialects } from '../../src/outbound/index.ts';
import { createSigningSecret } from '../../src/outbound/signature.ts';
import { verifyPagerDuty } from '../support/pagerduty-verifier.ts';

describe('outbound/delivery-headers', () => {
  const message = { id: 'the-delivery', timestamp: 0, body: '{"a":1}' };
  // Verifiers refuse what is old, and this file may have been loaded long ago.
  beforeEach(() => void (message.timestamp = Math.floor(Date.now() / 1_000)));
  const secrets = [createSigningSecret(), createSigningSecret()];
  const terms = (changes: Partial<DeliveryTerms> = {}): DeliveryTerms => ({
    ...{ dialect: dialects.standard!, subscriptionId: 'the-subscription', secrets, custom: {} },
    ...changes,
  });

  for (const dialect of Object.values(dialects))
    it(`sign every request of ${dialect.name} with every secret`, () => {
      const headers = deliveryHeaders(message, terms({ dialect }));
      for (const secret of secrets) new Webhook(secret).verify(message.body, headers);
      for (const secret of secrets)
        assert.equal(
          verifyPagerDuty(secret, Buffer.from(message.body), headers),
          dialect.signature === 'pagerduty',
          'only the dialects of PagerDuty bear its signature',
        );
      assert.equal(headers['user-agent'], dialect.userAgent);
      const own = { 'x-webhook-id': 'the-delivery', 'x-webhook-subscription': 'the-subscription' };
      for (const [name, value] of Object.entries(own))
        assert.equal(headers[name], dialect.signature === 'pagerduty' ? value : undefined);
    });

  it('bear the signature of PagerDuty in V3', () => {
    assert.equal(dialects['pagerduty.v3']!.signature, 'pagerduty');
    assert.equal(dialects['pagerduty.v3']!.userAgent, 'PagerDuty-Webhook/V3.0');
  });

  it("bear the subscriber's own headers, none of which replaces ours", () => {
    const ours = deliveryHeaders(message, terms({ dialect: dialects['pagerduty.v3']! }));
    const forged = Object.fromEntries(
      [...Object.keys(ours), 'Content-Length', 'Host', 'Tocsin-Hops'].map((name) => [name.toUpperCase(), 'forged']),
    );
    const custom = { Authorization: 'Bearer t', 'X-Empty': '', ...forged };
    const headers = deliveryHeaders(message, terms({ dialect: dialects['pagerduty.v3']!, custom }));
    assert.deepEqual(headers, { ...ours, authorization: 'Bearer t', 'x-empty': '' });
  });

  it('are not sent at all rather than broken, and do not tell a value', () => {
    const custom = { 'X-Token': 's3cr3t\r\nX-Other: b' };
    assert.throws(
      () => deliveryHeaders(message, terms({ custom })),
      (error: Error) => /X-Token cannot be sent/.test(error.message) && !error.message.includes('s3cr3t'),
    );
    assert.throws(() => deliveryHeaders(message, terms({ secrets: ['short'] })), /signing secret/);
  });
});
