import { createHash, randomBytes } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import { type Permission, permissions as allPermissions } from '../domain/access/permission.ts';
import type { Viewer } from '../domain/access/viewer.ts';
import type { Queryable } from './sql.ts';

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
}

export function viewerOf({ permissions, memberId }: Pick<ApiKey, 'permissions' | 'memberId'>): Viewer {
  return { seesPrivate: permissions.includes('view_private_incidents'), memberId };
}

export interface NewApiKey {
  id: string;
  /** The whole key: shown once, to whoever asked for it. */
  key: string;
  prefix: string;
}

export interface ApiKeyStore {
  /** Works across organisations: the key is what says whose request it is. */
  find(key: string): Promise<ApiKey | undefined>;
  create(organisationId: string, name: string, tx: Queryable): Promise<NewApiKey>;
}

/** Enough to tell keys apart in a list, far too little to guess the rest. */
const prefixLength = 13;

export function createApiKeyStore(sql: Queryable): ApiKeyStore {
  return {
    async find(key) {
      const [row] = await sql<ApiKey[]>`
        SELECT id, organisation_id, name, is_admin, permissions, team_id, member_id FROM api_keys
        WHERE hash = ${hashApiKey(key)} AND deleted_at IS NULL`;
      return row;
    },

    async create(organisationId, name, tx) {
      const key = `tocsin_${randomBytes(32).toString('base64url')}`;
      const [id, prefix] = [uuid(), key.slice(0, prefixLength)];
      await tx`
        INSERT INTO api_keys (id, organisation_id, name, hash, prefix, permissions)
        VALUES (${id}, ${organisationId}, ${name}, ${hashApiKey(key)}, ${prefix}, ${[...allPermissions]})`;
      return { id, key, prefix };
    },
  };
}

/** Keys are long and random, so a fast hash is enough; looking the hash up leaks nothing by its timing. */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
