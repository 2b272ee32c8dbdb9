import { v7 as uuid } from 'uuid';
import type { FieldError } from '../domain/error-code.ts';
import { dialects } from '../outbound/index.ts';
import { createSigningSecret } from '../outbound/signature.ts';
import { type Reference, referencesToSubscription } from './references.ts';
import type { Sealer } from './sealed.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';
import {
  type Subscription,
  type SubscriptionFilter,
  type SubscriptionRow,
  subscriptionOf,
} from './subscription-rows.ts';
import { type Rotation, type RotationRefusal, rotateSecret } from './subscription-secrets.ts';
import { cancelWaiting, hastenWaiting } from './waiting-deliveries.ts';

type Settings = Pick<
  Subscription,
  | 'name'
  | 'description'
  | 'url'
  | 'dialect'
  | 'events'
  | 'filter'
  | 'includesPrivate'
  | 'timeoutMs'
  | 'rateLimit'
  | 'ownerId'
> & {
  /** By name, with their values. */
  headers: Record<string, string>;
};

/** What is left out has its default: of the whole account, without headers, private incidents or an owner. */
export type NewSubscription = Pick<Settings, 'name' | 'url' | 'dialect' | 'events'> &
  Partial<Settings> & { enabled?: boolean; secret?: string | undefined };

/** What stays undefined stays as it is. */
export type SubscriptionChange = {
  [Field in keyof Settings]?: Settings[Field] | undefined;
} & { enabled?: boolean | undefined };

/** A page of a list; `after` is the id of the last one seen. */
export interface SubscriptionPage {
  limit: number;
  after?: string | undefined;
  enabled?: boolean | undefined;
  dialect?: string | undefined;
}

/** Those of one dialect, where it says so with this filter. */
export interface SubscriptionsOf {
  dialect: string;
  filterType?: SubscriptionFilter['type'] | undefined;
  filterId?: string | undefined;
}

/** Deleted subscriptions are unknown to every function. */
export interface SubscriptionStore {
  /** Makes the signing secret too, unless one is given, and answers it, once; stored it is sealed. */
  create(
    organisationId: string,
    subscription: NewSubscription,
    tx?: Queryable,
  ): Promise<Subscription & { secret: string }>;
  /** Newest first. */
  list(organisationId: string, page: SubscriptionPage): Promise<Subscription[]>;
  /** Of one dialect, oldest first, from a place on. */
  listFrom(
    organisationId: string,
    those: SubscriptionsOf,
    page: { offset: number; limit: number },
  ): Promise<Subscription[]>;
  count(organisationId: string, those: SubscriptionsOf): Promise<number>;
  get(organisationId: string, id: string): Promise<Subscription | undefined>;
  /** Nobody else changes it until the transaction ends. Its headers are null where SECRET_KEY did not seal them. */
  hold(
    organisationId: string,
    id: string,
    tx: Transaction,
  ): Promise<{ subscription: Subscription; headers: Record<string, string> | null } | undefined>;
  /** Names what the organisation does not have: `filter.id`, `owner_id`. A transaction keeps there what it has. */
  findUnknown(
    organisationId: string,
    subscription: Partial<Pick<Settings, 'filter' | 'ownerId'>>,
    tx?: Queryable,
  ): Promise<FieldError[]>;
  /** Rulesets whose actions tell it. While it is held, none is added. */
  references(organisationId: string, id: string, tx: Transaction): Promise<Reference[]>;
  /**
   * With another dialect, what still waits to be sent and has no name there is cancelled. Enabling begins anew: what
   * failed before is forgotten, what waits goes on.
   */
  update(
    organisationId: string,
    id: string,
    change: SubscriptionChange,
    tx: Transaction,
  ): Promise<Subscription | undefined>;
  rotateSecret(
    organisationId: string,
    id: string,
    rotation: Rotation,
    tx: Transaction,
  ): Promise<{ secret: string } | RotationRefusal>;
  /**
   * Answers what still refers to it: only when that is nothing it is deleted. What waits to be sent is cancelled, and
   * secrets and headers are forgotten. Undefined: no such subscription.
   */
  remove(organisationId: string, id: string, tx: Transaction): Promise<Reference[] | undefined>;
}

export function createSubscriptionStore(sql: Sql, sealer: Sealer): SubscriptionStore {
  const columns = sql`
    id, name, description, url, dialect, events, filter_type, filter_id, header_names, includes_private, timeout_ms,
    rate_limit, owner_id, enabled, disabled_reason, disabled_at, failing_since, paused_until, created_at, updated_at,
    ARRAY(SELECT replaced.expires_at FROM subscription_secrets replaced
      WHERE replaced.organisation_id = subscriptions.organisation_id
        AND replaced.subscription_id = subscriptions.id AND replaced.expires_at > now()
      ORDER BY replaced.created_at DESC, replaced.id DESC) AS replaced_secrets_expire_at`;
  const own = (organisationId: string, id: string) => sql`
    organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
  const those = (organisationId: string, { dialect, filterType, filterId }: SubscriptionsOf) => sql`
    organisation_id = ${organisationId} AND deleted_at IS NULL AND dialect = ${dialect}
      ${filterType === undefined ? sql`` : sql`AND filter_type = ${filterType}`}
      ${filterId === undefined ? sql`` : sql`AND filter_id = ${filterId}`}`;
  const headersOf = (headers: Record<string, string>, id: string) => {
    const names = Object.keys(headers);
    return { names, sealed: names.length === 0 ? null : sealer.seal(JSON.stringify(headers), id) };
  };

  return {
    async create(organisationId, subscription, tx = sql) {
      const id = uuid();
      const { name, url, dialect, events, enabled = true, secret = createSigningSecret() } = subscription;
      const { description = '', includesPrivate = false, timeoutMs = 10_000 } = subscription;
      const { rateLimit = null, ownerId = null, filter = { type: 'account', id: null } } = subscription;
      const headers = headersOf(subscription.headers ?? {}, id);
      const [row] = await tx<SubscriptionRow[]>`
        INSERT INTO subscriptions (
          id, organisation_id, name, description, url, dialect, events, filter_type, filter_id, headers, header_names,
          includes_private, timeout_ms, rate_limit, owner_id, secret, enabled, disabled_reason, disabled_at)
        VALUES (${id}, ${organisationId}, ${name}, ${description}, ${url}, ${dialect}, ${events}, ${filter.type},
          ${filter.id}, ${headers.sealed}, ${headers.names}::text[], ${includesPrivate}, ${timeoutMs}, ${rateLimit},
          ${ownerId}, ${sealer.seal(secret, id)}, ${enabled}, ${enabled ? null : 'by_hand'},
          ${enabled ? null : tx`now()`})
        RETURNING ${columns}`;
      return { ...subscriptionOf(row!), secret };
    },

    async list(organisationId, { limit, after, enabled, dialect }) {
      const rows = await sql<SubscriptionRow[]>`
        SELECT ${columns} FROM subscriptions
        WHERE organisation_id = ${organisationId} AND deleted_at IS NULL
          ${after === undefined ? sql`` : sql`AND id < ${after}`}
          ${enabled === undefined ? sql`` : sql`AND enabled = ${enabled}`}
          ${dialect === undefined ? sql`` : sql`AND dialect = ${dialect}`}
        ORDER BY id DESC LIMIT ${limit}`;
      return rows.map(subscriptionOf);
    },

    async listFrom(organisationId, which, { offset, limit }) {
      const rows = await sql<SubscriptionRow[]>`
        SELECT ${columns} FROM subscriptions WHERE ${those(organisationId, which)}
        ORDER BY id LIMIT ${limit} OFFSET ${offset}`;
      return rows.map(subscriptionOf);
    },

    async count(organisationId, which) {
      const [row] = await sql<{ count: number }[]>`
        SELECT count(*) FROM subscriptions WHERE ${those(organisationId, which)}`;
      return row!.count;
    },

    async get(organisationId, id) {
      const [row] = await sql<SubscriptionRow[]>`SELECT ${columns} FROM subscriptions WHERE ${own(organisationId, id)}`;
      return row && subscriptionOf(row);
    },

    async hold(organisationId, id, tx) {
      // FOR UPDATE: whoever stores an action that tells it has seen to it that its dialect has a word for that.
      const [row] = await tx<(SubscriptionRow & { headers: Uint8Array | null })[]>`
        SELECT ${columns}, headers FROM subscriptions WHERE ${own(organisationId, id)} FOR UPDATE`;
      return row && { subscription: subscriptionOf(row), headers: openedHeaders(sealer, row.headers, id) };
    },

    async findUnknown(organisationId, { filter, ownerId }, tx = sql) {
      const errors: FieldError[] = [];
      const filterId = filter?.id ?? null;
      if (filterId !== null && !(await isKnown(tx, organisationId, filter!.type, filterId)))
        errors.push({ field: 'filter.id', message: `is not ${nouns[filter!.type]} of this organisation` });
      if (typeof ownerId === 'string' && !(await isKnown(tx, organisationId, 'member', ownerId)))
        errors.push({ field: 'owner_id', message: 'is not a member of this organisation' });
      return errors;
    },

    references: (organisationId, id, tx) => referencesToSubscription(tx, organisationId, id),

    async update(organisationId, id, change, tx) {
      const [before] = await tx<SubscriptionRow[]>`
        SELECT ${columns} FROM subscriptions WHERE ${own(organisationId, id)} FOR UPDATE`;
      if (!before) return undefined;
      const { headers, enabled, ...settings } = change;
      const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
      const after: Subscription = { ...subscriptionOf(before), ...given };
      if (after.dialect !== before.dialect)
        await cancelWaiting(
          tx,
          organisationId,
          id,
          tx`event <> ALL(${Object.keys(dialects[after.dialect]!.events)}::text[])`,
        );
      if (before.includesPrivate && !after.includesPrivate)
        await cancelWaiting(
          tx,
          organisationId,
          id,
          tx`EXISTS (SELECT FROM incidents i
          WHERE i.organisation_id = deliveries.organisation_id AND i.id = deliveries.subject_id
            AND i.visibility = 'private')`,
        );
      const replaced = headers && headersOf(headers, id);
      const [row] = await tx<SubscriptionRow[]>`
        UPDATE subscriptions SET
          name = ${after.name}, description = ${after.description}, url = ${after.url}, dialect = ${after.dialect},
          events = ${after.events}, filter_type = ${after.filter.type}, filter_id = ${after.filter.id},
          includes_private = ${after.includesPrivate}, timeout_ms = ${after.timeoutMs},
          rate_limit = ${after.rateLimit}, owner_id = ${after.ownerId}, updated_at = now()
          ${replaced ? tx`, headers = ${replaced.sealed}, header_names = ${replaced.names}::text[]` : tx``}
          ${after.url === before.url ? tx`` : tx`, failing_since = NULL, paused_until = NULL`}
          ${switched(tx, enabled)}
        WHERE ${own(organisationId, id)} RETURNING ${columns}`;
      // What was put off because of the one before, or stood behind what is cancelled, need not wait any longer.
      if (after.dialect !== before.dialect || after.url !== before.url || enabled === true)
        await hastenWaiting(tx, organisationId, id);
      return subscriptionOf(row!);
    },

    rotateSecret: (organisationId, id, rotation, tx) => rotateSecret(tx, sealer, organisationId, id, rotation),

    async remove(organisationId, id, tx) {
      // Whoever is storing an action for it holds the row (FOR KEY SHARE), so this waits for them.
      const [subscription] = await tx`
        SELECT id FROM subscriptions WHERE ${own(organisationId, id)} FOR UPDATE`;
      if (!subscription) return undefined;
      const references = await referencesToSubscription(tx, organisationId, id);
      if (references.length > 0) return references;
      await cancelWaiting(tx, organisationId, id, tx`true`);
      await tx`
        DELETE FROM subscription_secrets WHERE organisation_id = ${organisationId} AND subscription_id = ${id}`;
      await tx`
        UPDATE subscriptions SET deleted_at = now(), updated_at = now(), secret = '', headers = NULL,
          header_names = '{}', notice_due = false
        WHERE ${own(organisationId, id)}`;
      return [];
    },
  };
}

/** Whoever switches it off has it off by hand, whatever it was off for. */
function switched(tx: Transaction, enabled: boolean | undefined) {
  if (enabled === undefined) return tx``;
  return enabled
    ? tx`, enabled = true, disabled_reason = NULL, disabled_at = NULL, notice_due = false, failing_since = NULL, paused_until = NULL`
    : tx`, enabled = false, disabled_reason = 'by_hand', disabled_at = coalesce(disabled_at, now()), notice_due = false`;
}

/** What is there stays until the end of a transaction. */
const nouns = { account: 'an account', team: 'a team', service: 'a service', api_key: 'an API key' } as const;

async function isKnown(
  tx: Queryable,
  organisationId: string,
  type: SubscriptionFilter['type'] | 'member',
  id: string,
): Promise<boolean> {
  const tables = {
    account: [],
    team: ['teams'],
    member: ['members'],
    service: ['rulesets', 'webhooks', 'teams'],
    api_key: ['api_keys'],
  }[type];
  for (const table of tables) {
    const [found] = await tx`
      SELECT id FROM ${tx(table)}
      WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR KEY SHARE`;
    if (found) return true;
  }
  return false;
}

function openedHeaders(sealer: Sealer, sealed: Uint8Array | null, id: string): Record<string, string> | null {
  if (sealed === null) return {};
  try {
    return JSON.parse(sealer.open(sealed, id)) as Record<string, string>;
  } catch {
    return null;
  }
}
