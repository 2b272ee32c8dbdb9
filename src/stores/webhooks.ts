import { v7 as uuid } from 'uuid';
import { nextNumber } from './teams.ts';
import type { Queryable, Sql } from './sql.ts';

/** Paths into the payload, for dialects that report a check. */
export interface CheckPaths {
  httpStatusCode?: string | undefined;
  responseTimeMs?: string | undefined;
  error?: string | undefined;
}

export interface Webhook {
  id: string;
  number: number;
  name: string;
  description: string;
  enabled: boolean;
  monitorUrl: string | null;
  monitorMethod: string | null;
  checkPaths: CheckPaths;
  createdAt: string;
}

export type NewWebhook = Pick<Webhook, 'description' | 'monitorUrl' | 'monitorMethod' | 'checkPaths'> & {
  /** Null: `Webhook <number>`. */
  name: string | null;
};

export interface WebhookStore {
  create(organisationId: string, webhook: NewWebhook, tx: Queryable): Promise<Webhook>;
  get(organisationId: string, id: string): Promise<Webhook | undefined>;
  /** In the order of their numbers, from the one after `after`. */
  list(organisationId: string, page: { limit: number; after?: number | undefined }): Promise<Webhook[]>;
}

export function createWebhookStore(sql: Sql): WebhookStore {
  const columns = sql`id, number, name, description, enabled, monitor_url, monitor_method, check_paths, created_at`;

  return {
    async create(organisationId, webhook, tx) {
      const number = await nextNumber(tx, organisationId, 'webhook');
      const [row] = await tx<Webhook[]>`
        INSERT INTO webhooks (id, organisation_id, number, name, description, monitor_url, monitor_method, check_paths)
        VALUES (${uuid()}, ${organisationId}, ${number}, ${webhook.name ?? `Webhook ${number}`}, ${webhook.description},
          ${webhook.monitorUrl}, ${webhook.monitorMethod}, ${sql.json({ ...webhook.checkPaths })})
        RETURNING ${columns}`;
      return row!;
    },

    async get(organisationId, id) {
      const [row] = await sql<Webhook[]>`
        SELECT ${columns} FROM webhooks WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return row;
    },

    list: (organisationId, { limit, after = 0 }) => sql<Webhook[]>`
      SELECT ${columns} FROM webhooks
      WHERE organisation_id = ${organisationId} AND number > ${after} ORDER BY number LIMIT ${limit}`,
  };
}
