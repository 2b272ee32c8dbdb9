import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sources } from '../../src/inbound/index.ts';
import { defaultIncidentKey, incidentKeyOf } from '../../src/inbound/source.ts';

for (const source of sources)
  describe(`inbound ${source.name}`, () => {
    it('reads any JSON value without failing, and gives keys that can be stored', () => {
      fc.assert(
        fc.property(fc.jsonValue(), (payload) => {
          for (const occurrence of source.read(payload)) {
            const key = incidentKeyOf(occurrence);
            assert.ok(key.length >= 1 && key.length <= 255);
            assert.doesNotMatch(key, /[\0\p{Surrogate}]/u);
            assert.ok('alert' in occurrence);
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

  it('fall back on one key per ruleset', () => {
    assert.equal(incidentKeyOf({ alert: {}, dedupKey: null }), defaultIncidentKey);
    assert.equal(incidentKeyOf({ alert: {}, dedupKey: 'disk' }), 'disk');
  });
});
