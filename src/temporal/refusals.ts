import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { errorCodes, Refusal, type ErrorCode } from '../domain/error-code.ts';

/** gRPC's status. */
export const failedPrecondition = 9;

const detailOf: Partial<Record<ErrorCode, string>> = {
  incident_resolved: 'The incident is resolved already.',
  already_acknowledged: 'The incident is acknowledged already.',
  not_acknowledged: 'The incident is not acknowledged.',
  not_resolved: 'The incident is not resolved.',
  no_further_level: 'There is no such level, or none after the last one.',
  not_a_responder: 'The member has not been asked to help with this incident.',
  no_such_pending_action: 'The incident waits for nothing of this type.',
  key_in_use: 'Another incident with this incident_key is open.',
  unavailable: 'The incident takes nothing new at this moment; try again shortly.',
  limit_reached: 'The incident has as many of these as it may have.',
};

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

/** The workflow is about to continue as new, and takes the update in its next run. */
export function isHandingOver(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return false;
  return error.cause instanceof ApplicationFailure && error.cause.type === ('unavailable' satisfies ErrorCode);
}

export function refusal(code: ErrorCode): Refusal {
  return new Refusal(code, detailOf[code] ?? `Refused: ${code}.`);
}

export function grpcCode(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error;
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}
