import assert from 'node:assert/strict';
import { v4 as uuid } from 'uuid';
import { createLinkTokens, type LinkGrant } from '../../src/stores/link-tokens.ts';
import { createSealer } from '../../src/stores/sealed.ts';

describe('stores/link-tokens', () => {
  const links = createLinkTokens(createSealer('a test key of thirty-two characters'));
  const now = new Date('2026-04-16T14:47:03.000Z');
  const grant: LinkGrant = {
    organisationId: uuid(),
    incidentId: uuid(),
    memberId: uuid(),
    purpose: 'acknowledge',
    expiresAt: new Date('2026-04-17T14:47:03.000Z'),
  };

  it('says again what it was made of, and fits a URL', () => {
    for (const purpose of ['acknowledge', 'resolve'] as const) {
      const token = links.make({ ...grant, purpose });
      assert.match(token, /^[\w-]{100,150}$/);
      assert.deepEqual(links.read(token, now), { ...grant, purpose });
    }
  });

  it('expires', () => {
    const token = links.make(grant);
    assert.equal(links.read(token, grant.expiresAt), 'expired');
    assert.deepEqual(links.read(token, new Date(grant.expiresAt.getTime() - 1)), grant);
  });

  it('is unknown with a single bit changed, cut, spelled otherwise, or made under another key', () => {
    const token = links.make(grant);
    const bytes = Buffer.from(token, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(links.read(changed.toString('base64url'), now), 'unknown', `bit ${bit}`);
    }
    for (const other of [token.slice(0, -1), `${token}A`, `${token}=`, ` ${token}`, '', 'x', '\u0000'])
      assert.equal(links.read(other, now), 'unknown', JSON.stringify(other));
    const elsewhere = createLinkTokens(createSealer('another key of thirty-two characters'));
    assert.equal(elsewhere.read(token, now), 'unknown');
  });
});
