import assert from 'node:assert/strict';
import { createRates } from '../../src/outbound/rates.ts';

describe('outbound/rates', () => {
  let at = 0;
  const start = () => {
    at = 1_000_000;
    return createRates(() => at);
  };

  it('leaves endpoints without a limit alone', () => {
    const rates = start();
    rates.took('a', null);
    assert.deepEqual(rates.lower({ a: 8 }), { a: 8 });
    assert.equal(rates.nextInMs(), null);
  });

  it('lowers what an endpoint may get to what its limit leaves, also for one that is not named', () => {
    const rates = start();
    for (let index = 0; index < 8; index += 1) rates.took('a', 100);
    rates.took('b', 1);
    assert.deepEqual(rates.lower({ a: 8, c: 8 }), { a: 3, b: 0, c: 8 });
    at += 20;
    assert.deepEqual(rates.lower({ a: 8, c: 8 }), { a: 5, b: 0, c: 8 });
  });

  it('says when the next may go to those that took all they were offered, and to no other', () => {
    const rates = start();
    rates.took('a', 1);
    rates.took('b', 2);
    assert.equal(rates.nextInMs(), 500);
    at += 500;
    assert.equal(rates.nextInMs(), 0, 'b was offered nothing since');
    assert.deepEqual(rates.lower({}), { a: 0 });
    assert.equal(rates.nextInMs(), 500);
    at += 500;
    assert.deepEqual(rates.lower({}), {});
    assert.equal(rates.nextInMs(), null, 'nothing more of theirs is due');
  });

  it('follows a limit that changes', () => {
    const rates = start();
    rates.took('a', 1_000);
    assert.deepEqual(rates.lower({ a: 8 }), { a: 8 });
    rates.took('a', 1);
    assert.deepEqual(rates.lower({ a: 8 }), { a: 0 });
    rates.took('a', null);
    assert.deepEqual(rates.lower({ a: 8 }), { a: 8 });
  });
});
