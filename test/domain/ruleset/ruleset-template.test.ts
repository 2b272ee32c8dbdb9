import assert from 'node:assert/strict';
import { missing } from '../../../src/domain/json/path.ts';
import { compileRuleset } from '../../../src/domain/ruleset/compile-ruleset.ts';
import { parseRulesetTemplate, renderTexts } from '../../../src/domain/ruleset/ruleset-template.ts';
import { rulesetDraft } from '../../support/ruleset-draft.ts';
import { subjectOf } from '../../support/subject.ts';

const teamId = 'c03b02ec-244f-4d2c-8f68-3910071ed5c8';

function textsOf(given: { name?: string; description?: string }, payload: unknown, webhookName = 'Probe') {
  return renderTexts(
    compileRuleset(rulesetDraft({ teamId, ...given })),
    subjectOf(payload, { metadata: { webhookName }, alert: { id: 'a1' } }),
  );
}

describe('the templates of a ruleset', () => {
  it('see payload, alert, webhook and time', () => {
    const name = '{{payload.service}} {{alert.id}} {{webhook.name}}';
    const { name: rendered, description } = textsOf(
      { name, description: '{{webhook.id}} {{received_at}}' },
      { service: 'checkout' },
    );
    assert.equal(rendered, 'checkout a1 Probe');
    assert.equal(description, '7d9c40f4-5a2e-4d43-9b5c-6e0a2f6a7b11 2026-11-21T05:09:43.120000Z');
  });

  it('refuse what is not among those', () => {
    for (const text of [
      '{{webhook}}',
      '{{webhook.secret}}',
      '{{webhook.name.x}}',
      '{{received_at.x}}',
      '{{tags}}',
      '{{constructor}}',
    ])
      assert.ok('error' in parseRulesetTemplate(text), text);
  });

  it('give a name even where nothing is put in', () => {
    assert.equal(textsOf({ name: '{{payload.title}} ' }, {}).name, 'Incident of Probe');
    assert.equal(textsOf({ name: '{{payload.title}}' }, missing).name, 'Incident of Probe');
    assert.equal(textsOf({ name: '{{payload.title}}' }, {}, 'x'.repeat(300)).name.length, 255);
    assert.equal(textsOf({ description: '{{payload.title}}' }, {}).description, '');
    // The webhook's name is no template.
    assert.equal(textsOf({ name: '{{payload.a}}' }, { a: '' }, '{{payload.b}}').name, 'Incident of {{payload.b}}');
  });

  it('keep names and descriptions within their bounds', () => {
    const { name, description } = textsOf({ name: '{{payload}}', description: '{{payload}}' }, 'x'.repeat(500_000));
    assert.deepEqual([name.length, description.length], [255, 15_000]);
  });

  it('are taken literally when an earlier release stored what is no template', () => {
    assert.equal(textsOf({ name: 'Use {{ and {{config.x}}' }, {}).name, 'Use {{ and {{config.x}}');
  });
});
