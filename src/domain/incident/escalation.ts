import type { ErrorCode } from '../error-code.ts';
import type { Change, CommandOf } from './change.ts';
import { backToTriggered, enterLevel, positionAfter } from './escalation-step.ts';
import type { Assignee, IncidentState } from './incident.ts';
import { disarm } from './pending-action.ts';

/** To a level, to the next one, or, without a policy, to the whole team; after the last one it is exhausted. */
export function escalation(
  state: IncidentState,
  { level, because, dueAt }: CommandOf<'escalate'>,
  at: string,
): Change | ErrorCode {
  const { lifecycle } = state;
  const policy = state.escalationPolicy ?? null;
  const reasons = {
    ...(because === undefined ? {} : { because }),
    ...(dueAt === undefined ? {} : { due_at: dueAt }),
  };
  if (!policy) {
    if (typeof level === 'number') return 'no_further_level';
    // The whole team is asked, and nobody has answered yet.
    const assignees: Assignee[] = [{ type: 'team', id: state.teamId }];
    return { type: 'escalated', lifecycle: { ...backToTriggered(lifecycle), assignees }, details: { assignees } };
  }
  const position = positionAfter(lifecycle, policy, level);
  if (position) {
    const entered = enterLevel(lifecycle, policy, position, at);
    const { assignees } = entered;
    return { type: 'escalated', lifecycle: entered, details: { ...position, assignees, ...reasons } };
  }
  if (because === undefined) return 'no_further_level';
  const last = lifecycle.escalation ?? { level: policy.levels.length, cycle: policy.repeat, exhausted: true };
  return {
    type: 'escalation_exhausted',
    lifecycle: { ...disarm(lifecycle, 'escalate'), escalation: { ...last, exhausted: true } },
    details: { level: last.level, cycle: last.cycle, ...reasons },
  };
}
