import assert from 'node:assert/strict';
import { nextPosition, type PolicySnapshot, targetsAt } from '../../../src/domain/escalation/policy.ts';
import type { Command } from '../../../src/domain/incident/command.ts';
import type { Assignee, IncidentState } from '../../../src/domain/incident/incident.ts';
import { commandOf, firstDue } from '../../../src/domain/incident/pending-action.ts';
import { transition } from '../../../src/domain/incident/transition.ts';
import { newIncidentState } from '../../support/incident.ts';

const opened = Date.parse('2026-04-16T14:23:00.000Z');
const after = (seconds: number) => new Date(opened + seconds * 1_000).toISOString();
const member = (number: number): Assignee => ({ type: 'member', id: `0199aaaa-0000-7000-8000-00000000000${number}` });

const policy: PolicySnapshot = {
  id: '0199aaaa-0000-7000-8000-0000000000aa',
  version: 3,
  name: 'Checkout',
  levels: [
    { delay: 300, targets: [member(1)], assign: 'everyone' },
    { delay: 600, targets: [member(2), member(3), member(4)], assign: 'round_robin' },
    { delay: 900, targets: [member(5), member(6)], assign: 'everyone' },
  ],
  repeat: 1,
  repeatFromLevel: 2,
  turn: 4,
};

/** Plays commands and what comes due between them; answers `[seconds, type, level]` of what happened. */
function play(
  state: IncidentState,
  until: number,
  commands: [number, Partial<Command> & Pick<Command, 'type'>][] = [],
) {
  const log: [number, string, number | null][] = [];
  const refused: string[] = [];
  const apply = (command: Command, at: string) => {
    const result = transition(state, command, at);
    if (!result.accepted) return void refused.push(result.code);
    state = result.state;
    const { escalation } = state.lifecycle;
    log.push([(Date.parse(at) - opened) / 1_000, result.transition.type, escalation ? escalation.level : null]);
  };
  const playDue = (at: string) => {
    for (let due = firstDue(state.lifecycle, at); due; due = firstDue(state.lifecycle, at))
      apply(commandOf(due, state), due.at);
  };
  for (const [seconds, command] of commands) {
    playDue(after(seconds));
    const agent = { type: 'key', id: null, name: 'Test' };
    apply({ id: `c${seconds}`, agent, channel: 'api', ...command } as Command, after(seconds));
  }
  playDue(after(until));
  return { state, log, refused };
}

const begin = (given: Partial<IncidentState> = {}) =>
  newIncidentState({ escalationPolicy: policy, autoResolveTimeout: null, ...given });

describe('escalation', () => {
  it('asks level after level, repeats from where it should, and says when nobody is left', () => {
    assert.deepEqual(play(begin(), 100_000).log, [
      [300, 'escalated', 2],
      [900, 'escalated', 3],
      [1_800, 'escalated', 2],
      [2_400, 'escalated', 3],
      [3_300, 'escalation_exhausted', 3],
    ]);
    const { lifecycle } = play(begin(), 100_000).state;
    assert.equal(lifecycle.escalation?.exhausted, true);
    assert.deepEqual(lifecycle.pendingActions, []);
    assert.deepEqual(lifecycle.assignees, [member(5), member(6)]);
  });

  it('takes turns at a round_robin level, within a repeat and from incident to incident', () => {
    const at = (turn: number, cycle: number) => targetsAt({ ...policy, turn }, { level: 2, cycle });
    assert.deepEqual([at(0, 0), at(1, 0), at(2, 0), at(3, 0), at(0, 1)].flat(), [2, 3, 4, 2, 3].map(member));
    assert.deepEqual(targetsAt(policy, { level: 9, cycle: 0 }), []);
    assert.equal(nextPosition(policy, { level: 3, cycle: 1 }), null);
  });

  it('stands still while it is acknowledged or snoozed, and asks the same level again when that lapses', () => {
    const acknowledged = play(begin({ acknowledgementTimeout: 60 }), 5_000, [[400, { type: 'acknowledge' }]]);
    assert.deepEqual(acknowledged.log.slice(0, 4), [
      [300, 'escalated', 2],
      [400, 'acknowledged', 2],
      [460, 'unacknowledged', 2],
      [1_060, 'escalated', 3],
    ]);
    const snoozed = play(begin(), 4_000, [
      [10, { type: 'snooze', duration: 3_600 }],
      [20, { type: 'snooze', duration: 120 }],
    ]);
    assert.deepEqual(snoozed.log.slice(0, 4), [
      [10, 'snoozed', 1],
      [20, 'snoozed', 1],
      [140, 'unacknowledged', 1],
      [440, 'escalated', 2],
    ]);
  });

  it('goes where it is told by hand, and no further than the policy', () => {
    const { log, refused } = play(begin(), 700, [
      [10, { type: 'escalate', level: 3 }],
      [20, { type: 'escalate', level: 4 }],
      [30, { type: 'escalate' }],
      [40, { type: 'escalate', level: 3 }],
      [50, { type: 'escalate' }],
    ]);
    assert.deepEqual(log, [
      [10, 'escalated', 3],
      [30, 'escalated', 2],
      [40, 'escalated', 3],
    ]);
    assert.deepEqual(refused, ['no_further_level', 'no_further_level']);
  });

  it('skips a level that finds nobody at once', () => {
    const agent = { type: 'timer', id: null, name: 'nobody on call' } as const;
    const { log, state } = play(begin(), 10, [[1, { type: 'escalate', because: 'nobody_on_call', agent }]]);
    assert.deepEqual(log, [[1, 'escalated', 2]]);
    assert.equal(state.lifecycle.pendingActions[0]?.at, after(601));
  });

  it('ends when people are named by hand, and begins anew with another policy', () => {
    const { log, state } = play(begin({ autoResolveTimeout: 14_400 }), 1_000, [
      [10, { type: 'reassign', assignees: [member(9)] }],
      [20, { type: 'delegate', policy: { ...policy, levels: policy.levels.slice(0, 1), repeat: 0 } }],
    ]);
    assert.deepEqual(log, [
      [10, 'reassigned', null],
      [20, 'delegated', 1],
      [320, 'escalation_exhausted', 1],
    ]);
    assert.equal(state.escalationPolicy?.levels.length, 1);
    assert.deepEqual(state.lifecycle.pendingActions, [{ type: 'resolve', at: after(14_420), generation: 2 }]);
  });

  it('stops with the resolve, and begins anew with a reopening', () => {
    const { log, refused, state } = play(begin({ autoResolveTimeout: 14_400 }), 2_400, [
      [10, { type: 'reopen' }],
      [20, { type: 'resolve', resolution: null, rootCause: null, mergedInto: policy.id }],
      [1_000, { type: 'annotate', content: 'too late for more than this' }],
      [1_010, { type: 'acknowledge' }],
      [2_000, { type: 'reopen' }],
    ]);
    assert.deepEqual(log, [
      [20, 'resolved', 1],
      [1_000, 'annotated', 1],
      [2_000, 'reopened', 1],
      [2_300, 'escalated', 2],
    ]);
    assert.deepEqual(refused, ['not_resolved', 'incident_resolved']);
    assert.equal(state.lifecycle.resolvedAt, null);
    assert.equal(state.lifecycle.resolveReason, null);
  });

  it('moves or cancels a timer by hand', () => {
    const { log, refused } = play(begin(), 2_000, [
      [10, { type: 'move_pending_action', pendingAction: 'escalate', at: after(1_000) }],
      [20, { type: 'move_pending_action', pendingAction: 'unacknowledge', at: null }],
      [1_100, { type: 'move_pending_action', pendingAction: 'escalate', at: null }],
    ]);
    assert.deepEqual(log, [
      [10, 'pending_action_changed', 1],
      [1_000, 'escalated', 2],
      [1_100, 'pending_action_changed', 2],
    ]);
    assert.deepEqual(refused, ['no_such_pending_action']);
  });

  it('keeps responders and their replies', () => {
    const { state, refused } = play(begin(), 10, [
      [1, { type: 'add_responders', memberIds: [member(7).id, member(8).id], message: 'help' }],
      [2, { type: 'add_responders', memberIds: [member(7).id], message: 'again' }],
      [3, { type: 'reply', memberId: member(7).id, reply: 'accepted' }],
      [4, { type: 'reply', memberId: member(1).id, reply: 'declined' }],
    ]);
    assert.deepEqual(state.lifecycle.responders, [
      { memberId: member(7).id, state: 'accepted' },
      { memberId: member(8).id, state: 'pending' },
    ]);
    assert.deepEqual(refused, ['not_a_responder']);
  });
});
