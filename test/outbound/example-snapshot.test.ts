import assert from 'node:assert/strict';
import { exampleOf } from '../../src/outbound/example-snapshot.ts';
import { dialects } from '../../src/outbound/index.ts';
import { exampleSetting } from '../support/example.ts';
import { renderContext } from '../support/render-context.ts';

describe('outbound/example-snapshot', () => {
  const examplesOf = (setting = exampleSetting) =>
    Object.values(dialects).flatMap((dialect) =>
      [...Object.keys(dialect.events), dialect.ping].map((event) => {
        const { snapshot, item } = exampleOf(dialect, event, setting);
        return { dialect, event, snapshot, item };
      }),
    );

  it('is the same for the same organisation, team and moment', () => {
    assert.deepEqual(examplesOf(), examplesOf({ ...exampleSetting }));
  });

  it('has ids that no row has, and others at another moment or for somebody else', () => {
    const { organisation, team } = exampleSetting;
    const own = [organisation.id, team.id];
    const idsOf = (setting: typeof exampleSetting) => {
      const found = JSON.stringify(examplesOf(setting)).match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];
      return new Set(found.filter((id) => !own.includes(id)));
    };
    const ids = idsOf(exampleSetting);
    assert.ok(ids.size >= 10);
    // We make those of version 7, and Postgres of version 4.
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    const elsewhere = { ...exampleSetting, organisation: { id: renderContext.deliveryId, name: 'Other' } };
    own.push(elsewhere.organisation.id);
    for (const other of [{ ...exampleSetting, now: '2026-04-16T14:47:01.000Z' }, elsewhere])
      for (const id of idsOf(other)) assert.ok(!ids.has(id));
  });

  it('says of itself that it is an example, whatever the dialect', () => {
    for (const { dialect, event, snapshot, item } of examplesOf()) {
      const body = JSON.stringify(dialect.render(event, snapshot, { ...renderContext, item }));
      // Of private incidents incident.io tells nothing but an id.
      if (!event.startsWith('private_')) assert.match(body, /"Example: |\] Example: /, `${dialect.name} ${event}`);
      for (const [address] of body.matchAll(/[\w.+-]+@[\w.-]+/g)) assert.match(address, /@example\.com$/);
    }
  });

  it('tells of the organisation and team it is for', () => {
    for (const { snapshot } of examplesOf()) {
      assert.deepEqual(snapshot.organisation, exampleSetting.organisation);
      if (snapshot.kind === undefined || snapshot.kind === 'service')
        assert.deepEqual(snapshot.team, exampleSetting.team);
    }
  });

  it('throws for an event that the dialect does not have', () => {
    for (const event of ['constructor', '__proto__', 'incident.exploded', ''])
      assert.throws(() => exampleOf(dialects['standard']!, event, exampleSetting), /has no event/);
  });
});
