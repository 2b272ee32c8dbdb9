import assert from 'node:assert/strict';
import { type Begun, createEndpointSlots } from '../../src/outbound/endpoint-slots.ts';

/** An attempt of an endpoint. */
const of = (endpointId: string, organisationId?: string): Begun => ({
  endpointId,
  ...(organisationId === undefined ? {} : { organisationId }),
});

describe('outbound/endpoint-slots', () => {
  it('gives a newcomer one attempt at a time, and several once it has answered promptly', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 3 });
    assert.deepEqual(slots.offer(), { limit: 10, allowances: {}, newcomerLimit: 5, held: {} });
    slots.begin([of('a')]);
    assert.deepEqual(slots.offer(), { limit: 9, allowances: { a: 0 }, newcomerLimit: 4, held: {} });
    slots.end(of('a'), 20);
    assert.deepEqual(slots.offer(), { limit: 10, allowances: { a: 3 }, newcomerLimit: 5, held: {} });
    slots.begin([of('a')]);
    assert.deepEqual(slots.offer(), { limit: 9, allowances: { a: 2 }, newcomerLimit: 5, held: {} });
  });

  it('takes the trust back from one that dawdles', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 3 });
    slots.begin([of('a')]);
    slots.end(of('a'), 20);
    slots.begin([of('a')]);
    slots.end(of('a'), 10_000);
    assert.deepEqual(slots.offer().allowances, {});
  });

  it('keeps half of the slots from endpoints that hang', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 3 });
    slots.begin([of('good')]);
    slots.end(of('good'), 20);
    for (const id of ['d1', 'd2', 'd3', 'd4', 'd5']) slots.begin([of(id)]);
    assert.deepEqual(slots.offer(), {
      limit: 5,
      allowances: { d1: 0, d2: 0, d3: 0, d4: 0, d5: 0, good: 3 },
      newcomerLimit: 0,
      held: {},
    });
  });

  it('says when something due may have been left out', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 4 });
    const take = (...ids: string[]) => {
      slots.offer();
      slots.begin(ids.map((id) => of(id)));
    };
    take('a');
    assert.equal(slots.end(of('a'), 20), true, 'a newcomer may have more waiting');
    take('a');
    assert.equal(slots.end(of('a'), 20), false, 'it could have had four and had one');
    take('a', 'a', 'a', 'a');
    for (let index = 0; index < 3; index += 1) assert.equal(slots.end(of('a'), 20), true, 'it had all it may have');
    take('a', 'a');
    assert.equal(slots.end(of('a'), 20), false);

    const [first, ...others] = Array.from({ length: 10 }, (_, index) => `e${index}`);
    const full = createEndpointSlots({ total: 10, perEndpoint: 4 });
    for (const id of [first!, ...others]) {
      full.offer();
      full.begin([of(id)]);
      full.end(of(id), 20);
    }
    full.offer();
    full.begin([first!, ...others].map((id) => of(id)));
    assert.equal(full.end(of(first!), 20), true, 'no slot was left for anybody');
  });

  it('forgets the longest silent of very many', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 2 });
    for (let index = 0; index < 1_001; index += 1) {
      slots.begin([of(`e${index}`)]);
      slots.end(of(`e${index}`), 20);
    }
    const { allowances } = slots.offer();
    assert.equal(Object.keys(allowances).length, 1_000);
    assert.equal('e0' in allowances, false);
  });

  it('counts what is held by each organisation, in all and without trust', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 3 });
    slots.begin([of('a', 'one'), of('b', 'one'), of('c', 'other'), of('mail')]);
    assert.deepEqual(slots.offer().held, { one: [2, 2], other: [1, 1] });
    slots.end(of('a', 'one'), 20);
    slots.begin([of('a', 'one'), of('a', 'one')]);
    assert.deepEqual(slots.offer().held, { one: [3, 1], other: [1, 1] });
    slots.end(of('c', 'other'), 20);
    slots.end(of('b', 'one'), 10_000);
    assert.deepEqual(slots.offer().held, { one: [2, 0] });
  });

  it('charges what hangs after it was trusted to the half of those that answer', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 3 });
    slots.begin([of('a')]);
    slots.end(of('a'), 20);
    slots.begin([of('a'), of('a'), of('a')]);
    slots.end(of('a'), 10_000);
    assert.deepEqual(slots.offer(), { limit: 8, allowances: { a: 0 }, newcomerLimit: 5, held: {} });
  });

  it('rings at every end while something was left out for want of a share', () => {
    const slots = createEndpointSlots({ total: 10, perEndpoint: 3 });
    slots.begin([of('a')]);
    slots.end(of('a'), 20);
    slots.offer();
    slots.begin([of('a')], true);
    assert.equal(slots.end(of('a'), 20), true);
    slots.offer();
    slots.begin([of('a')]);
    assert.equal(slots.end(of('a'), 20), false);
  });
});
