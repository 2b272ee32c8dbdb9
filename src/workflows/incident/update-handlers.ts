import { condition, currentUpdateInfo, setHandler, uuid4 } from '@temporalio/workflow';
import type { Command } from '../../domain/incident/command.ts';
import { commandOf, firstDue, waitForQuiet } from '../../domain/incident/pending-action.ts';
import { transition } from '../../domain/incident/transition.ts';
import { commandsOf } from './composite-change.ts';
import { type IncidentRun, now } from './incident-run.ts';
import * as messages from './messages.ts';
import { detailedMessages, detailReaders, type Details } from './read-details.ts';
import { refusal } from './refusal.ts';
import { isStorableChange, isStorableUpdate } from './update-command.ts';

/** A command, or a text that says what is wrong; whether it can be stored is looked at later. */
type Reader = (given: Record<string, unknown>) => object | string;

const plainReaders: Record<string, Reader> = {
  acknowledge: () => ({ type: 'acknowledge' }),
  unacknowledge: () => ({ type: 'unacknowledge' }),
  escalate: ({ level = null }) => ({ type: 'escalate', ...(level === null ? {} : { level }) }),
  resolve: ({ resolution = null, rootCause = null }) => ({ type: 'resolve', resolution, rootCause }),
  action: ({ action }) => ({ type: 'action', action: { ...(action as object | undefined), trigger: 'manual' } }),
};

/** What the API asks for. `isFull`: this run takes no more of it, so that it comes to hand over to the next. */
export function setUpdateHandlers(run: IncidentRun, isFull: () => boolean): void {
  function refuseOrPass(commands: Command[]): void {
    // With updates that never pause there would be no moment to hand over in. The client asks again.
    if (isFull()) throw refusal('unavailable');
    refuseWhatCannotBe(run, commands);
  }

  const take = (name: string, read: Reader) =>
    setHandler(messages.namedUpdate(name), (given) => carryOut(run, [commandFrom(read, given)]), {
      validator(given) {
        const command = commandFrom(read, given);
        if (!isStorableUpdate(command)) throw refusal('invalid_fields');
        refuseOrPass([command]);
      },
    });

  // In this order: those that came before their handlers were there are taken as these are set.
  for (const [name, read] of Object.entries(plainReaders)) take(name, read);
  setHandler(messages.changeUpdate, (given) => carryOut(run, commandsOf(fromApi(given), given)), {
    validator(given) {
      const common = fromApi(given);
      const commands = commandsOf(common, given);
      if (!isStorableChange(common.id, given, commands)) throw refusal('invalid_fields');
      refuseOrPass(commands);
    },
  });
  for (const name of detailedMessages) take(name, detailReaders[name]);
}

/** Answers once all of it is stored. */
async function carryOut(run: IncidentRun, commands: Command[]): Promise<messages.UpdateResult> {
  run.playDue();
  for (const command of commands) if (!run.commandIds.has(command.id)) run.apply(command, 'update');
  const ids = new Set(commands.map(({ id }) => id));
  await condition(() => !run.unstored.some((waiting) => ids.has(waiting.command.id)));
  for (const id of ids) {
    const code = run.overtaken.get(id);
    if (code !== undefined) throw refusal(code);
  }
  return { sequence: run.state.lifecycle.sequence };
}

/** Throws unless all of them can happen, one after the other, once what is due has happened. */
function refuseWhatCannotBe({ state, commandIds, lastOccurrenceAt }: IncidentRun, commands: Command[]): void {
  const fresh = commands.filter(({ id }) => !commandIds.has(id));
  if (fresh.length === 0) return;
  let ahead = waitForQuiet(state, lastOccurrenceAt, now());
  for (let due = firstDue(ahead.lifecycle, now()); due; due = firstDue(ahead.lifecycle, now())) {
    const played = transition(ahead, commandOf(due, ahead), now());
    if (!played.accepted) break;
    ahead = played.state;
  }
  for (const command of fresh) {
    const result = transition(ahead, command, now());
    if (!result.accepted) throw refusal(result.code);
    ahead = result.state;
  }
}

function fromApi(given: messages.UpdateInput): Pick<Command, 'id' | 'agent' | 'channel'> {
  return { id: currentUpdateInfo()?.id ?? uuid4(), agent: given?.agent, channel: 'api' };
}

/** Throws what the message asks for when that cannot be. */
function commandFrom(read: Reader, given: messages.NamedInput): Command {
  const details = read(given ?? {});
  if (typeof details === 'string') throw refusal('invalid_fields');
  return { ...fromApi(given), ...(details as Details) } as Command;
}
