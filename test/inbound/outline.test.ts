import assert from 'node:assert/strict';
import { LosslessNumber } from 'lossless-json';
import { outline } from '../../src/inbound/outline.ts';

const outlineOf = (members: Record<string, unknown>) => outline(Object.entries(members));

describe('outline', () => {
  it('lists members, with lists in it', () => {
    const members = {
      a: 'x',
      b: { c: 1.5, d: [true, { e: new LosslessNumber('12345678901234567890') }] },
      f: ' y\nz ',
    };
    assert.equal(
      outlineOf(members),
      '- a: x\n- b:\n  - c: 1.5\n  - d:\n    - 1: true\n    - 2:\n      - e: 12345678901234567890\n- f: y\n  z',
    );
  });

  it('leaves out what is blank', () => {
    assert.equal(outlineOf({ a: null, b: '', c: ' \n', d: {}, e: [[{ f: null }]] }), null);
    assert.equal(outlineOf({ a: {}, b: 0, c: false }), '- b: 0\n- c: false');
  });

  it('keeps names on their line, and shows what is deep as JSON', () => {
    assert.equal(outlineOf({ 'a\nb': 1 }), '- a b: 1');
    const deep = { a: { b: { c: { d: { e: { f: [1] } } } } } };
    assert.match(outlineOf(deep)!, /\n {10}- f: \[1\]$/);
  });

  it('ends where a description would be cut', () => {
    const endless = function* (): Generator<[string, unknown]> {
      for (;;) yield ['name', 'value'];
    };
    const { length } = outline(endless())!;
    assert.ok(length >= 15_000 && length < 15_100, `${length}`);
  });
});
