import { assigneeTypes, urgencies } from '../../domain/incident/incident.ts';
import { actionTypes } from '../../domain/incident/log-entry.ts';
import type { Command, IncidentChanges } from '../../domain/incident/command.ts';
import type { ChangeInput } from './messages.ts';
import { isText, isTextOrNull, isUuid, isUuidOrNull } from './stored-text.ts';

const agentTypes = ['member', 'key', 'ruleset', 'operator'];
/** Ids that the workflow gives itself. */
const ownIds = /^(trigger$|opening:|timer:|signal:|action:|cleared:|acknowledged:|nobody:|merged:)/;

/**
 * True for what the API sends. Others may send updates too (the Temporal UI and CLI can), and one that the read model
 * cannot store would be tried for ever.
 */
export function isStorableUpdate(command: Command): boolean {
  return isText(command.id, 255) && !ownIds.test(command.id) && isStorablePart(command);
}

/** The same for an update that holds several commands, whose ids are made from its own. */
export function isStorableChange(id: string, given: ChangeInput, commands: Command[]): boolean {
  if (!isText(id, 200) || ownIds.test(id) || !Array.isArray(given?.actions) || commands.length > mostCommands)
    return false;
  if (given.status !== null && !['acknowledge', 'unacknowledge', 'resolve'].includes(given.status)) return false;
  return commands.length > 0 && commands.every(isStorablePart);
}

/** Twenty actions with twenty targets each, a change, a priority and a status. */
const mostCommands = 403;

function isStorablePart(command: Command): boolean {
  const { agent } = command;
  if (!agentTypes.includes(agent?.type) || !isText(agent.name, 255)) return false;
  if (agent.id !== null && !isText(agent.id, 255)) return false;
  switch (command.type) {
    case 'resolve':
      return [command.resolution, command.rootCause].every((text) => text === null || isText(text, 15_000));
    case 'action': {
      const { action } = command;
      const { definitionId = null } = action ?? {};
      if (!actionTypes.includes(action?.type) || !isUuid(action.id)) return false;
      return isUuidOrNull(action.subscriptionId) && isUuidOrNull(definitionId);
    }
    case 'change':
      return isStorableTexts(command.changes);
    case 'prioritise':
      return isTextOrNull(command.priority, 64);
    case 'escalate':
      return command.because === undefined && ((command.level ?? null) === null || Number.isSafeInteger(command.level));
    case 'acknowledge':
    case 'unacknowledge':
      return true;
    case 'trigger':
    case 'change_urgency':
      return false;
    // Read by `detailReaders`, which let nothing else through.
    case 'reassign':
    case 'delegate':
    case 'snooze':
    case 'prioritise':
    case 'annotate':
    case 'add_responders':
    case 'reply':
    case 'publish_status_update':
    case 'set_conference_bridge':
    case 'move_pending_action':
    case 'merge':
    case 'reopen':
      return true;
  }
}

function isStorableTexts(changes: IncidentChanges): boolean {
  const { name, description, urgency, severity = null, assignees, resolution, rootCause } = changes;
  if (!isTextOrNull(severity, 64)) return false;
  if (name !== undefined && !isText(name, 255)) return false;
  if (![description, resolution, rootCause].every((text) => text === undefined || isText(text, 15_000))) return false;
  if (urgency !== undefined && !urgencies.includes(urgency)) return false;
  if (assignees === undefined) return true;
  if (!Array.isArray(assignees) || assignees.length > 50) return false;
  return assignees.every((assignee) => assigneeTypes.includes(assignee?.type) && isUuid(assignee.id));
}
