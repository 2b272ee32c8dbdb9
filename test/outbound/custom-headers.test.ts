import assert from 'node:assert/strict';
import { isReservedDeliveryHeader, isReservedHeader, isSendableHeader } from '../../src/outbound/custom-headers.ts';

describe('outbound/custom-headers', () => {
  const framing = ['Content-Length', 'host', 'TRANSFER-ENCODING', 'Webhook-Id', 'Tocsin-Hops', 'Expect', 'trailer'];

  it('reserves what frames the message and what we set', () => {
    for (const name of framing) assert.equal(isReservedHeader(name), true, name);
    for (const name of ['Authorization', 'Content-Type', 'User-Agent', 'X-Webhook-Id', ''])
      assert.equal(isReservedHeader(name), false, name);
  });

  it('reserves for deliveries what signs them and what their dialect says as well', () => {
    const signing = ['webhook-signature', 'Svix-Id', 'x-svix-anything', 'X-PagerDuty-Signature', 'X-Webhook-Id'];
    const spoken = ['X-Webhook-Subscription', 'Content-Type', 'User-Agent', 'Accept-Encoding', 'Proxy-Anything'];
    for (const name of [...framing, ...signing, ...spoken, 'X-Amz-Date', 'x-goog-iap'])
      assert.equal(isReservedDeliveryHeader(name), true, name);
    for (const name of ['Authorization', 'X-Api-Key', 'X-Webhook', 'Accept', 'Cookie', 'constructor'])
      assert.equal(isReservedDeliveryHeader(name), false, name);
  });

  it('refuses what would end a header or begin another', () => {
    assert.equal(isSendableHeader('X-Token', 'a b; c="d" é'), true);
    for (const value of ['a\r\nX-Other: b', 'a\nb', 'a\0', '🔥'])
      assert.equal(isSendableHeader('X-Token', value), false);
    for (const name of ['', 'a b', 'a:b', 'a\r\n', 'é']) assert.equal(isSendableHeader(name, 'a'), false, name);
  });
});
