import { v7 as uuid } from 'uuid';
import type { TransitionType } from '../domain/incident/log-entry.ts';
import { createSigningSecret } from '../outbound/signature.ts';
import type { Sealer } from './sealed.ts';
import type { Queryable, Sql } from './sql.ts';

/** An endpoint that wants to be told. Its signing secret is not part of it: it is shown once, when it is made. */
export interface Subscription {
  id: string;
  name: string;
  url: string;
  dialect: string;
  /** Names of the dialect's own events. */
  events: string[];
  transitionTypes: TransitionType[];
  enabled: boolean;
  createdAt: string;
}

export type NewSubscription = Pick<Subscription, 'name' | 'url' | 'dialect' | 'events' | 'transitionTypes'>;

export interface SubscriptionStore {
  /** Makes the signing secret too and answers it, once; stored it is sealed. */
  create(
    organisationId: string,
    subscription: NewSubscription,
    tx?: Queryable,
  ): Promise<Subscription & { secret: string }>;
  /** Newest first; `after` is the id of the last one seen. */
  list(organisationId: string, page: { limit: number; after?: string | undefined }): Promise<Subscription[]>;
  get(organisationId: string, id: string): Promise<Subscription | undefined>;
}

export function createSubscriptionStore(sql: Sql, sealer: Sealer): SubscriptionStore {
  const columns = sql`id, name, url, dialect, events, transition_types, enabled, created_at`;

  return {
    async create(organisationId, { name, url, dialect, events, transitionTypes }, tx = sql) {
      const id = uuid();
      const secret = createSigningSecret();
      const [row] = await tx<Subscription[]>`
        INSERT INTO subscriptions (id, organisation_id, name, url, dialect, events, transition_types, secret)
        VALUES (${id}, ${organisationId}, ${name}, ${url}, ${dialect}, ${events}, ${transitionTypes}, ${sealer.seal(secret, id)})
        RETURNING ${columns}`;
      return { ...row!, secret };
    },

    async list(organisationId, { limit, after }) {
      const rows = await sql<Subscription[]>`
        SELECT ${columns} FROM subscriptions
        WHERE organisation_id = ${organisationId} ${after === undefined ? sql`` : sql`AND id < ${after}`}
        ORDER BY id DESC LIMIT ${limit}`;
      return [...rows];
    },

    async get(organisationId, id) {
      const [row] = await sql<Subscription[]>`
        SELECT ${columns} FROM subscriptions WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return row;
    },
  };
}
