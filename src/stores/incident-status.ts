import type { Queryable } from './sql.ts';

/**
 * The one of an organisation's incident statuses that an incident shows: the one it was given, as long as its category
 * stands for the incident's own status, else the default of that. `row` is a row with `organisation_id`, `status`,
 * `incident_status_id` and `is_merged`. A subselect of one row of `incident_statuses`.
 */
export function shownStatus(sql: Queryable, row: string) {
  return sql`
    SELECT st.* FROM incident_statuses st
    WHERE st.organisation_id = ${sql(row)}.organisation_id AND st.deleted_at IS NULL AND (
      st.is_default AND st.category = CASE WHEN ${sql(row)}.is_merged THEN 'merged' ELSE
        CASE ${sql(row)}.status WHEN 'triggered' THEN 'triage' WHEN 'acknowledged' THEN 'live' ELSE 'closed' END END
      OR st.id = ${sql(row)}.incident_status_id AND NOT ${sql(row)}.is_merged
        AND ${sql(row)}.status = ${statusOfCategory(sql, 'st')})
    ORDER BY (st.id = ${sql(row)}.incident_status_id) DESC NULLS LAST LIMIT 1`;
}

/** Whether an incident `row` was merged into another: `is_merged` of `shownStatus`. */
export function isMerged(sql: Queryable, row: string) {
  return sql`(${sql(row)}.status = 'resolved' AND coalesce(${sql(row)}.lifecycle->>'resolveReason', '') = 'merged')`;
}

/** Which of our statuses the category of a row of `incident_statuses` stands for. */
export function statusOfCategory(sql: Queryable, row: string) {
  return sql`(CASE WHEN ${sql(row)}.category = 'triage' THEN 'triggered'
    WHEN ${sql(row)}.category IN ('live', 'paused') THEN 'acknowledged' ELSE 'resolved' END)`;
}
