import { log, patched, setHandler, uuid4, workflowInfo } from '@temporalio/workflow';
import { inOrder, takeEarlySignals } from './early-signals.ts';
import type { IncidentRun } from './incident-run.ts';
import { type MergeBySignal, mergesBySignal } from './merge-signal.ts';
import { type JoinedInput, namedSignal } from './messages.ts';
import { detailedMessages } from './read-details.ts';
import {
  acknowledgedCommand,
  clearedCommand,
  plainSignals,
  signalCommand,
  type SignalledCommand,
} from './signal-command.ts';

type Hear = (given: unknown) => void;

/** What operators and the inbox signal. None can be refused: what is malformed or comes too late is dropped. */
export function setSignalHandlers(run: IncidentRun, merging: MergeBySignal): void {
  const placeOf = createPlaces();

  function signalled(name: SignalledCommand, given: unknown): void {
    if (name === 'merge' && !mergesBySignal()) return;
    const command = signalCommand(name, given, uuid4, () => placeOf(name));
    if (typeof command === 'string') return dropped(name, command);
    if (command.type === 'merge') merging.merge(command);
    else run.hear(name, command);
  }

  function joined(given: unknown): void {
    const { count, lastAt } = (given ?? {}) as Partial<JoinedInput>;
    if (!Number.isSafeInteger(count)) return dropped('joined', 'count must be a whole number');
    run.occurrences = Math.max(run.occurrences, Number(count));
    run.hearOfOccurrence(lastAt);
  }

  function cleared(given: unknown): void {
    const command = clearedCommand(given);
    if (command === null) return dropped('cleared', 'it must name an event, and a ruleset or a webhook');
    run.hear('cleared', command);
  }

  function acknowledged(given: unknown): void {
    const command = acknowledgedCommand(given);
    if (command === null) return dropped('acknowledged', 'it must name an event and a webhook');
    run.hear('acknowledged', command);
  }

  const names: SignalledCommand[] = [...detailedMessages, ...plainSignals];
  const heard: Record<string, Hear> = {
    ...Object.fromEntries(names.map((name) => [name, (given: unknown) => signalled(name, given)])),
    joined,
    cleared,
    acknowledged,
  };
  const early = takeEarlySignals();
  for (const [name, hear] of Object.entries(heard)) setHandler(namedSignal(name), hear);
  for (const { name, given } of inOrder(early, Object.keys(heard))) heard[name]!(given);
}

/**
 * Names signals that have no id. After a reset Temporal gives the new run those of the old one again: the first of its
 * name is the same one there.
 */
function createPlaces(): (name: string) => string {
  const places = new Map<string, number>();
  return (name) => {
    if (!patched('names-signals-by-place')) return uuid4();
    const { continuedFromExecutionRunId, firstExecutionRunId } = workflowInfo();
    const place = (places.get(name) ?? 0) + 1;
    places.set(name, place);
    return `${continuedFromExecutionRunId ?? firstExecutionRunId}:${name}:${place}`;
  };
}

function dropped(signal: string, reason: string): void {
  log.warn('dropped a malformed signal', { signal, reason });
}
