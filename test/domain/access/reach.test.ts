import assert from 'node:assert/strict';
import { permissionsBeyond, type Reach, refusalToGive } from '../../../src/domain/access/reach.ts';

describe('what one key may give to another', () => {
  const own: Reach = { permissions: ['view_data', 'manage_keys'], memberId: null, expiresAt: null };
  const all: Reach = { ...own, permissions: ['view_data', 'view_private_incidents', 'manage_keys'] };

  it('is its permissions or some of them, and no other', () => {
    assert.equal(refusalToGive(own, own), undefined);
    assert.equal(refusalToGive(own, { ...own, permissions: ['view_data'] }), undefined);
    const beyond: Reach = { ...own, permissions: ['edit_incidents', 'view_data', 'manage_settings'] };
    assert.deepEqual(permissionsBeyond(own, beyond), ['edit_incidents', 'manage_settings']);
    assert.match(refusalToGive(own, beyond)!, /edit_incidents, manage_settings/);
    assert.doesNotMatch(refusalToGive(own, beyond)!, /view_data/);
  });

  it('is the member as whom it acts itself, or any where it sees all private incidents', () => {
    const asMember = { ...own, memberId: 'm1' };
    assert.equal(refusalToGive(asMember, asMember), undefined);
    assert.equal(refusalToGive(asMember, own), undefined, 'less than it has');
    assert.match(refusalToGive(own, asMember)!, /view_private_incidents/);
    assert.match(refusalToGive(asMember, { ...own, memberId: 'm2' })!, /view_private_incidents/);
    assert.equal(refusalToGive(all, asMember), undefined);
  });

  it('ends no later than itself', () => {
    const until = { ...own, expiresAt: '2026-03-01T00:00:00.000Z' };
    assert.equal(refusalToGive(own, until), undefined);
    assert.equal(refusalToGive(until, until), undefined);
    assert.equal(refusalToGive(until, { ...own, expiresAt: '2026-02-28T23:59:59.999Z' }), undefined);
    for (const expiresAt of ['2026-03-01T00:00:00.001Z', null])
      assert.match(refusalToGive(until, { ...own, expiresAt })!, /outlive/);
  });
});
