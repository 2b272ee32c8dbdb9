import type { ActionDraft, SettingsDraft } from '../../domain/action/action-draft.ts';
import type { FieldError } from '../../domain/error-code.ts';
import { dialects } from '../../outbound/index.ts';
import { planTransition } from '../../outbound/dialect.ts';
import type { Transaction } from '../../stores/sql.ts';
import type { ApiDeps } from '../deps.ts';

/** URLs that must not be called. Looks names up, so it does not belong into a transaction. */
export async function refusedUrls(
  { targetRefusal }: Pick<ApiDeps, 'targetRefusal'>,
  drafts: ActionDraft[],
): Promise<FieldError[]> {
  const settings = drafts.flatMap((draft) => draft.settings);
  const urls = [...new Set(settings.flatMap(({ values: { url } }) => url ?? []))];
  const refused = new Map(await Promise.all(urls.map(async (url) => [url, await targetRefusal(url)] as const)));
  return settings.flatMap(({ field, values: { url } }) => {
    const message = url === undefined ? null : refused.get(url);
    return message ? [{ field: `${field}.url`, message }] : [];
  });
}

/**
 * Components, webhooks and subscriptions that the organisation does not have, and subscriptions whose dialect has no
 * word for an action. With a transaction, those that it has stay until its end.
 */
export async function unknownTargets(
  { stores }: Pick<ApiDeps, 'stores'>,
  organisationId: string,
  drafts: ActionDraft[],
  tx?: Transaction,
): Promise<FieldError[]> {
  const settings = drafts.flatMap((draft) => draft.settings);
  return [...(await unknownComponents()), ...(await unknownReceivers())];

  async function unknownComponents(): Promise<FieldError[]> {
    const named = settings.flatMap(({ field, values: { status_page_id: statusPageId, component_id: componentId } }) =>
      statusPageId === undefined || componentId === undefined ? [] : [{ field, statusPageId, componentId }],
    );
    const places = await stores.statusPages.unknownComponents(organisationId, named, tx);
    return places.map((place) => ({
      field: `${named[place]!.field}.component_id`,
      message: 'is not a component of this status page, in this organisation',
    }));
  }

  async function unknownReceivers(): Promise<FieldError[]> {
    const webhookIds = settings.flatMap(({ values }) => values.webhook_id ?? []);
    const subscriptionIds = settings.flatMap(({ values }) => values.subscription_id ?? []);
    const known = await stores.actionDefinitions.knownTargets(organisationId, { webhookIds, subscriptionIds }, tx);
    return settings.flatMap((one) => faultOf(one, known));
  }
}

function faultOf(
  { field, values: { webhook_id: webhookId, subscription_id: subscriptionId } }: SettingsDraft,
  { webhooks, subscriptions }: { webhooks: Set<string>; subscriptions: Map<string, string> },
): FieldError[] {
  if (webhookId !== undefined && !webhooks.has(webhookId))
    return [{ field: `${field}.webhook_id`, message: 'is not a webhook of this organisation' }];
  const problem = subscriptionId === undefined ? null : subscriptionProblem(subscriptions.get(subscriptionId));
  return problem ? [{ field: `${field}.subscription_id`, message: problem }] : [];
}

function subscriptionProblem(dialectName: string | undefined): string | null {
  if (dialectName === undefined) return 'is not a known subscription';
  const dialect = dialects[dialectName];
  if (!dialect || planTransition([dialect], { type: 'action_run', details: {} }).length === 0)
    return `is of dialect ${dialectName}, which has no event for an action`;
  return null;
}
