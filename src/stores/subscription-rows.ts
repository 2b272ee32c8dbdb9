export const filterTypes = ['account', 'service', 'team', 'api_key'] as const;
/** `by_hand`; `gone`: it answered 410; `failing`: nothing but failures for days. */
export const disabledReasons = ['by_hand', 'gone', 'failing'] as const;

/** Of whose incidents it hears. A service is a ruleset, a webhook or a team; the account is the organisation; of an API key, those that it reported. */
export type SubscriptionFilter = { type: 'account'; id: null } | { type: 'service' | 'team' | 'api_key'; id: string };

/** An endpoint that wants to be told. Secrets and the values of its headers are not part of it. */
export interface Subscription {
  id: string;
  name: string;
  description: string;
  url: string;
  dialect: string;
  /** Names of the dialect's own events. */
  events: string[];
  filter: SubscriptionFilter;
  /** Of the headers that go with each request, as they were given. */
  headerNames: string[];
  includesPrivate: boolean;
  timeoutMs: number;
  /** Attempts a second; null: as many as it takes. */
  rateLimit: number | null;
  /** The member who is told when it is disabled. */
  ownerId: string | null;
  enabled: boolean;
  /** Null while it is enabled. */
  disabledReason: (typeof disabledReasons)[number] | null;
  disabledAt: string | null;
  /** The first failure since its last success. */
  failingSince: string | null;
  pausedUntil: string | null;
  /** Until when secrets that were replaced still sign; the newest first. */
  replacedSecretsExpireAt: string[];
  createdAt: string;
  updatedAt: string;
}

/** As it is read. */
export type SubscriptionRow = Omit<Subscription, 'filter'> & {
  filterType: SubscriptionFilter['type'];
  filterId: string | null;
};

export function subscriptionOf(row: SubscriptionRow): Subscription {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    url: row.url,
    dialect: row.dialect,
    events: row.events,
    filter: { type: row.filterType, id: row.filterId } as SubscriptionFilter,
    headerNames: row.headerNames,
    includesPrivate: row.includesPrivate,
    timeoutMs: row.timeoutMs,
    rateLimit: row.rateLimit,
    ownerId: row.ownerId,
    enabled: row.enabled,
    disabledReason: row.disabledReason,
    disabledAt: row.disabledAt,
    failingSince: row.failingSince,
    pausedUntil: row.pausedUntil,
    replacedSecretsExpireAt: row.replacedSecretsExpireAt,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}
