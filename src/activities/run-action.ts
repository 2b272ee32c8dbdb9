import { ApplicationFailure } from '@temporalio/activity';
import { toStorable } from '../domain/json/storable.ts';
import type { Logger } from '../logger.ts';
import { mostHops } from '../outbound/hops.ts';
import type { Post, PostResult } from '../outbound/post.ts';
import { UnfitRequest } from '../outbound/unfit-request.ts';
import type { ActionErrorCode, ActionOutcome, ActionRun, ActionRunStore } from '../stores/action-runs.ts';
import type { EventStore } from '../stores/events.ts';
import type { StatusPageStore } from '../stores/status-pages.ts';
import { composeBody, composeRequest } from './action-request.ts';
import { taskOf } from './action-task.ts';
import type { ActionActivities } from './incident-activities.ts';
import { persistently } from './persistently.ts';

export interface ActionActivitiesDeps {
  runs: ActionRunStore;
  post: Post;
  events: Pick<EventStore, 'submitInternally'>;
  statusPages: Pick<StatusPageStore, 'affect'>;
  publicUrl: string;
  logger: Logger;
  now?: () => Date;
}

/** `again`: it failed in a way that another attempt may mend. */
type Result = ActionOutcome & { again?: boolean };

const longestError = 500;
/** Answers that ask for another attempt, as all from 500 on do. */
const passingStatuses = [408, 429];

/**
 * Carries actions out at least once: one whose worker died after it was sent and before that was stored is sent again,
 * under the same id.
 */
export function createActionActivities(deps: ActionActivitiesDeps): ActionActivities {
  const { runs, post, events, statusPages, publicUrl, logger } = deps;
  const now = deps.now ?? (() => new Date());

  /** What it throws, it would throw at every attempt; what its answer throws may pass. */
  const prepare = (run: ActionRun): (() => Promise<Result>) => {
    const { id, organisationId, incidentId } = run;
    const task = taskOf(run);
    if (!task) throw new Error('The settings of an action cannot be read');
    if (task.kind === 'status-page') {
      const target = { statusPageId: task.statusPageId, componentId: task.componentId, incidentId };
      return async () => resultOfUpdate(await statusPages.affect(organisationId, target));
    }
    if (run.hops >= mostHops)
      throw new UnfitRequest('too_many_hops', `${mostHops} actions led to this incident; a further one is not sent`);
    const moment = { at: now(), publicUrl };
    if (task.kind === 'request') {
      const request = composeRequest(run, task, moment);
      return async () => resultOfPost(await post(request));
    }
    // As if it had been posted there as JSON, without the network in between.
    const body = Buffer.from(composeBody(run, task.body, 'application/json', moment).text);
    const event = { id, organisationId, webhookId: task.webhookId, body, hops: run.hops + 1 };
    return async () => resultOfSubmission(await events.submitInternally(event));
  };

  const carryOut = async (run: ActionRun): Promise<Result> => {
    let effect: () => Promise<Result>;
    try {
      effect = prepare(run);
    } catch (error) {
      if (error instanceof UnfitRequest) return failed(error.code, error.message);
      logger.error({ err: error, actionId: run.id }, 'an action could not be prepared');
      return failed('internal_error', 'it could not be prepared');
    }
    return effect();
  };

  return {
    async runAction({ organisationId, actionId }) {
      try {
        const run = await runs.begin(organisationId, actionId);
        if (!run) return;
        const { again = false, ...outcome } = await carryOut(run);
        logger.debug({ actionId, attempt: run.attempts, ...outcome }, 'action carried out');
        if (outcome.outcome === 'failed' && again) {
          await runs.note(organisationId, actionId, outcome);
          throw ApplicationFailure.retryable(outcome.error, outcome.errorCode);
        }
        await persistently(() => runs.finish(organisationId, actionId, outcome));
      } catch (error) {
        if (error instanceof ApplicationFailure) throw error;
        // The log says what it was; what is thrown may become the error that users read.
        logger.error({ err: error, actionId }, 'an action could not be carried out');
        throw ApplicationFailure.retryable('it failed for a reason of our own', 'internal_error');
      }
    },

    async giveUpAction({ organisationId, actionId, message }) {
      await runs.giveUp(organisationId, actionId, bounded(message));
    },
  };
}

function resultOfPost({ outcome, statusCode, error }: PostResult): Result {
  if (outcome === 'success') return { outcome: 'succeeded', statusCode };
  const passes =
    outcome === 'http_error'
      ? statusCode !== null && (statusCode >= 500 || passingStatuses.includes(statusCode))
      : outcome !== 'refused_address';
  return { ...failed(outcome, error ?? outcome, statusCode), again: passes };
}

function resultOfUpdate(answer: 'affected' | 'unknown_component'): Result {
  if (answer === 'affected') return { outcome: 'succeeded', statusCode: null };
  return failed(answer, 'the status page no longer has this component');
}

function resultOfSubmission(answer: 'stored' | 'unknown_webhook'): Result {
  if (answer === 'stored') return { outcome: 'succeeded', statusCode: null };
  return failed(answer, 'the webhook was deleted or disabled');
}

function failed(errorCode: ActionErrorCode, error: string, statusCode: number | null = null): Result {
  return { outcome: 'failed', errorCode, error: bounded(error), statusCode };
}

/** Storable too where it is cut in the middle of a character. */
function bounded(error: string): string {
  return toStorable(error.slice(0, longestError));
}
