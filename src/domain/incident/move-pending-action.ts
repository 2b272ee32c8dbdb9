import type { ErrorCode } from '../error-code.ts';
import type { Change, CommandOf } from './change.ts';
import type { Lifecycle } from './incident.ts';
import { armAt, disarm } from './pending-action.ts';

/** By hand a timer is put off, brought forward or cancelled. */
export function movePendingAction(lifecycle: Lifecycle, command: CommandOf<'move_pending_action'>): Change | ErrorCode {
  // By hand both kinds of resolving are one: moved or cancelled, no further occurrence puts it off.
  const type = command.pendingAction === 'quiet_resolve' ? 'resolve' : command.pendingAction;
  const kinds = type === 'resolve' ? (['resolve', 'quiet_resolve'] as const) : [type];
  const [pending] = lifecycle.pendingActions.filter((one) => kinds.some((kind) => kind === one.type));
  if (!pending) return 'no_such_pending_action';
  const disarmed = kinds.reduce(disarm, lifecycle);
  const moved = command.at === null ? disarmed : armAt(disarmed, type, command.at, pending.to);
  const details = { pending_action: type, from: pending.at, to: command.at };
  return { type: 'pending_action_changed', lifecycle: moved, details };
}
