import {
  assignModes,
  longestDelay,
  mostLevels,
  mostRepeats,
  mostTargets,
  type PolicySnapshot,
  shortestDelay,
} from '../../domain/escalation/policy.ts';
import type { Command } from '../../domain/incident/command.ts';
import {
  type Assignee,
  assigneeTypes,
  longestTimeout,
  pendingActionTypes,
  type PendingActionType,
  responderReplies,
  type ResponderReply,
} from '../../domain/incident/incident.ts';
import { isText, isTextOrNull, isTime, isUuid } from './stored-text.ts';

type DetailsOf<Given> = Given extends unknown ? Omit<Given, 'id' | 'agent' | 'channel'> : never;
/** A command without who sent it, and how. */
export type Details = DetailsOf<Command>;

/** Fields in snake_case, as the API, signals and the Temporal UI write them. */
type Given = Record<string, unknown>;

const longestText = 15_000;
const mostAssignees = 50;
const mostMerged = 50;

/**
 * What each message asks for beyond the first ones (acknowledge, resolve, action …), or a text that says what is wrong
 * with it: a signal can't be refused, and what throws or cannot be stored would wedge the incident.
 */
export const detailReaders = {
  snooze: ({ duration }: Given) =>
    Number.isInteger(duration) && Number(duration) >= 1 && Number(duration) <= longestDelay
      ? { type: 'snooze', duration: Number(duration) }
      : `duration must be a whole number of seconds from 1 to ${longestDelay}`,

  reassign: ({ assignees }: Given) =>
    areAssignees(assignees, mostAssignees)
      ? { type: 'reassign', assignees }
      : 'assignees must be 1 to 50 of {type, id}',

  delegate: ({ policy }: Given) =>
    isPolicy(policy) ? { type: 'delegate', policy } : 'policy must be an escalation policy with its levels',

  note: ({ content }: Given) =>
    isText(content, longestText) && content.trim() !== ''
      ? { type: 'annotate', content }
      : `content must be a text of 1 to ${longestText} characters`,

  // Null takes it away; a field that was forgotten must not.
  priority: ({ priority }: Given) =>
    isTextOrNull(priority, 64) ? { type: 'prioritise', priority } : 'priority must be a text of at most 64 characters',

  responder: ({ member_ids: memberIds, message = '' }: Given) =>
    areIds(memberIds, mostAssignees) && isText(message, 1_000)
      ? { type: 'add_responders', memberIds, message }
      : 'member_ids must be 1 to 50 ids, and message a text of at most 1000 characters',

  responder_reply: ({ member_id: memberId, reply }: Given) =>
    isUuid(memberId) && responderReplies.includes(reply as ResponderReply)
      ? { type: 'reply', memberId, reply: reply as ResponderReply }
      : `member_id must be an id, and reply one of ${responderReplies.join(', ')}`,

  status_update: ({ message }: Given) =>
    isText(message, longestText) && message.trim() !== ''
      ? { type: 'publish_status_update', message }
      : `message must be a text of 1 to ${longestText} characters`,

  conference_bridge: ({ number = null, url = null }: Given) =>
    isTextOrNull(number, 100) && isTextOrNull(url, 2_048)
      ? { type: 'set_conference_bridge', bridge: number === null && url === null ? null : { number, url } }
      : 'number must be a text of at most 100 characters, url one of at most 2048; null takes it away',

  pending_action: ({ type, at = null }: Given) =>
    pendingActionTypes.includes(type as PendingActionType) && (at === null || (isTime(at) && isWithinReach(at)))
      ? {
          type: 'move_pending_action',
          pendingAction: type as PendingActionType,
          at: at === null ? null : new Date(at as string).toISOString(),
        }
      : `type must be one of ${pendingActionTypes.join(', ')}, and at null or a time by a year from now`,

  merge: ({ incident_ids: incidentIds }: Given) =>
    areIds(incidentIds, mostMerged) ? { type: 'merge', incidentIds } : 'incident_ids must be 1 to 50 ids',

  merged: ({ incident_id: mergedInto }: Given) =>
    isUuid(mergedInto)
      ? { type: 'resolve', resolution: null, rootCause: null, mergedInto }
      : 'incident_id must be an id',

  reopen: () => ({ type: 'reopen' }),
} as const satisfies Record<string, (given: Given) => Details | string>;

export type DetailedMessage = keyof typeof detailReaders;
export const detailedMessages = Object.keys(detailReaders) as DetailedMessage[];

/** A timer that is set for thousands of years fails the task that sets it. */
function isWithinReach(at: string): boolean {
  return Date.parse(at) <= Date.now() + longestTimeout * 1_000;
}

function areIds(value: unknown, most: number): value is string[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= most && value.every(isUuid);
}

function areAssignees(value: unknown, most: number): value is Assignee[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > most) return false;
  return value.every((one: Partial<Assignee> | null) => assigneeTypes.includes(one?.type as never) && isUuid(one?.id));
}

function isPolicy(value: unknown): value is PolicySnapshot {
  const policy = (value ?? {}) as Partial<PolicySnapshot>;
  const { id, name, version, levels, repeat, repeatFromLevel, turn } = policy;
  if (!isUuid(id) || !isText(name, 255) || !isWhole(version, 0) || !isWhole(turn, 0)) return false;
  if (!Array.isArray(levels) || levels.length < 1 || levels.length > mostLevels) return false;
  // One without delays would come round within one instant, and the workflow with it.
  if (!isWhole(repeat, 0, mostRepeats) || !isWhole(repeatFromLevel, 1, levels.length)) return false;
  return levels.every((level: Partial<PolicySnapshot['levels'][number]> | null) => {
    const { delay, assign, targets } = level ?? {};
    if (!isWhole(delay, shortestDelay, longestDelay) || !assignModes.includes(assign as never)) return false;
    return areAssignees(targets, mostTargets);
  });
}

function isWhole(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
}
