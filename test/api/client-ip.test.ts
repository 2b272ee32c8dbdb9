import assert from 'node:assert/strict';
import { createClientIp } from '../../src/api/client-ip.ts';

describe('client ip', () => {
  const trusting = createClientIp(['10.0.0.0/8', '192.0.2.1', 'fd00::/8']);

  it('is the socket, as long as no trusted proxy stands there', () => {
    assert.equal(createClientIp([])('10.0.0.1', '1.2.3.4'), '10.0.0.1');
    assert.equal(trusting('203.0.113.7', '1.2.3.4'), '203.0.113.7');
    assert.equal(trusting('::ffff:203.0.113.7', '1.2.3.4'), '203.0.113.7');
  });

  it('is the right-most address that is no trusted proxy', () => {
    assert.equal(trusting('10.0.0.1', '6.6.6.6, 1.2.3.4, 10.9.9.9'), '1.2.3.4');
    assert.equal(trusting('::ffff:10.0.0.1', '1.2.3.4'), '1.2.3.4');
    assert.equal(trusting('192.0.2.1', '::ffff:1.2.3.4'), '1.2.3.4');
    assert.equal(trusting('fd00::1', '[2001:DB8::1]:443'), '2001:db8::1');
    assert.equal(trusting('10.0.0.1', '1.2.3.4:5678'), '1.2.3.4');
  });

  it('is the last proxy when the header says nothing readable', () => {
    for (const header of ['', 'unknown', '1.2.3.4, garbage', '127.1', '0x7f.1', '<script>', ', ,'])
      assert.equal(trusting('10.0.0.1', header), '10.0.0.1', header);
    assert.equal(trusting('10.0.0.1', '10.0.0.2, 10.0.0.3'), '10.0.0.2');
  });
});
