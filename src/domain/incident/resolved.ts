import type { Change, CommandOf } from './change.ts';
import type { Lifecycle } from './incident.ts';

/** A resolve stops every timer, page and step of escalation. */
export function resolved(lifecycle: Lifecycle, command: CommandOf<'resolve'>, at: string): Change {
  const { resolution, rootCause, dueAt, mergedInto } = command;
  const reason = mergedInto === undefined ? null : ('merged' as const);
  return {
    type: 'resolved',
    lifecycle: {
      ...lifecycle,
      status: 'resolved',
      resolvedAt: at,
      pendingActions: [],
      ...(reason === null && lifecycle.resolveReason === undefined ? {} : { resolveReason: reason }),
    },
    details: {
      ...(resolution === null ? {} : { resolution }),
      ...(rootCause === null ? {} : { root_cause: rootCause }),
      ...(dueAt === undefined ? {} : { due_at: dueAt }),
      ...(mergedInto === undefined ? {} : { merged_into: mergedInto }),
    },
  };
}
