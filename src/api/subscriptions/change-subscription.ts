import { Refusal, type FieldError } from '../../domain/error-code.ts';
import { planTransition } from '../../outbound/dialect.ts';
import { dialects } from '../../outbound/index.ts';
import { type ApiKey, viewerOf } from '../../stores/api-keys.ts';
import type { Transaction } from '../../stores/sql.ts';
import type { Subscription } from '../../stores/subscription-rows.ts';
import type { NewSubscription, SubscriptionChange } from '../../stores/subscriptions.ts';
import type { ApiDeps } from '../deps.ts';
import { stillReferenced } from '../still-referenced.ts';

/** A header as its caller gave it; null: the value that is stored. */
export interface WantedHeader {
  name: string;
  value: string | null;
}

interface WantedHeaders {
  headers?: WantedHeader[] | undefined;
}
/** What stays undefined has its default. */
export type WantedSubscription = Omit<NewSubscription, 'headers'> & WantedHeaders;
/** What stays undefined stays as it is. */
export type WantedChange = Omit<SubscriptionChange, 'headers'> & WantedHeaders;

/**
 * Stores a subscription. Throws `Refusal`, its fields those of the native API, for what the organisation does not have;
 * `permission_denied` where it is to hear of more than the key may see.
 */
export async function createSubscription(
  { stores }: Pick<ApiDeps, 'stores'>,
  key: ApiKey,
  { headers: wanted = [], ...draft }: WantedSubscription,
  tx: Transaction,
): Promise<Subscription & { secret: string }> {
  const { organisationId } = key;
  if (draft.includesPrivate) requireSight(key);
  const headers = settleHeaders(wanted, {});
  refuse([...headers.errors, ...(await stores.subscriptions.findUnknown(organisationId, draft, tx))]);
  return stores.subscriptions.create(organisationId, { ...draft, headers: headers.settled }, tx);
}

/**
 * Changes a subscription; undefined for an unknown one. Throws `Refusal`, its fields those of the native API,
 * `permission_denied` where it goes on hearing of more than the key may see, or begins to, and `still_referenced` where rulesets tell it of actions and another dialect has no event for them.
 */
export async function changeSubscription(
  { stores }: Pick<ApiDeps, 'stores'>,
  key: ApiKey,
  id: string,
  { headers: wanted, ...change }: WantedChange,
  tx: Transaction,
): Promise<Subscription | undefined> {
  const { organisationId } = key;
  const held = await stores.subscriptions.hold(organisationId, id, tx);
  if (!held) return undefined;
  const { subscription } = held;
  // Its URL may be another, and what it is sent with it.
  if (change.includesPrivate ?? subscription.includesPrivate) requireSight(key);
  const sameOrigin = change.url === undefined || new URL(change.url).origin === new URL(subscription.url).origin;
  // Values are a secret between the subscriber and one origin: none goes to another without being given again.
  const headers = wanted && settleHeaders(wanted, (sameOrigin && held.headers) || {});
  const leftBehind = !wanted && !sameOrigin && subscription.headerNames.length > 0;
  refuse([
    ...eventFaults(subscription, change),
    ...(headers?.errors ?? []),
    ...(leftBehind ? [{ field: 'custom_headers', message: 'must be given again with a URL of another origin' }] : []),
    ...(await stores.subscriptions.findUnknown(organisationId, change, tx)),
  ]);
  if (change.dialect !== undefined && change.dialect !== subscription.dialect && !tellsOfActions(change.dialect)) {
    const references = await stores.subscriptions.references(organisationId, id, tx);
    if (references.length > 0) throw stillReferenced('subscription in its dialect', references);
  }
  return stores.subscriptions.update(organisationId, id, { ...change, headers: headers?.settled }, tx);
}

/** Events that a dialect does not have, by their place in the list. */
export function unknownEvents(dialectName: string, events: readonly unknown[]): FieldError[] {
  const names = Object.keys(dialects[dialectName]?.events ?? {});
  return events.flatMap((name, index) =>
    typeof name !== 'string' || names.includes(name)
      ? []
      : [{ field: `events[${index}]`, message: `must be one of ${names.join(', ')}` }],
  );
}

function eventFaults(stored: Subscription, { dialect = stored.dialect, events }: WantedChange): FieldError[] {
  if (events !== undefined) return unknownEvents(dialect, events);
  const [unknown] = dialect === stored.dialect ? [] : unknownEvents(dialect, stored.events);
  return unknown ? [{ field: 'events', message: `must be given: ${dialect} lacks some of those that are stored` }] : [];
}

function settleHeaders(
  wanted: WantedHeader[],
  stored: Record<string, string>,
): { settled: Record<string, string>; errors: FieldError[] } {
  const values = new Map(Object.entries(stored).map(([name, value]) => [name.toLowerCase(), value]));
  const settled = wanted.map(({ name, value }) => [name, value ?? values.get(name.toLowerCase())] as const);
  const errors = settled.flatMap(([, value], index) =>
    value === undefined ? [{ field: `custom_headers[${index}].value`, message: 'must be given: none is stored' }] : [],
  );
  return { settled: Object.fromEntries(settled) as Record<string, string>, errors };
}

function tellsOfActions(dialectName: string): boolean {
  const dialect = dialects[dialectName];
  return dialect !== undefined && planTransition([dialect], { type: 'action_run', details: {} }).length > 0;
}

/** Of a subscription that hears of private incidents: throws `Refusal` `permission_denied` where the key does not see all of them. */
export function requireSight(key: ApiKey): void {
  if (!viewerOf(key).seesPrivate)
    throw new Refusal(
      'permission_denied',
      'A subscription that hears of private incidents needs an API key with the permission view_private_incidents.',
    );
}

function refuse(errors: FieldError[]): void {
  if (errors.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', errors);
}
