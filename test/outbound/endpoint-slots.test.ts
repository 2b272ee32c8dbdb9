import assert from 'node:assert/strict';
import { createEndpointSlots } from '../../src/outbound/endpoint-slots.ts';

describe('outbound/endpoint-slots', () => {
  it('gives a newcomer one attempt at a time, and several once it has answered promptly', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 3 });
    assert.deepEqual(slots.offer(), { limit: 10, allowances: {}, newcomerLimit: 5 });
    slots.begin(['a']);
    assert.deepEqual(slots.offer(), { limit: 9, allowances: { a: 0 }, newcomerLimit: 4 });
    slots.end('a', 20);
    assert.deepEqual(slots.offer(), { limit: 10, allowances: { a: 3 }, newcomerLimit: 5 });
    slots.begin(['a']);
    assert.deepEqual(slots.offer(), { limit: 9, allowances: { a: 2 }, newcomerLimit: 5 });
  });

  it('takes the trust back from one that dawdles', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 3 });
    slots.begin(['a']);
    slots.end('a', 20);
    slots.begin(['a']);
    slots.end('a', 10_000);
    assert.deepEqual(slots.offer().allowances, {});
  });

  it('keeps half of the slots from endpoints that hang', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 3 });
    slots.begin(['good']);
    slots.end('good', 20);
    for (const id of ['d1', 'd2', 'd3', 'd4', 'd5']) slots.begin([id]);
    assert.deepEqual(slots.offer(), {
      limit: 5,
      allowances: { d1: 0, d2: 0, d3: 0, d4: 0, d5: 0, good: 3 },
      newcomerLimit: 0,
    });
  });

  it('says when something due may have been left out', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 4 });
    const take = (...ids: string[]) => {
      slots.offer();
      slots.begin(ids);
    };
    take('a');
    assert.equal(slots.end('a', 20), true, 'a newcomer may have more waiting');
    take('a');
    assert.equal(slots.end('a', 20), false, 'it could have had four and had one');
    take('a', 'a', 'a', 'a');
    for (let index = 0; index < 3; index += 1) assert.equal(slots.end('a', 20), true, 'it had all it may have');
    take('a', 'a');
    assert.equal(slots.end('a', 20), false);

    const [first, ...others] = Array.from({ length: 10 }, (_, index) => `e${index}`);
    const full = createEndpointSlots({ total: 10, perEndpoint: 4 });
    for (const id of [first!, ...others]) {
      full.offer();
      full.begin([id]);
      full.end(id, 20);
    }
    full.offer();
    full.begin([first!, ...others]);
    assert.equal(full.end(first!, 20), true, 'no slot was left for anybody');
  });

  it('forgets the longest silent of very many', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 2 });
    for (let index = 0; index < 1_001; index += 1) {
      slots.begin([`e${index}`]);
      slots.end(`e${index}`, 20);
    }
    const { allowances } = slots.offer();
    assert.equal(Object.keys(allowances).length, 1_000);
    assert.equal('e0' in allowances, false);
  });
});
