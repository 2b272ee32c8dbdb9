import { v7 as uuid } from 'uuid';
import type { Permission } from '../domain/access/permission.ts';
import type { Viewer } from '../domain/access/viewer.ts';
import type { Agent } from '../domain/incident/log-entry.ts';
import { createKeyText, hashApiKey, keyPrefix } from './api-key-text.ts';
import type { Sql, Transaction } from './sql.ts';

/** A key as a request uses it. The key itself is not kept, only its hash. */
export interface ApiKey {
  id: string;
  organisationId: string;
  name: string;
  /** May make organisations. */
  isAdmin: boolean;
  permissions: Permission[];
  /** Whose incidents it opens where a request names no team; null: the organisation's default team. */
  teamId: string | null;
  /** Whom it acts as; null: itself. */
  memberId: string | null;
  /** Null also when that member is no more. */
  memberName: string | null;
  /** Null: never. */
  expiresAt: string | null;
  /** Null: it has the text that it was made with. */
  rotatedAt: string | null;
}

export function viewerOf({ permissions, memberId }: Pick<ApiKey, 'permissions' | 'memberId'>): Viewer {
  return { seesPrivate: permissions.includes('view_private_incidents'), memberId };
}

/** A key as it is shown. */
export interface StoredApiKey extends Omit<ApiKey, 'organisationId' | 'memberName'> {
  prefix: string;
  /** Null: it came with its organisation, or from the environment. */
  createdBy: Agent | null;
  createdAt: string;
  /** To the minute. */
  lastUsedAt: string | null;
  lastUsedIp: string | null;
  /** Until when the one before its last rotation is taken. */
  previousExpiresAt: string | null;
}

export type ApiKeyDraft = Pick<StoredApiKey, 'name' | 'permissions' | 'teamId' | 'memberId' | 'expiresAt'>;

/** With the whole key: shown once, to whoever asked for it. */
export type NewApiKey = StoredApiKey & { key: string };

/** Which of a draft's ids is no team or member of the organisation. */
export type UnknownOwner = 'unknown_team' | 'unknown_member';

/** Deleted keys are unknown to every function. */
export interface ApiKeyStore {
  /**
   * Works across organisations: the key is what says whose request it is. Undefined for one that has expired. By the text
   * before its last rotation it expires no later than that.
   */
  find(key: string): Promise<ApiKey | undefined>;
  /**
   * A key that was found, as it is now; it stays as it is until the end of the transaction. Undefined: since then it was
   * deleted or rotated, or it has expired.
   */
  holdFound(key: ApiKey, tx: Transaction): Promise<ApiKey | undefined>;
  create(
    organisationId: string,
    draft: ApiKeyDraft,
    createdBy: Agent | null,
    tx: Transaction,
  ): Promise<NewApiKey | UnknownOwner>;
  get(organisationId: string, id: string): Promise<StoredApiKey | undefined>;
  /** Oldest first; `after` is the id of the last one seen. */
  list(organisationId: string, page: { limit: number; after?: string | undefined }): Promise<StoredApiKey[]>;
  /** Like `get`; it stays as it is until the end of the transaction. */
  hold(organisationId: string, id: string, tx: Transaction): Promise<StoredApiKey | undefined>;
  /** Hold it first. */
  update(organisationId: string, id: string, draft: ApiKeyDraft, tx: Transaction): Promise<StoredApiKey | UnknownOwner>;
  /** Another text for the same key; the present one is taken for `graceSeconds` more, one before that no longer. */
  rotate(organisationId: string, id: string, graceSeconds: number, tx: Transaction): Promise<NewApiKey>;
  /** It is refused from the commit on. */
  remove(organisationId: string, id: string, tx: Transaction): Promise<void>;
  /** Notes that it was used just now, unless that was noted within the last minute. */
  noteUse(organisationId: string, id: string, ip: string): Promise<void>;
}

export function createApiKeyStore(sql: Sql): ApiKeyStore {
  const columns = sql`
    id, name, prefix, permissions, team_id, member_id, is_admin, created_by, created_at, expires_at, last_used_at,
    last_used_ip, rotated_at, CASE WHEN previous_expires_at > now() THEN previous_expires_at END AS previous_expires_at`;
  const own = (organisationId: string, id: string) => sql`
    organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL`;
  const found = sql`
    k.id, k.organisation_id, k.name, k.is_admin, k.permissions, k.team_id, k.member_id, k.rotated_at, m.name AS member_name`;
  const withMember = sql`
    api_keys k LEFT JOIN members m
      ON m.organisation_id = k.organisation_id AND m.id = k.member_id AND m.deleted_at IS NULL`;

  return {
    async find(key) {
      const hash = hashApiKey(key);
      const [row] = await sql<ApiKey[]>`
        SELECT ${found}, CASE WHEN k.hash = ${hash} THEN k.expires_at
          ELSE least(k.expires_at, k.previous_expires_at) END AS expires_at
        FROM ${withMember}
        WHERE (k.hash = ${hash} OR (k.previous_hash = ${hash} AND k.previous_expires_at > now()))
          AND k.deleted_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())`;
      return row;
    },

    async holdFound({ organisationId, id, expiresAt, rotatedAt }, tx) {
      const expiry = tx`least(k.expires_at, ${expiresAt}::text::timestamptz)`;
      const [row] = await tx<ApiKey[]>`
        SELECT ${found}, ${expiry} AS expires_at FROM ${withMember}
        WHERE k.organisation_id = ${organisationId} AND k.id = ${id} AND k.deleted_at IS NULL
          AND k.rotated_at IS NOT DISTINCT FROM ${rotatedAt}::text::timestamptz AND coalesce(${expiry} > now(), true)
        FOR NO KEY UPDATE OF k`;
      return row;
    },

    async create(organisationId, draft, createdBy, tx) {
      const unknown = await findUnknown(tx, organisationId, draft);
      if (unknown) return unknown;
      const key = createKeyText();
      const [row] = await tx<StoredApiKey[]>`
        INSERT INTO api_keys (
          id, organisation_id, name, hash, prefix, permissions, team_id, member_id, created_by, expires_at)
        VALUES (
          ${uuid()}, ${organisationId}, ${draft.name}, ${hashApiKey(key)}, ${keyPrefix(key)}, ${draft.permissions},
          ${draft.teamId}, ${draft.memberId}, ${createdBy && tx.json({ ...createdBy })},
          ${draft.expiresAt}::text::timestamptz)
        RETURNING ${columns}`;
      return { ...row!, key };
    },

    async get(organisationId, id) {
      const [row] = await sql<StoredApiKey[]>`SELECT ${columns} FROM api_keys WHERE ${own(organisationId, id)}`;
      return row;
    },

    async list(organisationId, { limit, after }) {
      const rows = await sql<StoredApiKey[]>`
        SELECT ${columns} FROM api_keys
        WHERE organisation_id = ${organisationId} AND deleted_at IS NULL
          ${after === undefined ? sql`` : sql`AND id > ${after}`}
        ORDER BY id LIMIT ${limit}`;
      return [...rows];
    },

    async hold(organisationId, id, tx) {
      const [row] = await tx<StoredApiKey[]>`
        SELECT ${columns} FROM api_keys WHERE ${own(organisationId, id)} FOR NO KEY UPDATE`;
      return row;
    },

    async update(organisationId, id, draft, tx) {
      const unknown = await findUnknown(tx, organisationId, draft);
      if (unknown) return unknown;
      const [row] = await tx<StoredApiKey[]>`
        UPDATE api_keys SET name = ${draft.name}, permissions = ${draft.permissions}, team_id = ${draft.teamId},
          member_id = ${draft.memberId}, expires_at = ${draft.expiresAt}::text::timestamptz
        WHERE ${own(organisationId, id)} RETURNING ${columns}`;
      return row!;
    },

    async rotate(organisationId, id, graceSeconds, tx) {
      const key = createKeyText();
      const [row] = await tx<StoredApiKey[]>`
        UPDATE api_keys SET hash = ${hashApiKey(key)}, prefix = ${keyPrefix(key)}, rotated_at = now(),
          previous_hash = CASE WHEN ${graceSeconds > 0} THEN hash END,
          previous_expires_at = CASE WHEN ${graceSeconds > 0} THEN now() + make_interval(secs => ${graceSeconds}) END
        WHERE ${own(organisationId, id)} RETURNING ${columns}`;
      return { ...row!, key };
    },

    async remove(organisationId, id, tx) {
      await tx`
        UPDATE api_keys SET deleted_at = now(), previous_hash = NULL, previous_expires_at = NULL
        WHERE ${own(organisationId, id)}`;
    },

    async noteUse(organisationId, id, ip) {
      await sql`
        UPDATE api_keys SET last_used_at = now(), last_used_ip = ${ip}
        WHERE ${own(organisationId, id)}
          AND (last_used_at IS NULL OR last_used_at <= now() - interval '1 minute')`;
    },
  };
}

/** What is there stays until the end of the transaction. */
async function findUnknown(
  tx: Transaction,
  organisationId: string,
  { teamId, memberId }: ApiKeyDraft,
): Promise<UnknownOwner | undefined> {
  const isMissing = async (table: 'teams' | 'members', id: string) => {
    const rows = await tx`
      SELECT id FROM ${tx(table)}
      WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR KEY SHARE`;
    return rows.length === 0;
  };
  if (teamId !== null && (await isMissing('teams', teamId))) return 'unknown_team';
  if (memberId !== null && (await isMissing('members', memberId))) return 'unknown_member';
  return undefined;
}
