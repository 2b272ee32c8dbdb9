import assert from 'node:assert/strict';
import { compileRuleset } from '../../src/domain/ruleset/compile-ruleset.ts';
import { defaultIncidentKey, incidentKeyOf } from '../../src/inbound/incident-key.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';
import { subjectOf } from '../support/subject.ts';

const teamId = 'c03b02ec-244f-4d2c-8f68-3910071ed5c8';

function keyOf(incidentKey: string | null, payload: unknown, dedupKey: string | null = null): string {
  const compiled = compileRuleset(rulesetDraft({ teamId, incidentKey }));
  return incidentKeyOf(compiled, { subject: subjectOf(payload), dedupKey, action: 'trigger', opening: null });
}

describe('incidentKeyOf', () => {
  it('takes what the template gives, else the key of the sender, else one for all', () => {
    assert.equal(keyOf('{{payload.id}}', { id: 7 }, 'theirs'), '7');
    assert.equal(keyOf('a {{payload.id}} ', { id: 7 }), 'a 7 ');
    assert.equal(keyOf('{{payload.id}} ', {}, 'theirs'), 'theirs');
    assert.equal(keyOf('{{payload.id}}', {}), defaultIncidentKey);
    assert.equal(keyOf(null, { id: 7 }, 'theirs'), 'theirs');
    assert.equal(keyOf(null, { id: 7 }), defaultIncidentKey);
  });

  it('shortens long keys so that different ones stay different, and equal ones equal', () => {
    const long = (end: string) => keyOf('{{payload.id}}', { id: `${'x'.repeat(20_000)}${end}` });
    assert.ok(long('a').length <= 255);
    assert.match(long('a'), /^x{200,}~[0-9a-f]{32}$/);
    assert.notEqual(long('a'), long('b'));
    assert.equal(long('a'), long('a'));
    assert.equal(keyOf('{{payload}}', 'x'.repeat(255)), 'x'.repeat(255));
    assert.equal(keyOf('{{payload}}', 'x'.repeat(256)).length, 255);
    for (let shift = 0; shift < 2; shift++)
      assert.doesNotMatch(keyOf('{{payload}}', 'y'.repeat(shift) + '😀'.repeat(200)), /\p{Surrogate}/u);
  });

  it('can always be stored, and takes a moment at most', () => {
    const began = performance.now();
    const key = keyOf('{{payload}}'.repeat(20), { big: `\0\ud800${'x'.repeat(500_000)}` });
    assert.doesNotMatch(key, /[\0\p{Surrogate}]/u);
    assert.ok(key.length <= 255);
    assert.ok(performance.now() - began < 10_000);
  });
});
