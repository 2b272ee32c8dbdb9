import type { Queryable } from './sql.ts';

/** Whether another open incident has the key of the row. */
export function isKeyTaken(sql: Queryable, table: 'i' | 'incidents' = 'i') {
  return sql`EXISTS (
    SELECT FROM incident_claims c
    WHERE c.organisation_id = ${sql(table)}.organisation_id
      AND c.scope_id = ${sql(table)}.service_id
      AND c.incident_key = ${sql(table)}.incident_key AND c.incident_id <> ${sql(table)}.id)`;
}
