import { dialects } from '../../outbound/index.ts';
import { eventNameOf } from '../../outbound/dialect.ts';
import type { SubscriptionStore } from '../../stores/subscriptions.ts';

/** What is wrong with the subscription that an action names, or null: it must be there and be able to say it. */
export async function actionTargetProblem(
  subscriptions: Pick<SubscriptionStore, 'get'>,
  organisationId: string,
  subscriptionId: string | undefined,
): Promise<string | null> {
  if (subscriptionId === undefined) return null;
  const subscription = await subscriptions.get(organisationId, subscriptionId);
  if (!subscription) return 'is not a known subscription';
  const dialect = dialects[subscription.dialect];
  if (!dialect || eventNameOf(dialect, 'action_run') === undefined)
    return `is of dialect ${subscription.dialect}, which has no event for an action`;
  return null;
}
