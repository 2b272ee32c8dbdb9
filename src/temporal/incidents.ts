import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { Refusal } from '../domain/error-code.ts';
import type { PolicySnapshot } from '../domain/escalation/policy.ts';
import { incidentReference, type IncidentState, type Lifecycle } from '../domain/incident/incident.ts';
import { type IncidentCommand, type IncidentWorkflows, mayFollowResolve } from './incident-workflows.ts';
import type { incident, IncidentInput } from '../workflows/incident/incident.ts';
import type { AcknowledgedInput, ClearedInput, JoinedInput } from '../workflows/incident/messages.ts';
import { incidentWorkflowId, taskQueues, workflowTypes } from './names.ts';
import { failedPrecondition, grpcCode, isHandingOver, refusal, translate } from './refusals.ts';
import { searchAttributesOf } from './search-attribute-keys.ts';
import { argumentsOf } from './update-arguments.ts';

/** How long an API caller waits for a command to be confirmed (design promise: read your own write, or 503). */
const confirmationMs = 5_000;
const repeatMs = 50;
/** A worker that died in a task is noticed after this; the default of ten seconds would hold its incidents longer. */
const workflowTaskTimeout = '5s';

/** An incident as its row says: what its workflow starts from, the first time or after it has ended. */
export interface StoredIncident {
  status: string;
  opening: IncidentState;
  /** Of the newest transition; 0: not even the opening is stored. */
  sequence: number;
  lifecycle: Lifecycle;
  /** The one in use. */
  escalationPolicy: PolicySnapshot | null;
  /** Of the newest transitions, oldest first. */
  commandIds: string[];
  occurrences: number;
  lastOccurrenceAt: string | null;
}

export function createIncidentWorkflows(
  client: Client,
  read: (organisationId: string, incidentId: string) => Promise<StoredIncident | null>,
  taskQueue: string = taskQueues.incidents,
): IncidentWorkflows {
  const handleOf = (incidentId: string) => client.workflow.getHandle(incidentWorkflowId(incidentId));

  function startOptions(input: IncidentInput) {
    const { state } = input;
    return {
      workflowId: incidentWorkflowId(state.incidentId),
      taskQueue,
      args: [input] as [IncidentInput],
      workflowTaskTimeout,
      typedSearchAttributes: new TypedSearchAttributes(searchAttributesOf(state)),
      staticSummary: incidentReference(state.number),
    };
  }

  /** For one whose workflow does not run (any more). */
  function startAgainOptions(stored: StoredIncident) {
    return {
      ...startOptions(inputOf(stored)),
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
    } as const;
  }

  /** Answers false when the workflow does not run. */
  async function update(incidentId: string, command: IncidentCommand, deadline: number): Promise<boolean> {
    try {
      await client.withDeadline(deadline, () =>
        handleOf(incidentId).executeUpdate(command.type, { updateId: command.id, args: [argumentsOf(command)] }),
      );
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      return false;
    }
  }

  async function updateWithStart(
    organisationId: string,
    incidentId: string,
    command: IncidentCommand,
    deadline: number,
  ) {
    const stored = await read(organisationId, incidentId);
    if (!stored) throw new Refusal('not_found', 'No such incident.');
    if (stored.status === 'resolved' && !mayFollowResolve(command)) throw refusal('incident_resolved');
    const startWorkflowOperation = new WithStartWorkflowOperation<typeof incident>(
      workflowTypes.incident,
      startAgainOptions(stored),
    );
    await client.withDeadline(deadline, () =>
      client.workflow.executeUpdateWithStart(command.type, {
        updateId: command.id,
        args: [argumentsOf(command)],
        startWorkflowOperation,
      }),
    );
  }

  /** Answers false when the workflow does not run. */
  async function tell<Input>(incidentId: string, signal: string, input: Input): Promise<boolean> {
    try {
      await handleOf(incidentId).signal<[Input]>(signal, input);
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      return false;
    }
  }

  return {
    async start(state) {
      try {
        await client.workflow.start<typeof incident>(workflowTypes.incident, {
          ...startOptions({ state }),
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
        });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    },

    async joined(incidentId, { count, lastAt }) {
      try {
        await handleOf(incidentId).signal<[JoinedInput]>('joined', { count, lastAt });
      } catch (error) {
        // It ended meanwhile: what joined before that instant is on its row, and nobody else needs to know.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },

    cleared: (incidentId, { eventId, by: { type, id, name } }) =>
      tell<ClearedInput>(incidentId, 'cleared', { eventId, [type]: { id, name } }),

    acknowledged: (incidentId, { eventId, webhook }) =>
      tell<AcknowledgedInput>(incidentId, 'acknowledged', { eventId, webhook }),

    async merged(organisationId, incidentId, { incidentId: into, since, by }) {
      const given = { id: `merged:${into}:${since}`, by: by ?? 'merge', incident_id: into };
      try {
        await handleOf(incidentId).signal('merged', given);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        const stored = await read(organisationId, incidentId);
        if (!stored || stored.status === 'resolved') return;
        await client.workflow.signalWithStart<typeof incident, [typeof given]>(workflowTypes.incident, {
          ...startAgainOptions(stored),
          signal: 'merged',
          signalArgs: [given],
        });
      }
    },

    async command(organisationId, incidentId, command) {
      const deadline = Date.now() + confirmationMs;
      for (;;) {
        try {
          if (!(await update(incidentId, command, deadline)))
            await updateWithStart(organisationId, incidentId, command, deadline);
          return;
        } catch (error) {
          // The task that carried the update failed, as when a signal comes in just as a resolve ends the workflow.
          const mayRepeat = grpcCode(error) === failedPrecondition || isHandingOver(error);
          if (!mayRepeat || Date.now() + repeatMs >= deadline) throw translate(error);
          await sleep(repeatMs);
        }
      }
    },
  };
}

function inputOf({ opening, sequence, lifecycle, escalationPolicy, ...stored }: StoredIncident): IncidentInput {
  if (sequence === 0) return { state: opening };
  const { commandIds, occurrences, lastOccurrenceAt } = stored;
  return {
    state: { ...opening, lifecycle, ...(escalationPolicy === null ? {} : { escalationPolicy }) },
    resumed: { commandIds, occurrences, lastOccurrenceAt },
  };
}
