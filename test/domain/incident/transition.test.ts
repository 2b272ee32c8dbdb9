import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type IncidentState, nameOf, urgencyOf } from '../../../src/domain/incident/incident.ts';
import { commandOf, firstDue, waitForQuiet } from '../../../src/domain/incident/pending-action.ts';
import type { Command } from '../../../src/domain/incident/command.ts';
import { transition, type TransitionResult } from '../../../src/domain/incident/transition.ts';
import { newIncidentState } from '../../support/incident.ts';

const agent = { type: 'key', id: null, name: 'Test key' } as const;
const opened = Date.parse('2026-04-16T14:23:00.000Z');
const after = (seconds: number) => new Date(opened + seconds * 1_000).toISOString();

function command(type: Command['type'], extra: Record<string, unknown> = {}): Command {
  return {
    id: `${type}-1`,
    agent,
    channel: 'api',
    resolution: null,
    rootCause: null,
    dueAt: after(0),
    changes: { urgency: 'low' },
    action: { id: 'a', type: 'trigger-alerts', trigger: 'manual', subscriptionId: null },
    ...extra,
    type,
  } as Command;
}

function accepted(result: TransitionResult): IncidentState {
  assert(result.accepted, JSON.stringify(result));
  return result.state;
}

const play = (state: IncidentState, type: Command['type'], seconds: number) =>
  accepted(transition(state, command(type), after(seconds)));

describe('incident transitions', () => {
  it('open with the auto-resolve timer armed from the creation', () => {
    assert.deepEqual(newIncidentState().lifecycle.pendingActions, [
      { type: 'resolve', at: after(14_400), generation: 1 },
    ]);
  });

  it('arm no timer that is switched off', () => {
    const state = newIncidentState({ autoResolveTimeout: null, acknowledgementTimeout: null });
    assert.deepEqual(play(state, 'acknowledge', 60).lifecycle.pendingActions, []);
  });

  it('acknowledge arms the acknowledgement timeout and does not move the auto-resolve', () => {
    const state = play(newIncidentState(), 'acknowledge', 60);
    assert.equal(state.lifecycle.acknowledgedAt, after(60));
    assert.deepEqual(
      state.lifecycle.pendingActions.map(({ type, at }) => [type, at]),
      [
        ['unacknowledge', after(60 + 1_800)],
        ['resolve', after(14_400)],
      ],
    );
  });

  it('an acknowledgement that times out goes back to triggered, and the next one is a new timer', () => {
    const lapsed = play(play(newIncidentState(), 'acknowledge', 60), 'unacknowledge', 1_860);
    assert.equal(lapsed.lifecycle.status, 'triggered');
    assert.equal(lapsed.lifecycle.acknowledgedAt, null);
    const again = play(lapsed, 'acknowledge', 2_000);
    assert.deepEqual(again.lifecycle.pendingActions[0], {
      type: 'unacknowledge',
      at: after(3_800),
      generation: 2,
    });
  });

  it('escalate assigns the whole team and asks for an acknowledgement again', () => {
    const state = play(play(newIncidentState(), 'acknowledge', 60), 'escalate', 90);
    assert.equal(state.lifecycle.status, 'triggered');
    assert.deepEqual(state.lifecycle.assignees, [{ type: 'team', id: state.teamId }]);
    assert.deepEqual(
      state.lifecycle.pendingActions.map(({ type }) => type),
      ['resolve'],
    );
  });

  it('resolve stops every timer, keeps when it was acknowledged, and refuses whatever comes later', () => {
    const state = play(play(newIncidentState(), 'acknowledge', 60), 'resolve', 120);
    assert.deepEqual(state.lifecycle.pendingActions, []);
    assert.equal(state.lifecycle.acknowledgedAt, after(60));
    for (const type of ['acknowledge', 'escalate', 'resolve', 'action', 'unacknowledge', 'change'] as const)
      assert.deepEqual(transition(state, command(type), after(121)), { accepted: false, code: 'incident_resolved' });
  });

  it('a second acknowledge is refused', () => {
    const state = play(newIncidentState(), 'acknowledge', 60);
    assert.deepEqual(transition(state, command('acknowledge'), after(61)), {
      accepted: false,
      code: 'already_acknowledged',
    });
  });

  it('only what is acknowledged can be unacknowledged', () => {
    assert.deepEqual(transition(newIncidentState(), command('unacknowledge'), after(61)), {
      accepted: false,
      code: 'not_acknowledged',
    });
  });

  it('a change changes what it names, says so in the log, and repeats no long text there', () => {
    const changes = { name: 'Checkout slow', description: 'long', urgency: 'low', assignees: [] };
    const result = transition(newIncidentState(), command('change', { changes }), after(60));
    assert(result.accepted);
    assert.deepEqual(
      [nameOf(result.state), urgencyOf(result.state), result.state.lifecycle.assignees],
      ['Checkout slow', 'low', []],
    );
    assert.deepEqual(result.transition.details, {
      name: 'Checkout slow',
      urgency: 'low',
      assignees: [],
      changed: ['name', 'description', 'urgency', 'assignees'],
    });
    const later = play(result.state, 'change', 70);
    assert.equal(nameOf(later), 'Checkout slow');
  });

  it('alerting and other actions are different things that happen', () => {
    const of = (type: string) => {
      const action = { id: 'a', type, trigger: 'manual', subscriptionId: null };
      const result = transition(newIncidentState(), command('action', { action }), after(1));
      assert(result.accepted);
      return result.transition.type;
    };
    assert.deepEqual(['trigger-alerts', 'trigger-webhook'].map(of), ['alerted', 'action_run']);
  });

  it('the quiet timer moves behind the last occurrence when it comes due, and not before', () => {
    const state = newIncidentState({ quietResolveTimeout: 60 });
    assert.deepEqual(state.lifecycle.pendingActions[0], { type: 'quiet_resolve', at: after(60), generation: 1 });
    assert.equal(waitForQuiet(state, after(30), after(59)), state);
    assert.equal(waitForQuiet(state, null, after(60)), state);
    assert.equal(waitForQuiet(state, after(0), after(60)), state);
    const moved = waitForQuiet(state, after(30), after(60));
    assert.deepEqual(moved.lifecycle.pendingActions[0], { type: 'quiet_resolve', at: after(90), generation: 2 });
    const due = firstDue(moved.lifecycle, after(90));
    assert(due);
    assert.equal(play(moved, commandOf(due, moved).type, 90).lifecycle.status, 'resolved');
  });

  it('a timer names its transition by kind, due time and generation', () => {
    const state = newIncidentState();
    const due = firstDue(state.lifecycle, after(14_400));
    assert(due);
    assert.equal(commandOf(due, state).id, `timer:resolve:${after(14_400)}:1`);
    assert.equal(firstDue(state.lifecycle, after(14_399)), undefined);
  });

  it('keep their invariants whatever is asked, and leave the state given alone', () => {
    const types = ['acknowledge', 'unacknowledge', 'escalate', 'resolve', 'action', 'change'] as const;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...types), fc.nat(2_000)), { maxLength: 40 }), (commands) => {
        let state = newIncidentState();
        let clock = 0;
        for (const [type, seconds] of commands) {
          clock += seconds;
          const before = JSON.stringify(state);
          const result = transition(state, command(type), after(clock));
          assert.equal(JSON.stringify(state), before);
          if (!result.accepted) continue;
          assert.equal(result.transition.sequence, state.lifecycle.sequence + 1);
          state = result.state;
          const { lifecycle } = state;
          assert.deepEqual(JSON.parse(JSON.stringify(state)), state, 'plain JSON');
          if (lifecycle.status === 'triggered') assert.equal(lifecycle.acknowledgedAt, null);
          if (lifecycle.status === 'acknowledged') assert.notEqual(lifecycle.acknowledgedAt, null);
          assert.equal(lifecycle.resolvedAt !== null, lifecycle.status === 'resolved');
          if (lifecycle.status === 'resolved') assert.deepEqual(lifecycle.pendingActions, []);
          else assert(lifecycle.pendingActions.some((action) => action.type === 'resolve'));
          assert.equal(
            lifecycle.pendingActions.some((action) => action.type === 'unacknowledge'),
            lifecycle.status === 'acknowledged',
          );
          const times = lifecycle.pendingActions.map((action) => Date.parse(action.at));
          assert.deepEqual(
            [...times].sort((a, b) => a - b),
            times,
            'in due order',
          );
        }
      }),
    );
  });
});
