import assert from 'node:assert/strict';
import type { EscalationLevel, PolicySnapshot } from '../../../src/domain/escalation/policy.ts';
import { simulate, type Simulation } from '../../../src/domain/escalation/simulate.ts';
import type { Assignee } from '../../../src/domain/incident/incident.ts';

const at = '2026-03-15T22:58:00.000Z';
const member = (id: string): Assignee => ({ type: 'member', id });
const level = (delay: number, ...ids: string[]): EscalationLevel => {
  return { delay, targets: ids.map(member), assign: 'everyone' };
};

function policy(levels: EscalationLevel[], given: Partial<PolicySnapshot> = {}): PolicySnapshot {
  return { id: 'p', version: 1, name: 'Policy', levels, repeat: 0, repeatFromLevel: 1, turn: 0, ...given };
}

/** Runs it through. Every target is one member, but for those whom nobody stands in for. */
function run(
  played: PolicySnapshot,
  acknowledgedAfter: number | null = null,
  absent: (id: string, at: string) => boolean = () => false,
): Simulation<string> {
  const steps = simulate(played, { at, acknowledgedAfter }, (targets, now) =>
    targets.flatMap(({ id }) => (absent(id, now) ? [] : [id])),
  );
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** `22:58:00 1/0 ada+ben`; `!` before the level when the step before found nobody. */
function told({ steps }: Simulation<string>): string[] {
  return steps.map((step) => {
    const place = `${step.reason === 'level' ? '' : '!'}${step.level}/${step.cycle}`;
    return `${step.at.slice(11, 19)} ${place} ${step.members.join('+')}`.trim();
  });
}

describe('the simulation of an escalation policy', () => {
  it('asks level after level, begins again where it should, and ends', () => {
    const result = run(
      policy([level(60, 'ada'), level(120, 'ben', 'cyd'), level(30, 'dot')], { repeat: 1, repeatFromLevel: 2 }),
    );
    assert.deepEqual(told(result), [
      '22:58:00 1/0 ada',
      '22:59:00 2/0 ben+cyd',
      '23:01:00 3/0 dot',
      '23:01:30 2/1 ben+cyd',
      '23:03:30 3/1 dot',
    ]);
    assert.deepEqual([result.exhaustedAt, result.acknowledgedAt], ['2026-03-15T23:04:00.000Z', null]);
    assert.deepEqual(
      result.steps.map(({ until }) => until?.slice(11, 19) ?? null),
      ['22:59:00', '23:01:00', '23:01:30', '23:03:30', null],
    );
  });

  it('ends at the acknowledgement, before which a timer of the same instant comes', () => {
    const played = policy([level(60, 'ada'), level(60, 'ben')]);
    const before = run(played, 59);
    assert.deepEqual(told(before), ['22:58:00 1/0 ada']);
    assert.deepEqual([before.exhaustedAt, before.acknowledgedAt], [null, '2026-03-15T22:58:59.000Z']);
    assert.equal(before.steps[0]!.until, '2026-03-15T22:58:59.000Z');
    assert.deepEqual(told(run(played, 60)), ['22:58:00 1/0 ada', '22:59:00 2/0 ben']);
    const late = run(played, 121);
    assert.deepEqual([late.exhaustedAt, late.acknowledgedAt], ['2026-03-15T23:00:00.000Z', '2026-03-15T23:00:01.000Z']);
    assert.equal(late.steps[1]!.until, late.acknowledgedAt);
    assert.deepEqual(told(run(played, 0)), ['22:58:00 1/0 ada']);
  });

  it('goes on at once, and says why, where nobody is on call', () => {
    const played = policy([level(60, 'ada'), level(60, 'ben'), level(60, 'cyd')], { repeat: 1 });
    const result = run(played, null, (id, now) => id === 'ben' || (id === 'ada' && now > '2026-03-15T22:59'));
    assert.deepEqual(told(result), [
      '22:58:00 1/0 ada',
      '22:59:00 2/0',
      '22:59:00 !3/0 cyd',
      '23:00:00 1/1',
      '23:00:00 !2/1',
      '23:00:00 !3/1 cyd',
    ]);
    assert.equal(result.exhaustedAt, '2026-03-15T23:01:00.000Z');
  });

  it('is exhausted at once when there is nobody at all, after as many steps as there may be', () => {
    const result = run(
      policy(
        Array.from({ length: 20 }, () => level(604_800, 'ada')),
        { repeat: 9 },
      ),
      5,
      () => true,
    );
    assert.equal(result.steps.length, 200);
    assert.deepEqual([result.exhaustedAt, result.acknowledgedAt], [at, '2026-03-15T22:58:05.000Z']);
  });

  it('takes turns at a round_robin level, by incident and by repeat', () => {
    const levels: EscalationLevel[] = [{ ...level(60, 'ada', 'ben', 'cyd'), assign: 'round_robin' }, level(60, 'dot')];
    const first = told(run(policy(levels, { repeat: 1 })));
    assert.deepEqual(first, ['22:58:00 1/0 ada', '22:59:00 2/0 dot', '23:00:00 1/1 ben', '23:01:00 2/1 dot']);
    assert.equal(told(run(policy(levels, { turn: 5 })))[0], '22:58:00 1/0 cyd');
  });
});
