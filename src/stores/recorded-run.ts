import { type Action, isCarriedOut } from '../domain/incident/log-entry.ts';
import type { Queryable } from './sql.ts';

/**
 * The run of an action, with its settings as they are now: part of the statement that stores its transition, after `stored`
 * (transitions.ts) and `sent`. Telling all who ask for it has
 * succeeded when there is somebody; where there is nobody, alerting still depends on whether people can be reached.
 * Telling one subscription fails when there is none; otherwise its delivery says the rest.
 */
export function recordedRun(sql: Queryable, at: string, action: Action) {
  const isAlert = action.type === 'trigger-alerts';
  const isTold = action.subscriptionId !== null;
  const isForAll = !isTold && !isCarriedOut(action);
  const failsAlone = isTold || (isForAll && !isAlert);
  const nobody = isTold
    ? { code: 'unknown_subscription', error: 'The subscription is disabled or gone.' }
    : { code: 'nobody_reachable', error: 'No enabled subscription asks for incident.action_run.' };
  const settings = action.subscriptionId === null ? [] : [{ subscription_id: action.subscriptionId }];
  return sql`acted AS (
      INSERT INTO actions (
        id, organisation_id, incident_id, sequence, type, trigger, settings, at, definition_id, headers, digest,
        outcome, error_code, error, finished_at)
      SELECT ${action.id}::uuid, stored.organisation_id, stored.incident_id, stored.sequence, ${action.type}, ${action.trigger},
        coalesce(d.settings, ${sql.json(settings)}), ${at}, d.id, d.headers, d.digest,
        CASE WHEN reached.any_one AND ${isForAll} THEN 'succeeded' WHEN NOT reached.any_one AND ${failsAlone} THEN 'failed' END,
        CASE WHEN NOT reached.any_one AND ${failsAlone} THEN ${nobody.code} END,
        CASE WHEN NOT reached.any_one AND ${failsAlone} THEN ${nobody.error} END,
        CASE WHEN reached.any_one AND ${isForAll} OR NOT reached.any_one AND ${failsAlone} THEN ${at}::text::timestamptz END
      FROM stored CROSS JOIN (SELECT EXISTS (SELECT FROM sent) AS any_one) AS reached
      LEFT JOIN action_definitions d
        ON d.organisation_id = stored.organisation_id AND d.id = ${action.definitionId ?? null}::uuid
    )`;
}
