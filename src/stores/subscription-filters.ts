import type { Queryable } from './sql.ts';

/** Whether the filter of a subscription `s` lets an incident `i` through. */
export function isOfInterest(sql: Queryable) {
  return sql`CASE s.filter_type WHEN 'team' THEN s.filter_id = i.team_id WHEN 'service' THEN s.filter_id = i.service_id
    WHEN 'api_key' THEN s.filter_id = i.api_key_id ELSE true END`;
}
