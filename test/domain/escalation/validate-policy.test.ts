import assert from 'node:assert/strict';
import { type PolicyDraft, validatePolicy } from '../../../src/domain/escalation/validate-policy.ts';
import type { Assignee } from '../../../src/domain/incident/incident.ts';

const ada: Assignee = { type: 'member', id: '01999999-0000-7000-8000-00000000000a' };
const team: Assignee = { type: 'team', id: '01999999-0000-7000-8000-0000000000ff' };

function draft(levels: Assignee[][], repeatFromLevel = 1): PolicyDraft {
  const asked = levels.map((targets) => ({ delay: 60, targets, assign: 'everyone' as const }));
  return { name: 'Policy', levels: asked, repeat: 1, repeatFromLevel };
}

describe('the rules of escalation policies', () => {
  it('let levels name the same target, but none of them twice', () => {
    assert.deepEqual(validatePolicy(draft([[ada, team], [ada]], 2)), []);
    const again = { ...team, id: team.id.toUpperCase() };
    assert.deepEqual(validatePolicy(draft([[ada], [team, ada, again, ada]])), [
      { field: 'levels[1].targets[2]', message: 'is there already' },
      { field: 'levels[1].targets[3]', message: 'is there already' },
    ]);
  });

  it('tell a team from its schedule', () => {
    assert.deepEqual(validatePolicy(draft([[team, { ...team, type: 'schedule' }]])), []);
  });

  it('repeat from a level that there is', () => {
    assert.deepEqual(validatePolicy(draft([[ada], [ada]], 3)), [
      { field: 'repeat_from_level', message: 'must be at most 2: there is no such level' },
    ]);
  });
});
