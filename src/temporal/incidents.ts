import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes } from '@temporalio/common';
import { errorCodes, Refusal, type ErrorCode } from '../domain/error-code.ts';
import { incidentReference, type IncidentState } from '../domain/incident/incident.ts';
import type { IncidentCommand, IncidentWorkflows } from './incident-workflows.ts';
import type { incident } from '../workflows/incident/incident.ts';
import type { ClearedInput, JoinedInput } from '../workflows/incident/messages.ts';
import { incidentWorkflowId, taskQueues, workflowTypes } from './names.ts';
import { searchAttributesOf } from './search-attribute-keys.ts';

/** How long an API caller waits for a command to be confirmed (design promise: read your own write, or 503). */
const confirmationMs = 5_000;
const repeatMs = 50;
/** gRPC's status. */
const failedPrecondition = 9;
/** A worker that died in a task is noticed after this; the default of ten seconds would hold its incidents longer. */
const workflowTaskTimeout = '5s';

const detailOf: Partial<Record<ErrorCode, string>> = {
  incident_resolved: 'The incident is resolved already.',
  already_acknowledged: 'The incident is acknowledged already.',
  not_acknowledged: 'The incident is not acknowledged.',
};

export interface IncidentOpening {
  status: string;
  opening: IncidentState;
}

/** `opening` reads the stored row: what to start a workflow from that a crash kept from starting. */
export function createIncidentWorkflows(
  client: Client,
  opening: (organisationId: string, incidentId: string) => Promise<IncidentOpening | null>,
  taskQueue: string = taskQueues.incidents,
): IncidentWorkflows {
  async function start(state: IncidentState): Promise<void> {
    try {
      await client.workflow.start<typeof incident>(workflowTypes.incident, {
        workflowId: incidentWorkflowId(state.incidentId),
        taskQueue,
        args: [{ state }],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        workflowTaskTimeout,
        typedSearchAttributes: new TypedSearchAttributes(searchAttributesOf(state)),
        staticSummary: incidentReference(state.number),
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  async function update(incidentId: string, command: IncidentCommand): Promise<void> {
    const handle = client.workflow.getHandle(incidentWorkflowId(incidentId));
    const deadline = Date.now() + confirmationMs;
    for (;;) {
      try {
        return await client.withDeadline(deadline, async () => {
          await handle.executeUpdate(command.type, { updateId: command.id, args: [argumentsOf(command)] });
        });
      } catch (error) {
        // The task that carried the update failed, as when a signal comes in just as a resolve ends the workflow.
        if (grpcCode(error) !== failedPrecondition || Date.now() + repeatMs >= deadline) throw error;
        await sleep(repeatMs);
      }
    }
  }

  return {
    start,

    async joined(incidentId, { count, lastAt }) {
      try {
        await client.workflow
          .getHandle(incidentWorkflowId(incidentId))
          .signal<[JoinedInput]>('joined', { count, lastAt });
      } catch (error) {
        // It ended meanwhile: what joined before that instant is on its row, and nobody else needs to know.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },

    async cleared(incidentId, cleared) {
      try {
        await client.workflow.getHandle(incidentWorkflowId(incidentId)).signal<[ClearedInput]>('cleared', cleared);
        return true;
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        return false;
      }
    },

    async command(organisationId, incidentId, command) {
      try {
        await update(incidentId, command).catch(async (error) => {
          if (!(error instanceof WorkflowNotFoundError)) throw error;
          const row = await opening(organisationId, incidentId);
          if (!row) throw new Refusal('not_found', 'No such incident.');
          if (row.status === 'resolved') throw refusal('incident_resolved');
          // The row was claimed, but its workflow never started.
          await start(row.opening);
          await update(incidentId, command);
        });
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

function argumentsOf(command: IncidentCommand): Record<string, unknown> {
  switch (command.type) {
    case 'acknowledge':
    case 'unacknowledge':
    case 'escalate':
      return { agent: command.agent };
    case 'resolve':
      return { agent: command.agent, resolution: command.resolution, rootCause: command.rootCause };
    case 'action':
      return { agent: command.agent, action: { ...command.action, trigger: 'manual' } };
    case 'change': {
      const { agent, changes, actions, status } = command;
      return { agent, changes, actions: actions.map((action) => ({ ...action, trigger: 'manual' })), status };
    }
  }
}

/** Temporal's errors as refusals; what is none of them passes through and is a bug. */
export function translate(error: unknown): unknown {
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
    const code = errorCodes.find((candidate) => candidate === (error.cause as ApplicationFailure).type);
    return code ? refusal(code) : error;
  }
  if (error instanceof WorkflowNotFoundError)
    return new Refusal(
      'unavailable',
      "The incident's workflow has ended although the incident is open; ask an operator.",
    );
  if (
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    [1, 4, failedPrecondition].includes(grpcCode(error) ?? -1)
  )
    return new Refusal(
      'not_confirmed',
      'No worker confirmed this within 5 seconds. It may still apply; repeating it with the same Idempotency-Key is safe.',
    );
  if ([14, 8, 10].includes(grpcCode(error) ?? -1))
    return new Refusal('unavailable', 'Temporal cannot be reached; try again shortly.');
  return error;
}

function refusal(code: ErrorCode): Refusal {
  return new Refusal(code, detailOf[code] ?? `Refused: ${code}.`);
}

function grpcCode(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error;
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}
