import assert from 'node:assert/strict';
import { createCircuits } from '../../src/outbound/circuits.ts';

describe('outbound/circuits', () => {
  let at = 0;
  const start = () => {
    at = 1_000_000;
    return createCircuits(() => at);
  };
  const failed = { succeeded: false, isProbe: false, pauseMs: 0 };
  const open = (circuits: ReturnType<typeof start>, id: string) =>
    Array.from({ length: 10 }, () => circuits.ended(id, failed));

  it('opens for one endpoint, and for no other', () => {
    const circuits = start();
    assert.deepEqual(open(circuits, 'a'), [0, 0, 0, 0, 0, 0, 0, 0, 0, 30_000]);
    assert.equal(circuits.isOpen('a'), true);
    assert.equal(circuits.isOpen('b'), false);
    at += 30_000;
    assert.equal(circuits.isOpen('a'), false);
  });

  it('does not listen to attempts from before it opened', () => {
    const circuits = start();
    open(circuits, 'a');
    for (let index = 0; index < 20; index += 1) assert.equal(circuits.ended('a', failed), 0);
    assert.equal(circuits.ended('a', { ...failed, succeeded: true }), 0);
    assert.equal(circuits.isOpen('a'), true);
  });

  it('opens again by a probe that fails, and closes by one that succeeds', () => {
    const circuits = start();
    open(circuits, 'a');
    at += 30_000;
    assert.equal(circuits.ended('a', { ...failed, isProbe: true }), 30_000);
    at += 30_000;
    assert.equal(circuits.ended('a', { ...failed, succeeded: true, isProbe: true }), 0);
    assert.equal(circuits.isOpen('a'), false);
    assert.equal(circuits.ended('a', failed), 0);
  });

  it('yields to whoever takes: an endpoint that was enabled anew starts over', () => {
    const circuits = start();
    circuits.ended('a', { ...failed, pauseMs: 3_600_000 });
    circuits.began('a', at);
    assert.equal(circuits.isOpen('a'), true, 'whoever took it could not know of the pause');
    const lookedAt = (at += 10);
    at += 10;
    circuits.stored('a');
    circuits.began('a', lookedAt);
    assert.equal(circuits.isOpen('a'), true);
    circuits.began('a', at);
    assert.equal(circuits.isOpen('a'), false);
  });

  it('stays open for as long as the endpoint asks, also beyond what it would by itself', () => {
    const circuits = start();
    assert.equal(circuits.ended('a', { ...failed, pauseMs: 90_000 }), 90_000);
    at += 89_999;
    assert.equal(circuits.isOpen('a'), true);
    at += 1;
    assert.equal(circuits.isOpen('a'), false);
    assert.equal(circuits.ended('a', { succeeded: false, isProbe: true, pauseMs: 5_000 }), 30_000);
  });
});
