import assert from 'node:assert/strict';
import { exampleOf } from '../../src/api/example.ts';

describe('the example of a schema', () => {
  const named = { type: 'string', examples: ['Ada', 'Bob'] };
  const bare = { type: 'string' };
  const components = { Member: { type: 'object', properties: { name: named }, required: ['name'] } };
  const member = { $ref: '#/components/schemas/Member' };

  it('is its own, before anything else', () => {
    assert.equal(exampleOf(named, {}), 'Ada');
    assert.deepEqual(exampleOf({ ...components.Member, examples: [{ name: 'Eve' }] }, {}), { name: 'Eve' });
  });

  it('is put together from those of its parts', () => {
    const page = { type: 'object', properties: { members: { type: 'array', items: member } }, required: ['members'] };
    assert.deepEqual(exampleOf(page, components), { members: [{ name: 'Ada' }] });
    assert.deepEqual(exampleOf({ anyOf: [bare, member, { type: 'null' }] }, components), { name: 'Ada' });
    assert.equal(exampleOf({ enum: ['low', 'high'] }, {}), 'low');
    assert.equal(exampleOf({ const: 'ok' }, {}), 'ok');
  });

  it('leaves out what may be absent, and is missing when what has to be there is', () => {
    const properties = { name: named, note: bare };
    assert.deepEqual(exampleOf({ type: 'object', properties, required: ['name'] }, {}), { name: 'Ada' });
    assert.equal(exampleOf({ type: 'object', properties, required: ['name', 'note'] }, {}), undefined);
    assert.equal(exampleOf({ type: 'object', properties: { note: bare } }, {}), undefined);
    assert.deepEqual(exampleOf({ type: 'object', properties: {} }, {}), {});
    assert.equal(exampleOf({ type: 'array', items: bare }, {}), undefined);
  });
});
