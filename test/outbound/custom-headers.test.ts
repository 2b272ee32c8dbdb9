import assert from 'node:assert/strict';
import { isReservedHeader, isSendableHeader } from '../../src/outbound/custom-headers.ts';

describe('outbound/custom-headers', () => {
  it('reserves what frames the message and what we set', () => {
    for (const name of ['Content-Length', 'host', 'TRANSFER-ENCODING', 'Webhook-Id', 'Tocsin-Hops', 'Expect'])
      assert.equal(isReservedHeader(name), true, name);
    for (const name of ['Authorization', 'Content-Type', 'User-Agent', 'X-Webhook-Id', ''])
      assert.equal(isReservedHeader(name), false, name);
  });

  it('refuses what would end a header or begin another', () => {
    assert.equal(isSendableHeader('X-Token', 'a b; c="d" é'), true);
    for (const value of ['a\r\nX-Other: b', 'a\nb', 'a\0', '🔥'])
      assert.equal(isSendableHeader('X-Token', value), false);
    for (const name of ['', 'a b', 'a:b', 'a\r\n', 'é']) assert.equal(isSendableHeader(name, 'a'), false, name);
  });
});
