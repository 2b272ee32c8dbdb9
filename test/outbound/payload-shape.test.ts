import assert from 'node:assert/strict';
import { holdTo } from '../support/payload-shape.ts';

describe('support/payload-shape', () => {
  const sample = {
    id: 1,
    at: '2020-01-01T00:00:00Z',
    url: 'https://a.example',
    list: [{ a: 'x' }, { b: 2 }],
    gone: null,
  };
  const ours = { id: 2, at: '2021-01-01T00:00:00Z', url: 'https://b.example', list: [{ b: 3 }], gone: 'here', more: 1 };

  it('lets other values, further keys and what the sample leaves empty pass', () => {
    holdTo(sample, ours);
    holdTo({ name: 'text' }, { name: 'https://a.example' });
    holdTo({ list: [] }, { list: [1] });
  });

  for (const [what, changes, says] of [
    ['a missing key', { id: undefined }, /id: is missing/],
    ['null for a value', { id: null }, /id: is null, not number/],
    ['another type', { id: '1' }, /id: is text, not number/],
    ['a text for a time', { at: 'today' }, /at: is text, not a time/],
    ['a text for a URL', { url: '/a' }, /url: is text, not a URL/],
    ['an empty list', { list: [] }, /list: is empty/],
    ['an element like none of the sample', { list: [{ c: 1 }] }, /list\[\]\.a: is missing/],
    ['a key of which nothing is known', { gone: undefined }, /gone: is missing/],
  ] as const)
    it(`finds ${what}`, () => {
      assert.throws(() => holdTo(sample, { ...ours, ...changes }), says);
    });

  it('takes exceptions for a path and what is below it, and only where they are needed', () => {
    holdTo(sample, { ...ours, list: [{ c: 1 }], id: null }, { list: 'no lists', id: 'no ids' });
    assert.throws(() => holdTo(sample, ours, { id: 'no ids' }), /id: is listed as an exception and holds/);
    assert.throws(() => holdTo(sample, { ...ours, url: null }, { ur: 'another key' }), /url: is null/);
  });
});
