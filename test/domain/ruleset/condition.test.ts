import assert from 'node:assert/strict';
import { missing } from '../../../src/domain/json/path.ts';
import { compileRuleset } from '../../../src/domain/ruleset/compile-ruleset.ts';
import { conditionTypes } from '../../../src/domain/ruleset/condition.ts';
import { decide, runThrough } from '../../../src/domain/ruleset/evaluate.ts';
import { operators } from '../../../src/domain/ruleset/operators.ts';
import { rulesetDraft } from '../../support/ruleset-draft.ts';
import { subjectOf } from '../../support/subject.ts';

const teamId = 'c03b02ec-244f-4d2c-8f68-3910071ed5c8';

function errorOf(type: string, key: string): string | null {
  const compiled = conditionTypes.get(type)!.compileKey(key);
  return 'error' in compiled ? compiled.error : null;
}

function found(type: string, key: string, subject: ReturnType<typeof subjectOf>): unknown {
  const compiled = conditionTypes.get(type)!.compileKey(key);
  assert.ok('read' in compiled, key);
  return compiled.read(subject);
}

function holds(type: string, key: string, operator: string, values: string[], given: Parameters<typeof subjectOf>[1]) {
  const ruleset = compileRuleset(rulesetDraft({ teamId, conditions: [{ type, key, operator, values }] }));
  return runThrough(decide(ruleset, subjectOf({}, given))) === 'holds';
}

describe('a json-check', () => {
  it('finds a value, and nothing where a path leads nowhere', () => {
    const subject = subjectOf({ a: null, 'b.c': { 'd"]': [1, 2] }, e: 'text', f: [] });
    assert.equal(found('json-check', 'a', subject), null);
    assert.equal(found('json-check', '["b.c"]["d\\"]"][1]', subject), 2);
    for (const key of [
      'a.b',
      'a[0]',
      'e[0]',
      'e.length',
      'f[0]',
      'f[1000000000]',
      'f.length',
      'constructor',
      '__proto__.x',
      'g',
    ])
      assert.equal(found('json-check', key, subject), missing, key);
  });

  it('refuses what is no path', () => {
    for (const key of ['', 'a[-1]', 'a[', 'a..b', '.a', 'a[x]', '$.a', 'a\0', '\ud800', 'x'.repeat(513)])
      assert.ok(errorOf('json-check', key), key);
  });
});

describe('a text-check', () => {
  it('looks at the whole body and takes no key', () => {
    assert.equal(found('text-check', '', subjectOf(missing, { body: 'disk full' })), 'disk full');
    assert.equal(found('text-check', 'body', subjectOf(missing, { body: '' })), '');
    assert.match(errorOf('text-check', 'payload.a')!, /empty or body/);
  });
});

describe('a tag-check', () => {
  const tags = ['env:prod', 'env:eu', 'critical', 'url:http://a:80', 'empty:'];

  it('finds the values of a tag by its name, and all tags by *', () => {
    const subject = subjectOf({}, { tags });
    assert.deepEqual(found('tag-check', 'env', subject), ['prod', 'eu']);
    assert.deepEqual(found('tag-check', 'critical', subject), ['true']);
    assert.deepEqual(found('tag-check', 'url', subject), ['http://a:80']);
    assert.deepEqual(found('tag-check', 'empty', subject), ['']);
    assert.deepEqual(found('tag-check', '*', subject), tags);
    for (const key of ['en', 'prod', 'Env', 'constructor'])
      assert.equal(found('tag-check', key, subject), missing, key);
    assert.equal(found('tag-check', '*', subjectOf({})), missing);
  });

  it('holds when any value passes; a negation when all do', () => {
    const env = (operator: string, ...values: string[]) => holds('tag-check', 'env', operator, values, { tags });
    assert.equal(env('equal', 'eu'), true);
    assert.equal(env('equal', 'us'), false);
    assert.equal(env('not-equal', 'us'), true);
    assert.equal(env('not-equal', 'eu'), false, 'one of two is');
    assert.equal(env('not-equal', 'eu', 'prod'), false);
    assert.equal(env('contains', 'ro'), true);
    assert.equal(env('not-contains', 'ro'), false);
    assert.equal(env('not-contains', 'x'), true);
    assert.equal(env('matches', '^e'), true);
    assert.equal(env('exists'), true);
    assert.equal(env('not-exists'), false);
    assert.equal(holds('tag-check', '*', 'equal', ['critical'], { tags }), true);
    assert.equal(holds('tag-check', '*', 'equal', ['prod'], { tags }), false);
    assert.equal(holds('tag-check', 'n', 'greater-than', ['5'], { tags: ['n:3', 'n:7'] }), true);
  });

  it('finds no evidence in a tag that is not there', () => {
    for (const [operator, { values }] of operators) {
      const given = values === 'none' ? [] : ['1'];
      assert.equal(holds('tag-check', 'x', operator, given, { tags }), operator === 'not-exists', operator);
    }
  });

  it('refuses keys that can be no tag', () => {
    for (const key of ['', 'env:prod', 'a\0', '\udfff', 'x'.repeat(256)]) assert.ok(errorOf('tag-check', key), key);
  });
});

describe('a metadata-check', () => {
  it('finds what came with the request', () => {
    const headers = JSON.parse('{"x-source":"grafana","__proto__":"p"}') as Record<string, string>;
    const subject = subjectOf({}, { metadata: { headers } });
    const { metadata } = subject;
    assert.equal(found('metadata-check', 'webhook_id', subject), metadata.webhookId);
    assert.equal(found('metadata-check', 'webhook_name', subject), 'Probe');
    assert.equal(found('metadata-check', 'ip', subject), '192.0.2.7');
    assert.equal(found('metadata-check', 'content_type', subject), 'application/json');
    assert.equal(found('metadata-check', 'header.X-Source', subject), 'grafana');
    assert.equal(found('metadata-check', 'header.__proto__', subject), 'p');
    for (const name of ['constructor', 'toString', 'x-other'])
      assert.equal(found('metadata-check', `header.${name}`, subject), missing, name);
    const bare = subjectOf({}, { metadata: { contentType: null } });
    assert.equal(found('metadata-check', 'content_type', bare), missing);
    assert.equal(found('metadata-check', 'header.__proto__', bare), missing);
  });

  it('finds the key that reported an incident, by its id and by its name', () => {
    const apiKey = { id: '01993c4b-1a2c-7d4e-9f50-6b7c8d9e0f1a', name: 'Zendesk' };
    const reported = subjectOf({}, { metadata: { webhookId: null, webhookName: null, apiKey } });
    assert.deepEqual(found('metadata-check', 'api_key', reported), [apiKey.id, apiKey.name]);
    assert.equal(found('metadata-check', 'api_key', subjectOf({})), missing);
    for (const key of ['webhook_id', 'webhook_name'])
      assert.equal(found('metadata-check', key, reported), missing, key);
  });

  it('refuses everything else', () => {
    for (const key of [
      '',
      'ip ',
      'IP',
      'received_at',
      'header.',
      'header.a b',
      'header.ä',
      'header',
      `header.${'x'.repeat(300)}`,
    ])
      assert.match(
        errorOf('metadata-check', key)!,
        /webhook_id, webhook_name, ip, content_type, api_key, or header\./,
        key,
      );
  });
});
