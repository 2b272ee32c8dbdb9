import { actionTypes } from '../../domain/incident/log-entry.ts';
import type { Command } from '../../domain/incident/transition.ts';
import { isText } from './signal-command.ts';

const agentTypes = ['member', 'key', 'ruleset', 'operator'];
/** Ids that the workflow gives itself. */
const ownIds = /^(trigger$|opening:|timer:|signal:)/;

/**
 * True for what the API sends. Others may send updates too (the Temporal UI and CLI can), and one that the read model
 * cannot store would be tried for ever.
 */
export function isStorableUpdate(command: Command): boolean {
  const { id, agent } = command;
  if (!isText(id, 255) || ownIds.test(id)) return false;
  if (!agentTypes.includes(agent?.type) || !isText(agent.name, 255)) return false;
  if (agent.id !== null && !isText(agent.id, 255)) return false;
  switch (command.type) {
    case 'resolve':
      return [command.resolution, command.rootCause].every((text) => text === null || isText(text, 15_000));
    case 'action': {
      const { action } = command;
      return actionTypes.includes(action?.type) && isUuid(action.id) && isUuidOrNull(action.subscriptionId);
    }
    case 'acknowledge':
    case 'escalate':
      return true;
    case 'trigger':
    case 'unacknowledge':
      return false;
  }
}

function isUuid(value: unknown): boolean {
  return isText(value, 36) && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

function isUuidOrNull(value: unknown): boolean {
  return value === null || isUuid(value);
}
