import { v7 as uuid } from 'uuid';
import type { SourceName } from '../inbound/source.ts';
import type { VerificationType } from '../inbound/verification/index.ts';
import { type Reference, referencesToWebhook } from './references.ts';
import type { Sealer } from './sealed.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';
import { nextNumber } from './teams.ts';

/** Paths into the payload, for dialects that report a check. */
export interface CheckPaths {
  httpStatusCode?: string | undefined;
  responseTimeMs?: string | undefined;
  error?: string | undefined;
}

/** How senders prove who they are, as far as it may be shown. */
export interface Verification {
  type: VerificationType;
  username?: string | undefined;
  /** Lower case. */
  timestampHeader?: string | undefined;
}

/** A null secret keeps the one there is. */
export type NewVerification = Verification & { secret: string | null };

export interface Webhook {
  id: string;
  number: number;
  name: string;
  description: string;
  enabled: boolean;
  monitorUrl: string | null;
  monitorMethod: string | null;
  checkPaths: CheckPaths;
  tags: string[];
  verification: Verification | null;
  /** The format its senders speak. */
  source: SourceName;
  /** 32 characters: what a sender of PagerDuty's Events API names it by. */
  routingKey: string;
  /** Whose incidents are those that no ruleset opened; null: the organisation's default team. */
  teamId: string | null;
  /** Whether what its source reports opens an incident where it has no ruleset of its own. */
  opensIncidents: boolean;
  createdAt: string;
}

export type NewWebhook = Pick<Webhook, 'description' | 'monitorUrl' | 'monitorMethod' | 'checkPaths'> & {
  /** Null: `Webhook <number>`. */
  name: string | null;
  tags?: string[] | undefined;
  verification?: (Verification & { secret: string }) | null | undefined;
  source?: SourceName | undefined;
  teamId?: string | null | undefined;
  opensIncidents?: boolean | undefined;
};

/** What stays undefined stays as it is. */
export type WebhookChange = {
  [
    Field in
      | 'name'
      | 'description'
      | 'enabled'
      | 'monitorUrl'
      | 'monitorMethod'
      | 'checkPaths'
      | 'tags'
      | 'source'
      | 'teamId'
      | 'opensIncidents'
  ]?: Webhook[Field] | undefined;
} & { verification?: NewVerification | null | undefined };

/** `secret_needed`: a secret cannot be kept, since there is none of this type. */
export type WebhookRefusal = 'unknown_webhook' | 'unknown_team' | 'secret_needed';

/** Deleted webhooks are unknown to every function. */
export interface WebhookStore {
  create(organisationId: string, webhook: NewWebhook, tx: Queryable): Promise<Webhook | 'unknown_team'>;
  get(organisationId: string, id: string): Promise<Webhook | undefined>;
  /** In the order of their numbers, from the one after `after`. */
  list(organisationId: string, page: { limit: number; after?: number | undefined }): Promise<Webhook[]>;
  update(organisationId: string, id: string, change: WebhookChange, tx: Transaction): Promise<Webhook | WebhookRefusal>;
  /** Gives it another routing key; events that name the one before are refused from the commit on. */
  rotateRoutingKey(organisationId: string, id: string, tx: Queryable): Promise<Webhook | undefined>;
  /** Answers what still refers to the webhook: only when that is nothing it is deleted. Undefined: no such webhook. */
  remove(organisationId: string, id: string, tx: Transaction): Promise<Reference[] | undefined>;
}

export function createWebhookStore(sql: Sql, sealer: Sealer): WebhookStore {
  const columns = sql`
    id, number, name, description, enabled, monitor_url, monitor_method, check_paths, tags, verification, source,
    routing_key, team_id, opens_incidents, created_at`;

  return {
    async create(organisationId, webhook, tx) {
      const { teamId = null, source = 'generic-json', opensIncidents = true } = webhook;
      if (!(await holdTeam(tx, organisationId, teamId))) return 'unknown_team';
      const id = uuid();
      const number = await nextNumber(tx, organisationId, 'webhook');
      const { shown, sealed } = seal(webhook.verification ?? null, id);
      const [row] = await tx<Webhook[]>`
        INSERT INTO webhooks (
          id, organisation_id, number, name, description, monitor_url, monitor_method, check_paths, tags, verification,
          verification_secret, verification_version, source, team_id, opens_incidents)
        VALUES (${id}, ${organisationId}, ${number}, ${webhook.name ?? `Webhook ${number}`}, ${webhook.description},
          ${webhook.monitorUrl}, ${webhook.monitorMethod}, ${sql.json({ ...webhook.checkPaths })},
          ${webhook.tags ?? []}::text[], ${shown}, ${sealed},
          ${shown === null && source === 'generic-json' ? 0 : 1}, ${source}, ${teamId}, ${opensIncidents})
        RETURNING ${columns}`;
      return row!;
    },

    async get(organisationId, id) {
      const [row] = await sql<Webhook[]>`
        SELECT ${columns} FROM webhooks
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
      return row;
    },

    list: (organisationId, { limit, after = 0 }) => sql<Webhook[]>`
      SELECT ${columns} FROM webhooks
      WHERE organisation_id = ${organisationId} AND number > ${after} AND deleted_at IS NULL
      ORDER BY number LIMIT ${limit}`,

    async update(organisationId, id, change, tx) {
      const [before] = await tx<Webhook[]>`
        SELECT ${columns} FROM webhooks
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR NO KEY UPDATE`;
      if (!before) return 'unknown_webhook';
      const { verification, ...fields } = change;
      const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
      const after: Webhook = { ...before, ...given };
      if (verification?.secret === null && before.verification?.type !== verification.type) return 'secret_needed';
      if (change.teamId !== undefined && !(await holdTeam(tx, organisationId, change.teamId))) return 'unknown_team';
      const { shown, sealed } = seal(verification ?? null, id);
      const isReadAnew = verification !== undefined || after.source !== before.source;
      const [row] = await tx<Webhook[]>`
        UPDATE webhooks SET
          name = ${after.name}, description = ${after.description}, enabled = ${after.enabled},
          monitor_url = ${after.monitorUrl}, monitor_method = ${after.monitorMethod},
          check_paths = ${sql.json({ ...after.checkPaths })}, tags = ${after.tags}::text[],
          source = ${after.source}, team_id = ${after.teamId}, opens_incidents = ${after.opensIncidents},
          verification_version = verification_version + ${isReadAnew ? 1 : 0}
          ${
            verification === undefined
              ? tx``
              : tx`, verification = ${shown},
                  verification_secret = ${verification?.secret === null ? tx`verification_secret` : sealed}`
          }
        WHERE organisation_id = ${organisationId} AND id = ${id}
        RETURNING ${columns}`;
      return row!;
    },

    async rotateRoutingKey(organisationId, id, tx) {
      const [row] = await tx<Webhook[]>`
        UPDATE webhooks SET routing_key = replace(gen_random_uuid()::text, '-', ''),
          verification_version = verification_version + 1
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL
        RETURNING ${columns}`;
      return row;
    },

    async remove(organisationId, id, tx) {
      // Whoever is storing a ruleset for it holds the row (FOR KEY SHARE), so this waits for them.
      const [webhook] = await tx`
        SELECT id FROM webhooks
        WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR UPDATE`;
      if (!webhook) return undefined;
      const references = await referencesToWebhook(tx, organisationId, id);
      if (references.length === 0)
        // What it needed to verify senders is needed no more.
        await tx`
          UPDATE webhooks SET deleted_at = now(), verification = NULL, verification_secret = NULL,
            verification_version = verification_version + 1
          WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return references;
    },
  };

  function seal(verification: NewVerification | null, id: string) {
    if (verification === null) return { shown: null, sealed: null };
    const { secret, ...shown } = verification;
    return { shown: sql.json({ ...shown }), sealed: secret === null ? null : sealer.seal(secret, id) };
  }
}

/** Keeps the team from being deleted meanwhile. False: the organisation has no such team. */
async function holdTeam(tx: Queryable, organisationId: string, id: string | null): Promise<boolean> {
  if (id === null) return true;
  const [team] = await tx`
    SELECT id FROM teams
    WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR KEY SHARE`;
  return team !== undefined;
}
