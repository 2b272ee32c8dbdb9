import assert from 'node:assert/strict';
import { genericJson } from '../../src/inbound/generic-json.ts';

describe('generic JSON', () => {
  it('makes one occurrence of each event, whatever the value', () => {
    for (const payload of [{ a: 1 }, [1, 2], 'text', 0, false, null])
      assert.deepEqual(genericJson.read(payload), [
        { action: 'trigger', alert: payload, dedupKey: null, labels: {}, opening: null },
      ]);
  });
});
