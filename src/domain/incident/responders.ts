import type { ErrorCode } from '../error-code.ts';
import type { Change, CommandOf } from './change.ts';
import type { Lifecycle } from './incident.ts';

const mostResponders = 50;

/** Asked again, whoever has replied keeps that reply. */
export function addResponders(lifecycle: Lifecycle, command: CommandOf<'add_responders'>): Change | ErrorCode {
  const known = lifecycle.responders ?? [];
  const added = command.memberIds.filter((id) => !known.some(({ memberId }) => memberId === id));
  if (known.length + added.length > mostResponders) return 'limit_reached';
  const responders = [...known, ...added.map((memberId) => ({ memberId, state: 'pending' as const }))];
  return {
    type: 'responder_added',
    lifecycle: { ...lifecycle, responders },
    details: { member_ids: command.memberIds, message: command.message },
  };
}

export function replyAsResponder(lifecycle: Lifecycle, command: CommandOf<'reply'>): Change | ErrorCode {
  const { memberId, reply } = command;
  const known = lifecycle.responders ?? [];
  if (!known.some((responder) => responder.memberId === memberId)) return 'not_a_responder';
  const responders = known.map((one) => (one.memberId === memberId ? { memberId, state: reply } : one));
  return {
    type: 'responder_replied',
    lifecycle: { ...lifecycle, responders },
    details: { member_id: memberId, reply },
  };
}
