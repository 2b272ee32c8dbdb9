import type { Command } from '../../domain/incident/command.ts';
import type { ChangeInput } from './messages.ts';

/**
 * The commands a composite change stands for. The status, else the change, else the priority bears the update's own id, so
 * that a caller can find out what became of it; an action bears its run's, so that it runs once however often it is
 * asked for.
 */
export function commandsOf(common: Pick<Command, 'id' | 'agent' | 'channel'>, given: ChangeInput): Command[] {
  const { changes = null, priority = null, actions = [], status = null } = given ?? {};
  const commands: Command[] = [];
  if (changes !== null)
    commands.push({ ...common, id: status === null ? common.id : `${common.id}:change`, type: 'change', changes });
  if (priority !== null) {
    const id = status === null && changes === null ? common.id : `${common.id}:priority`;
    commands.push({ ...common, id, type: 'prioritise', priority: priority.to });
  }
  for (const action of actions)
    commands.push({ ...common, id: `action:${action?.id}`, type: 'action', action: { ...action, trigger: 'manual' } });
  if (status === 'resolve') commands.push({ ...common, type: 'resolve', resolution: null, rootCause: null });
  else if (status !== null) commands.push({ ...common, type: status });
  return commands;
}
