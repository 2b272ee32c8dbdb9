import assert from 'node:assert/strict';
import type { Verdict } from '../../../src/domain/ruleset/evaluate.ts';
import { createSimulation, type Outcome } from '../../../src/domain/ruleset/simulate.ts';

type Step = [seconds: number, verdict: Verdict, outcome: Outcome, key?: string, webhookId?: string];

function play(rules: Partial<Parameters<typeof createSimulation>[0]>, steps: Step[]): number {
  const simulation = createSimulation({
    ruleType: 'state-change',
    autoResolveTimeout: null,
    quietResolve: null,
    ...rules,
  });
  const outcomes = steps.map(([seconds, verdict, , incidentKey = 'k', webhookId = 'w']) =>
    simulation.next({
      at: new Date(Date.UTC(2026, 0) + seconds * 1_000).toISOString(),
      webhookId,
      incidentKey,
      dedupKey: null,
      verdict,
    }),
  );
  assert.deepEqual(
    outcomes,
    steps.map(([, , outcome]) => outcome),
  );
  return simulation.resolved();
}

describe('a simulation', () => {
  it('opens, joins and resolves by the edges of a state-change', () => {
    const resolved = play({}, [
      [0, 'fails', 'none'],
      [1, 'holds', 'open'],
      [2, 'holds', 'join'],
      [3, 'no_evidence', 'none'],
      [4, 'holds', 'join'],
      [5, 'fails', 'resolve'],
      [6, 'fails', 'none'],
      [7, 'holds', 'open'],
    ]);
    assert.equal(resolved, 1);
  });

  it('keeps keys apart, and lets only the webhook that reported a problem end it', () => {
    const resolved = play({}, [
      [0, 'holds', 'open', 'a'],
      [1, 'holds', 'open', 'b'],
      [2, 'fails', 'none', 'a', 'other'],
      [3, 'holds', 'join', 'a', 'other'],
      [4, 'fails', 'none', 'c'],
      [5, 'fails', 'resolve', 'a'],
      [6, 'holds', 'join', 'b'],
    ]);
    assert.equal(resolved, 1);
  });

  it('never resolves by events for a ruleset of type webhook', () => {
    const resolved = play({ ruleType: 'webhook' }, [
      [0, 'holds', 'open'],
      [1, 'fails', 'none'],
      [2, 'holds', 'join'],
    ]);
    assert.equal(resolved, 0);
  });

  it('resolves at an age, counted from the opening', () => {
    const resolved = play({ autoResolveTimeout: 10 }, [
      [0, 'holds', 'open'],
      [9, 'holds', 'join'],
      [10, 'holds', 'open'],
      [19.999, 'holds', 'join'],
      [20, 'fails', 'none'],
    ]);
    assert.equal(resolved, 2);
  });

  it('resolves after quiet, counted from the last occurrence that matched', () => {
    const resolved = play({ quietResolve: 10 }, [
      [0, 'holds', 'open'],
      [9, 'holds', 'join'],
      [18, 'no_evidence', 'none'],
      [18.9, 'holds', 'join'],
      [28.9, 'holds', 'open'],
      [30, 'no_evidence', 'none', 'another'],
      [60, 'no_evidence', 'none', 'another'],
    ]);
    assert.equal(resolved, 2, 'the last one by its timer, though nothing more came of its key');
  });

  it('resolves what a problem opened once its sender says that it is over', () => {
    const simulation = createSimulation({ ruleType: 'webhook', autoResolveTimeout: null, quietResolve: null });
    const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
    const trigger = (second: number, incidentKey: string, dedupKey: string | null) =>
      simulation.next({ at: at(second), webhookId: 'w', incidentKey, dedupKey, verdict: 'holds' });
    const over = (second: number, dedupKey: string | null, webhookId = 'w') =>
      simulation.over({ at: at(second), webhookId, dedupKey });
    assert.deepEqual([trigger(0, 'k', 'a'), trigger(1, 'k', 'b'), trigger(2, 'l', null)], ['open', 'join', 'open']);
    assert.deepEqual([over(3, 'b'), over(4, 'a', 'v'), over(5, null)], ['none', 'none', 'none']);
    assert.deepEqual([over(6, 'a'), over(7, 'a'), trigger(8, 'k', 'a')], ['resolve', 'none', 'open']);
    assert.equal(simulation.resolved(), 1);
  });
});
