import { defaultGrpcRetryOptions, type GrpcRetryOptions } from '@temporalio/client';

/** Some six seconds of attempts, which is more than any caller waits. */
const mostAttempts = 15;
const longestPauseMs = 500;

/**
 * A workflow takes ten updates at once, and a server refuses the next one as RESOURCE_EXHAUSTED for as long. The SDK's
 * own pauses after that grow from two seconds to five and know of no deadline: a command that could be confirmed is not,
 * and who sent it hears so seconds too late.
 */
export function grpcRetryOptions(): GrpcRetryOptions {
  const { delayFunction, retryableDecider } = defaultGrpcRetryOptions({
    maxAttempts: mostAttempts,
    initialIntervalMs: () => 100,
  });
  return {
    retryableDecider,
    delayFunction: (attempt, status) => Math.min(longestPauseMs, delayFunction(attempt, status)),
  };
}
