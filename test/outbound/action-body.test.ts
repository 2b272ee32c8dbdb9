import assert from 'node:assert/strict';
import type { IncidentSnapshot } from '../../src/domain/incident/snapshot.ts';
import { actionBodyRoots, longestActionBody, renderActionBody } from '../../src/outbound/action-body.ts';
import { standard } from '../../src/outbound/standard.ts';
import { renderContext } from '../support/render-context.ts';
import { sampleSnapshot } from '../support/transition.ts';

const context = {
  deliveryId: '0199aaaa-0000-7000-8000-0000000000ff',
  attemptAt: '2026-04-16T14:23:01.000Z',
  publicUrl: 'https://tocsin.example.com',
};
const nasty = 'a "quoted" \\ back}\nsecond line\t"}, {{incident.id}} \u0001 é 🔥';

const snapshotNamed = (name: string) => {
  const sample = sampleSnapshot('action_run');
  return { ...sample, incident: { ...sample.incident, name }, check: null };
};
const payloadOf = (snapshot: IncidentSnapshot) =>
  standard.render('incident.action_run', snapshot, { ...renderContext, ...context });
const render = (body: unknown, contentType: string | null = null, name = nasty) =>
  renderActionBody(body, contentType, snapshotNamed(name), context);

describe('outbound/action-body', () => {
  it('lets templates begin with whatever the standard payload holds', () => {
    const { data } = payloadOf(sampleSnapshot('action_run')) as { data: object };
    assert.deepEqual([...actionBodyRoots, 'truncated'].sort(), Object.keys(data).sort());
  });

  for (const nothing of [null, undefined])
    it(`is the standard payload without a body (${nothing})`, () => {
      const { contentType, text } = render(nothing);
      assert.equal(contentType, 'application/json');
      assert.deepEqual(JSON.parse(text), payloadOf(snapshotNamed(nasty)));
    });

  it('fills every string of a JSON value and leaves names and everything else', () => {
    const body = {
      '{{incident.name}}': 1,
      text: '{{incident.name}}',
      list: ['#{{incident.number}}', null, true, 1.5, { deep: '{{team.name}}' }],
      missing: '[{{check.error}}]',
      braces: '{{"{{"}}',
    };
    const { contentType, text } = render(body);
    assert.equal(contentType, 'application/json');
    assert.deepEqual(JSON.parse(text), {
      '{{incident.name}}': 1,
      text: nasty,
      list: ['#1234', null, true, 1.5, { deep: 'Acme Corp' }],
      missing: '[]',
      braces: '{{',
    });
  });

  it('keeps a member named __proto__ what it is', () => {
    const { text } = render(JSON.parse('{"__proto__": {"a": "{{incident.number}}"}}'));
    assert.equal(text, '{"__proto__":{"a":"1234"}}');
  });

  it('escapes values between quotes in a text that is JSON', () => {
    const { contentType, text } = render('{"text": "Broken: {{incident.name}}!", "a\\"b": "\\\\{{incident.name}}"}');
    assert.equal(contentType, 'application/json');
    assert.deepEqual(JSON.parse(text), { text: `Broken: ${nasty}!`, 'a"b': `\\${nasty}` });
  });

  it('writes values elsewhere in such a text as JSON', () => {
    const { text } = render(
      ' {"n": {{incident.number}}, "t": {{incident.name}}, "c": {{check.error}}, "a": {{incident.assignees}}}',
    );
    assert.deepEqual(JSON.parse(text), {
      n: 1234,
      t: nasty,
      c: null,
      a: [{ type: 'team', id: '0199aaaa-0000-7000-8000-000000000007' }],
    });
  });

  it('puts values into any other text as they are', () => {
    const { contentType, text } = render('INC-{{incident.number}}: {{incident.name}}');
    assert.deepEqual([contentType, text], ['text/plain; charset=utf-8', `INC-1234: ${nasty}`]);
  });

  it('never takes a text for JSON because of a value', () => {
    assert.deepEqual(render('{{incident.name}}', null, '{"a": 1}'), {
      contentType: 'text/plain; charset=utf-8',
      text: '{"a": 1}',
    });
  });

  for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/Vnd.Api+JSON'])
    it(`escapes values for ${type}`, () => {
      const { contentType, text } = render('"{{incident.name}}"', type);
      assert.deepEqual([contentType, JSON.parse(text)], [type, nasty]);
    });

  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'multipart/x; a=/json'])
    it(`does not escape values for ${type}`, () => {
      assert.deepEqual(render('{"a": "{{incident.name}}"}', type), { contentType: type, text: `{"a": "${nasty}"}` });
    });

  it('refuses what is too large with its values', () => {
    const half = 'é'.repeat(longestActionBody / 4 - 20);
    for (const body of [half, [half]]) assert.ok(render(body));
    const name = 'n'.repeat(500);
    const tooLarge = { name: 'UnfitRequest', code: 'body_too_large' };
    const often = Array.from({ length: 50 }, () => '{{incident.name}}').join('');
    for (const body of [
      half.repeat(2) + 'é'.repeat(100),
      { a: half, b: half.repeat(2) },
      Array.from({ length: 600 }, () => '{{incident.name}}'),
      Array.from({ length: 12 }, () => often),
      `["${often}", "${'x'.repeat(longestActionBody - 20_000)}"]`,
    ])
      assert.throws(() => render(body, null, name), tooLarge);
    // It does not fill the rest first.
    const list = Array.from({ length: 600 }, () => '{{incident.name}}');
    Object.defineProperty(list, list.length, { get: () => assert.fail('read on') });
    assert.throws(() => render(list, null, name), tooLarge);
  });

  it('refuses what is no template', () => {
    const error = {
      name: 'UnfitRequest',
      code: 'invalid_template',
      message: /^the body is no template: character 4: /,
    };
    assert.throws(() => render('abc{{payload.a}}'), error);
    assert.throws(() => render([{ a: 'abc{{incident' }]), error);
  });
});
