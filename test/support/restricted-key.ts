import { createHash } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import type { Permission } from '../../src/domain/access/permission.ts';
import type { Sql } from '../../src/stores/sql.ts';

/** An API key with these permissions alone, which acts as `memberId` if that is given; answers the key's text. */
export async function restrictedKey(
  sql: Sql,
  organisationId: string,
  permissions: Permission[],
  { memberId = null, name = 'Restricted' }: { memberId?: string | null; name?: string } = {},
): Promise<string> {
  const key = `test_${uuid()}_${uuid()}`;
  await sql`
    INSERT INTO api_keys (id, organisation_id, name, hash, prefix, permissions, member_id)
    VALUES (${uuid()}, ${organisationId}, ${name}, ${createHash('sha256').update(key).digest()}, ${key.slice(0, 13)},
      ${permissions}, ${memberId})`;
  return key;
}
