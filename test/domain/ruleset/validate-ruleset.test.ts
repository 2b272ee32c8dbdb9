import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileRuleset } from '../../../src/domain/ruleset/compile-ruleset.ts';
import { conditionTypes } from '../../../src/domain/ruleset/condition.ts';
import { operators } from '../../../src/domain/ruleset/operators.ts';
import type { Condition, RulesetDraft } from '../../../src/domain/ruleset/ruleset.ts';
import { validateRuleset } from '../../../src/domain/ruleset/validate-ruleset.ts';
import { rulesetDraft } from '../../support/ruleset-draft.ts';

const teamId = 'c03b02ec-244f-4d2c-8f68-3910071ed5c8';
const draft = (given: object = {}): RulesetDraft => rulesetDraft({ teamId, ...given });
const condition = (given: Partial<Condition> = {}): Condition => ({
  type: 'json-check',
  key: 'products[0].count',
  operator: 'equal',
  values: ['10'],
  ...given,
});
const errorsOf = (given: Partial<Condition>) => validateRuleset(draft({ conditions: [condition(given)] }));

describe('validateRuleset', () => {
  it('accepts what the guide shows', () => {
    assert.deepEqual(validateRuleset(draft({ conditions: [condition()] })), []);
    for (const [operator, { values }] of operators)
      assert.deepEqual(errorsOf({ operator, values: values === 'none' ? [] : ['10', '20'] }), [], operator);
    assert.deepEqual(validateRuleset(draft({ acknowledgementTimeout: null, autoResolveTimeout: null })), []);
    assert.deepEqual(errorsOf({ values: [''] }), []);
    const everything = draft({
      ruleType: 'state-change',
      conditions: [
        condition(),
        condition({ type: 'text-check', key: '', operator: 'contains' }),
        condition({ type: 'tag-check', key: '*' }),
        condition({ type: 'metadata-check', key: 'header.X-Source' }),
      ],
      name: '{{payload.service}} is down',
      description: '{{alert}} {{webhook.name}} {{webhook.id}} {{received_at}}',
      incidentKey: '{{payload.alert.id}}',
      severity: 'SEV1',
      priority: 'P2',
      quietResolve: 60,
      assignees: (['team', 'member', 'schedule'] as const).map((type) => ({ type, id: teamId })),
    });
    assert.deepEqual(validateRuleset(everything), []);
    // A character outside the basic plane is one, as it is for Postgres and in the API's document.
    assert.deepEqual(validateRuleset(draft({ name: '😀'.repeat(255), severity: '😀'.repeat(64) })), []);
  });

  it('names every faulty field at once', () => {
    const errors = validateRuleset(
      draft({
        ruleType: 'vibes',
        level: 'planet',
        name: ' ',
        description: 'a\0',
        incidentKey: '{{payload',
        urgency: 'extreme',
        severity: ' ',
        priority: 'x'.repeat(65),
        acknowledgementTimeout: 0,
        autoResolveTimeout: 1.5,
        quietResolve: 31_536_001,
        assignees: [
          { type: 'robot', id: '1' },
          { type: 'team', id: '2' },
          { type: 'team', id: '2' },
        ],
        conditions: [
          condition({ type: 'vibe-check', operator: 'resembles', key: 'a[' }),
          condition({ key: 'a[' }),
          condition(),
          condition({ operator: 'exists' }),
          condition({ operator: 'greater-than', values: ['1', 'many'] }),
          condition({ operator: 'matches', values: ['('] }),
          condition({ type: 'tag-check', key: 'env:prod' }),
          condition({ type: 'metadata-check', key: 'colour' }),
          condition({ type: 'text-check' }),
        ],
      }),
    );
    assert.deepEqual(
      errors.map(({ field }) => field),
      [
        'rule_type',
        'level',
        'name',
        'description',
        'incident_key',
        'urgency',
        'severity',
        'priority',
        'acknowledgement_timeout',
        'auto_resolve_timeout',
        'quiet_resolve',
        'assignees[0].type',
        'assignees[2]',
        'conditions[0].type',
        'conditions[0].operator',
        'conditions[1].key',
        'conditions[3].values',
        'conditions[4].values[1]',
        'conditions[5].values[0]',
        'conditions[6].key',
        'conditions[7].key',
        'conditions[8].key',
      ],
    );
    const messageOf = (name: string) => errors.find(({ field }) => field === name)!.message;
    assert.match(messageOf('rule_type'), /one of webhook, state-change/);
    assert.match(messageOf('incident_key'), /template: character 1: "\{\{" must be closed/);
    assert.match(messageOf('conditions[5].values[0]'), /RE2 syntax: .*missing closing \)/);
  });

  it('refuses templates that cannot be read', () => {
    for (const text of ['{{', '{{constructor}}', '{{payload[}}', '{{webhook.secret}}', '{{payload.a}}'.repeat(51)])
      assert.deepEqual(
        validateRuleset(draft({ name: text.slice(0, 255), description: text, incidentKey: text.slice(0, 255) }))
          .map(({ field }) => field)
          .filter((field) => text.length <= 255 || field === 'description'),
        text.length <= 255 ? ['name', 'description', 'incident_key'] : ['description'],
        text,
      );
  });

  it('refuses a state-change that could never become false', () => {
    const fieldsOf = (...conditions: Condition[]) =>
      validateRuleset(draft({ ruleType: 'state-change', conditions })).map(({ field }) => field);
    const tag = condition({ type: 'tag-check', key: 'env' });
    const wholeText = condition({ type: 'text-check', key: '', operator: 'exists', values: [] });
    assert.deepEqual(fieldsOf(), ['conditions']);
    assert.deepEqual(fieldsOf(tag, condition({ type: 'metadata-check', key: 'ip' })), ['conditions']);
    assert.deepEqual(fieldsOf(tag, wholeText), ['conditions']);
    assert.deepEqual(fieldsOf(tag, condition({ operator: 'exists', values: [] })), []);
    assert.deepEqual(fieldsOf(tag, condition({ type: 'text-check', key: 'body', operator: 'contains' })), []);
    assert.deepEqual(validateRuleset(draft({ conditions: [tag] })), [], 'a ruleset of type webhook may');
  });

  it('refuses what RE2 cannot do, with its reason', () => {
    for (const pattern of ['(?<=a)b', '(?=a)', '(a)\\1', '[', 'a{1001}', '(a{1000}){1000}', '*', '', '\ud800']) {
      const [error] = errorsOf({ operator: 'matches', values: [pattern] });
      assert.equal(error?.field, 'conditions[0].values[0]', pattern);
    }
  });

  it('bounds everything', () => {
    const bounds: [object, string][] = [
      [{ name: 'x'.repeat(256) }, 'name'],
      [{ description: 'x'.repeat(15_001) }, 'description'],
      [{ conditions: Array.from({ length: 101 }, () => condition()) }, 'conditions'],
      [{ conditions: [condition({ values: Array.from({ length: 101 }, String) })] }, 'conditions[0].values'],
      [{ conditions: [condition({ values: [] })] }, 'conditions[0].values'],
      [{ conditions: [condition({ values: ['x'.repeat(1_025)] })] }, 'conditions[0].values[0]'],
      [{ conditions: [condition({ operator: 'matches', values: ['x'.repeat(1_025)] })] }, 'conditions[0].values[0]'],
      [{ conditions: [condition({ operator: 'contains', values: [''] })] }, 'conditions[0].values[0]'],
      [{ conditions: [condition({ operator: 'not-exists', values: [''] })] }, 'conditions[0].values'],
      [{ assignees: Array.from({ length: 51 }, (_, id) => ({ type: 'team', id: `${id}` })) }, 'assignees'],
      [{ acknowledgementTimeout: 31_536_001 }, 'acknowledgement_timeout'],
      [{ autoResolveTimeout: -1 }, 'auto_resolve_timeout'],
      [{ quietResolve: 0 }, 'quiet_resolve'],
      [{ incidentKey: 'x'.repeat(256) }, 'incident_key'],
      [{ incidentKey: '' }, 'incident_key'],
      [{ severity: '😀'.repeat(65) }, 'severity'],
      [{ priority: 'a\0' }, 'priority'],
    ];
    for (const [given, field] of bounds)
      assert.deepEqual(
        validateRuleset(draft(given)).map((error) => error.field),
        [field],
      );
  });

  it('refuses patterns that are too large together, without compiling them all', () => {
    const conditions = Array.from({ length: 100 }, () =>
      condition({ operator: 'matches', values: Array.from({ length: 100 }, () => 'a{1000}'.repeat(100)) }),
    );
    const began = performance.now();
    assert.deepEqual(
      validateRuleset(draft({ conditions })).map(({ field }) => field),
      ['conditions'],
    );
    assert.ok(performance.now() - began < 10_000);
  });

  it('lets nothing through that cannot be compiled', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('10', '(', '[a-z]+', '__proto__', 'constructor'),
    );
    const anyCondition = fc.record({
      type: fc.oneof(fc.constantFrom(...conditionTypes.keys()), text),
      key: fc.oneof(fc.constantFrom('a', 'a[0]', '/a/b', '*', 'ip', 'header.a', ''), text),
      operator: fc.oneof(fc.constantFrom(...operators.keys()), text),
      values: fc.array(text, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(anyCondition, (given) => {
        const valid = validateRuleset(draft({ conditions: [given] })).length === 0;
        const compile = () =>
          compileRuleset({
            ...draft({ conditions: [given] }),
            id: teamId,
            organisationId: teamId,
            number: 1,
            version: 1,
            createdAt: '2026-11-21T05:09:43.120Z',
          });
        if (valid) compile();
      }),
      { numRuns: 1_000 },
    );
  });
});
