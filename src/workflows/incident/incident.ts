import {
  allHandlersFinished,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { urgencyOf } from '../../domain/incident/incident.ts';
import { statusKey, urgencyKey } from '../../temporal/search-attribute-keys.ts';
import { adopt } from './adopt.ts';
import { incidentDetails } from './details.ts';
import { createEffects } from './effects.ts';
import { createIncidentRun, type IncidentInput, type IncidentRun } from './incident-run.ts';
import { createMergeBySignal } from './merge-signal.ts';
import { stateQuery } from './messages.ts';
import { firstBatch, record } from './recording.ts';
import { setSignalHandlers } from './signal-handlers.ts';
import { setUpdateHandlers } from './update-handlers.ts';

export type { IncidentInput } from './incident-run.ts';

/** How long a resolved incident that was started again waits for the command it was started for. */
const patienceWhenResolved = '10s';

/** One incident from its opening until it is resolved and everything about it is stored. */
export async function incident(input: IncidentInput): Promise<void> {
  const run = createIncidentRun(input);
  const { unstored } = run;
  const effects = createEffects(run);
  const merging = createMergeBySignal(run, effects, show);
  const showAttributes = createAttributes(run);

  const isOver = () => run.state.lifecycle.status === 'resolved';
  const handsOver = () => {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || (input.continueAfter !== undefined && historyLength >= input.continueAfter);
  };
  const closes = () => (isOver() || handsOver()) && !effects.areUnderWay() && allHandlersFinished();

  function show(): void {
    setCurrentDetails(incidentDetails(run.state, run.occurrences, merging.refused()));
  }

  // Before any handler is set: a signal that came before the first task runs as soon as its handler is, and the log
  // must begin with the opening.
  if (input.resumed) run.followTimers();
  else open(run);
  setUpdateHandlers(run, () => handsOver() && !effects.areUnderWay());
  setSignalHandlers(run, merging);
  setHandler(stateQuery, () => run.state);

  // Started again for the sake of a command: it comes with the first task, unless it is refused.
  if (input.resumed && isOver()) await condition(() => unstored.length > 0, patienceWhenResolved);

  for (;;) {
    show();
    await condition(() => unstored.length > 0 || closes());
    if (unstored.length > 0) {
      const batch = firstBatch(unstored);
      const ahead = await record(run.state, batch);
      if (ahead) adopt(run, effects, ahead);
      else effects.beginAll(unstored.splice(0, batch.length));
      showAttributes();
      // Handlers that waited for this must finish before the run may close.
      continue;
    }
    if (isOver()) return;
    const { state, commandIds, occurrences, lastOccurrenceAt } = run;
    await continueAsNew<typeof incident>({
      state,
      resumed: { commandIds: [...commandIds], occurrences, lastOccurrenceAt },
      ...(input.continueAfter === undefined ? {} : { continueAfter: input.continueAfter }),
    });
  }
}

function open({ state, apply }: IncidentRun): void {
  const opened = { agent: state.openedBy, channel: state.openedThrough };
  apply({ ...opened, type: 'trigger', id: 'trigger' });
  for (const openingAction of state.openingActions)
    apply({ ...opened, type: 'action', id: `opening:${openingAction.id}`, action: openingAction });
}

/** Search attributes, changed where what they say has changed since they were last set. */
function createAttributes(run: IncidentRun): () => void {
  let status = run.state.lifecycle.status;
  let urgency = urgencyOf(run.state);
  return () => {
    if (status !== run.state.lifecycle.status) {
      status = run.state.lifecycle.status;
      upsertSearchAttributes([{ key: statusKey, value: status }]);
    }
    if (urgency !== urgencyOf(run.state)) {
      urgency = urgencyOf(run.state);
      upsertSearchAttributes([{ key: urgencyKey, value: urgency }]);
    }
  };
}
