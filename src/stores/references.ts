import type { Queryable } from './sql.ts';

/** Something that still counts on a row, so that the row cannot go. */
export interface Reference {
  type:
    | 'organisation'
    | 'member'
    | 'ruleset'
    | 'incident'
    | 'schedule_entry'
    | 'override'
    | 'escalation_policy'
    | 'notification_rule'
    | 'subscription'
    | 'webhook'
    | 'api_key';
  /** Null for what has none: a schedule entry, which is named by its created_at, a notification rule, and private
   * incidents. */
  id: string | null;
  name: string;
}

/** More than these are not named. */
export const mostReferences = 50;

/** Rulesets that listen to this webhook alone, or call it. Lock the webhook first: then none is added meanwhile. */
export async function referencesToWebhook(tx: Queryable, organisationId: string, id: string): Promise<Reference[]> {
  return [
    ...(await tx<Reference[]>`
      SELECT 'ruleset' AS type, r.id, r.name FROM rulesets r
      WHERE r.organisation_id = ${organisationId} AND r.deleted_at IS NULL
        AND (r.webhook_id = ${id} OR EXISTS (
          SELECT FROM action_definitions d
          WHERE d.organisation_id = r.organisation_id AND d.ruleset_id = r.id AND d.deleted_at IS NULL
            AND d.settings @> ${tx.json([{ webhook_id: id }])}))
      ORDER BY r.number LIMIT ${mostReferences}`),
  ];
}

/** Rulesets whose actions tell it. Lock the subscription first: then none is added meanwhile. */
export async function referencesToSubscription(
  tx: Queryable,
  organisationId: string,
  id: string,
): Promise<Reference[]> {
  return [
    ...(await tx<Reference[]>`
      SELECT 'ruleset' AS type, r.id, r.name FROM rulesets r
      WHERE r.organisation_id = ${organisationId} AND r.deleted_at IS NULL AND EXISTS (
        SELECT FROM action_definitions d
        WHERE d.organisation_id = r.organisation_id AND d.ruleset_id = r.id AND d.deleted_at IS NULL
          AND d.settings @> ${tx.json([{ subscription_id: id }])})
      ORDER BY r.number LIMIT ${mostReferences}`),
  ];
}

/** Rulesets that give it to their incidents. Lock the policy first: then none is added meanwhile. */
export async function referencesToPolicy(tx: Queryable, organisationId: string, id: string): Promise<Reference[]> {
  return [
    ...(await tx<Reference[]>`
      SELECT 'ruleset' AS type, r.id, r.name FROM rulesets r
      WHERE r.organisation_id = ${organisationId} AND r.escalation_policy_id = ${id} AND r.deleted_at IS NULL
      ORDER BY r.number LIMIT ${mostReferences}`),
  ];
}

/**
 * The organisation whose default it is, its members, and what is its own or assigned to it or to its schedule: rulesets,
 * open incidents, duties, levels of escalation policies, and API keys and webhooks that open incidents for it.
 */
export async function referencesToTeam(tx: Queryable, organisationId: string, id: string): Promise<Reference[]> {
  const asTeam = tx.json([{ type: 'team', id }]);
  const asSchedule = tx.json([{ type: 'schedule', id }]);
  return [
    ...(await tx<Reference[]>`
      SELECT type, id, name FROM (
        SELECT 1 AS kind, 0::bigint AS place, 'organisation' AS type, o.id, o.name FROM organisations o
        WHERE o.id = ${organisationId} AND o.default_team_id = ${id}
        UNION ALL
        (SELECT 2, row_number() OVER (ORDER BY m.id), 'member', m.id, m.name FROM members m
        WHERE m.organisation_id = ${organisationId} AND m.team_id = ${id} AND m.deleted_at IS NULL
        ORDER BY m.id LIMIT ${mostReferences})
        UNION ALL
        (SELECT 3, r.number, 'ruleset', r.id, r.name FROM rulesets r
        WHERE r.organisation_id = ${organisationId} AND (
          r.team_id = ${id} OR r.assignees @> ${asTeam} OR r.assignees @> ${asSchedule})
          AND r.deleted_at IS NULL
        ORDER BY r.number LIMIT ${mostReferences})
        UNION ALL
        (SELECT ${openIncident(tx)} FROM incidents i
        WHERE i.organisation_id = ${organisationId} AND i.status IN ('triggered', 'acknowledged')
          AND (i.team_id = ${id} OR i.lifecycle->'assignees' @> ${asTeam} OR i.lifecycle->'assignees' @> ${asSchedule})
        ORDER BY place LIMIT ${mostReferences})
        UNION ALL
        (SELECT 5, row_number() OVER (ORDER BY s.created_at), 'schedule_entry', NULL, ${entryName(tx)}
        FROM schedule_versions s
        WHERE s.organisation_id = ${organisationId} AND s.team_id = ${id} AND s.valid_to = 'infinity'
        ORDER BY s.created_at LIMIT ${mostReferences})
        UNION ALL
        (SELECT 6, row_number() OVER (ORDER BY o.created_at), 'override', o.id, ${overrideName(tx)} FROM overrides o
        WHERE o.organisation_id = ${organisationId} AND o.team_id = ${id}
          AND o.deleted_at IS NULL AND o.until > clock_timestamp()
        ORDER BY o.created_at LIMIT ${mostReferences})
        UNION ALL
        (SELECT 7, p.number, 'escalation_policy', p.id, p.name FROM escalation_policies p
        WHERE p.organisation_id = ${organisationId} AND p.deleted_at IS NULL
          AND (p.levels @> ${tx.json([{ targets: [{ type: 'team', id }] }])}
            OR p.levels @> ${tx.json([{ targets: [{ type: 'schedule', id }] }])})
        ORDER BY p.number LIMIT ${mostReferences})
        UNION ALL
        (SELECT 9, row_number() OVER (ORDER BY k.id), 'api_key', k.id, k.name FROM api_keys k
        WHERE k.organisation_id = ${organisationId} AND k.team_id = ${id} AND k.deleted_at IS NULL
        ORDER BY k.id LIMIT ${mostReferences})
        UNION ALL
        (SELECT 10, w.number, 'webhook', w.id, w.name FROM webhooks w
        WHERE w.organisation_id = ${organisationId} AND w.team_id = ${id} AND w.deleted_at IS NULL
        ORDER BY w.number LIMIT ${mostReferences})
      ) AS found ORDER BY kind, place LIMIT ${mostReferences}`),
  ];
}

/**
 * Rulesets and open incidents assigned to the member, the member's part in schedules and escalation policies, and
 * subscriptions of which only the member hears that they fail, and API keys that act as the member.
 */
export async function referencesToMember(tx: Queryable, organisationId: string, id: string): Promise<Reference[]> {
  const assignee = tx.json([{ type: 'member', id }]);
  return [
    ...(await tx<Reference[]>`
      SELECT type, id, name FROM (
        (SELECT 3 AS kind, r.number::bigint AS place, 'ruleset' AS type, r.id, r.name FROM rulesets r
        WHERE r.organisation_id = ${organisationId} AND r.assignees @> ${assignee} AND r.deleted_at IS NULL
        ORDER BY r.number LIMIT ${mostReferences})
        UNION ALL
        (SELECT ${openIncident(tx)} FROM incidents i
        WHERE i.organisation_id = ${organisationId} AND i.status IN ('triggered', 'acknowledged')
          AND i.lifecycle->'assignees' @> ${assignee}
        ORDER BY place LIMIT ${mostReferences})
        UNION ALL
        (SELECT 5, row_number() OVER (ORDER BY s.created_at), 'schedule_entry', NULL, ${entryName(tx)}
        FROM schedule_versions s
        WHERE s.organisation_id = ${organisationId} AND s.member_id = ${id} AND s.valid_to = 'infinity'
        ORDER BY s.created_at LIMIT ${mostReferences})
        UNION ALL
        (SELECT 6, row_number() OVER (ORDER BY o.created_at), 'override', o.id, ${overrideName(tx)} FROM overrides o
        WHERE o.organisation_id = ${organisationId} AND ${id}::uuid IN (o.member_id, o.replaces_member_id)
          AND o.deleted_at IS NULL AND o.until > clock_timestamp()
        ORDER BY o.created_at LIMIT ${mostReferences})
        UNION ALL
        (SELECT 7, p.number, 'escalation_policy', p.id, p.name FROM escalation_policies p
        WHERE p.organisation_id = ${organisationId} AND p.deleted_at IS NULL
          AND p.levels @> ${tx.json([{ targets: [{ type: 'member', id }] }])}
        ORDER BY p.number LIMIT ${mostReferences})
        UNION ALL
        (SELECT 8, row_number() OVER (ORDER BY s.id), 'subscription', s.id, s.name FROM subscriptions s
        WHERE s.organisation_id = ${organisationId} AND s.owner_id = ${id} AND s.deleted_at IS NULL
        ORDER BY s.id LIMIT ${mostReferences})
        UNION ALL
        (SELECT 9, row_number() OVER (ORDER BY k.id), 'api_key', k.id, k.name FROM api_keys k
        WHERE k.organisation_id = ${organisationId} AND k.member_id = ${id} AND k.deleted_at IS NULL
        ORDER BY k.id LIMIT ${mostReferences})
      ) AS found ORDER BY kind, place LIMIT ${mostReferences}`),
  ];
}

/** The notification rules that use the contact method. Lock its member first: then none is added meanwhile. */
export async function referencesToContactMethod(
  tx: Queryable,
  organisationId: string,
  id: string,
): Promise<Reference[]> {
  return [
    ...(await tx<Reference[]>`
      SELECT 'notification_rule' AS type, NULL AS id, urgency || ', after ' || delay || ' s' AS name
      FROM notification_rules WHERE organisation_id = ${organisationId} AND contact_method_id = ${id}
      ORDER BY notification_rules.id LIMIT ${mostReferences}`),
  ];
}

/** Private ones are named to nobody, and count as one: whoever deletes need not be allowed to see them. */
function openIncident(tx: Queryable) {
  const isPublic = tx`i.visibility = 'public'`;
  return tx`DISTINCT ON (place) 4, CASE WHEN ${isPublic} THEN i.number ELSE 0 END AS place, 'incident',
    CASE WHEN ${isPublic} THEN i.id END, CASE WHEN ${isPublic} THEN i.name ELSE 'a private incident, or several' END`;
}

/** By its created_at the API finds an entry. */
function entryName(tx: Queryable) {
  return tx`to_char(s.created_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
}

function overrideName(tx: Queryable) {
  return tx`to_char(o.since, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '/' || to_char(o.until, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
}
