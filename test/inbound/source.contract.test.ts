import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sources } from '../../src/inbound/index.ts';

for (const source of sources)
  describe(`inbound ${source.name}`, () => {
    it('reads any JSON value without failing, and gives keys that can be stored', () => {
      fc.assert(
        fc.property(fc.jsonValue(), (payload) => {
          for (const { alert, dedupKey, labels } of source.read(payload)) {
            assert.ok(alert !== undefined);
            assert.ok(dedupKey === null || (dedupKey.length >= 1 && dedupKey.length <= 255));
            for (const text of [dedupKey ?? '', ...Object.entries(labels).flat()])
              assert.doesNotMatch(text, /[\0\p{Surrogate}]/u);
          }
        }),
      );
    });

    it('answers the same for the same payload, and leaves it alone', () => {
      fc.assert(
        fc.property(fc.jsonValue(), (payload) => {
          const before = JSON.stringify(payload);
          assert.deepEqual(source.read(payload), source.read(payload));
          assert.equal(JSON.stringify(payload), before);
        }),
      );
    });

    it('has a name that sorts and prints well', () => assert.match(source.name, /^[a-z][a-z0-9-]*$/));
  });

describe('inbound sources', () => {
  it('have names of their own', () => {
    assert.equal(new Set(sources.map(({ name }) => name)).size, sources.length);
  });
});
