import assert from 'node:assert/strict';
import { createSealer } from '../../src/stores/sealed.ts';

describe('stores/sealed', () => {
  const sealer = createSealer('a test key of thirty-two characters');

  it('opens what it sealed, also in another process with the same key', () => {
    for (const plain of ['', 'whsec_abc', 'Grüße 🔔', 'x'.repeat(10_000)]) {
      const sealed = sealer.seal(plain, 'row-1');
      assert.equal(sealer.open(sealed, 'row-1'), plain);
      assert.equal(createSealer('a test key of thirty-two characters').open(sealed, 'row-1'), plain);
    }
  });

  it('shows nothing of the value and never the same bytes twice', () => {
    const [one, two] = [sealer.seal('whsec_abc', 'row-1'), sealer.seal('whsec_abc', 'row-1')];
    assert.notDeepEqual(one, two);
    assert.equal(one.includes('whsec_abc'), false);
  });

  it('does not open with another key, for another row, or with any bit changed', () => {
    const sealed = sealer.seal('whsec_abc', 'row-1');
    assert.throws(() => createSealer('another key of thirty-two characters').open(sealed, 'row-1'), /does not open/);
    assert.throws(() => sealer.open(sealed, 'row-2'), /does not open/);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index]! ^= 1;
      assert.throws(() => sealer.open(changed, 'row-1'), `byte ${index}`);
    }
    for (const length of [0, 1, 28]) assert.throws(() => sealer.open(sealed.subarray(0, length), 'row-1'));
  });

  it('digests the same text alike, under the same key alone', () => {
    const one = createSealer('a test key of thirty-two characters');
    const digest = one.digest('hunter2').toString('hex');
    assert.equal(createSealer('a test key of thirty-two characters').digest('hunter2').toString('hex'), digest);
    assert.equal(digest.length, 64);
    assert.notEqual(one.digest('hunter3').toString('hex'), digest);
    assert.notEqual(createSealer('another key of thirty-two characters').digest('hunter2').toString('hex'), digest);
  });
});
