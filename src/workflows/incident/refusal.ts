import { ApplicationFailure } from '@temporalio/workflow';

/** Any other throw would wedge the workflow in task retries. */
export function refusal(code: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`Refused: ${code}`, code);
}
