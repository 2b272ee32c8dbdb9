import type { TransitionType } from '../domain/incident/log-entry.ts';
import type { Transition } from '../domain/incident/transition.ts';
import { eventNameOf } from '../outbound/dialect.ts';
import { dialects } from '../outbound/index.ts';
import type { Bell } from './doorbell.ts';
import type { Queryable, Sql } from './sql.ts';

export interface TransitionStore {
  /**
   * Stores transitions of one incident in order, in one transaction: row, snapshot, log entry, action and deliveries.
   * One that stands already (by its place in the sequence) changes nothing. Rings the outbox after the commit.
   */
  record(organisationId: string, incidentId: string, transitions: Transition[]): Promise<void>;
}

export function createTransitionStore(sql: Sql, bell: Bell): TransitionStore {
  return {
    async record(organisationId, incidentId, transitions) {
      const [only] = transitions;
      // One statement is one transaction by itself; BEGIN and COMMIT would be two round trips more.
      const shards =
        only && transitions.length === 1
          ? await recordOne(sql, organisationId, incidentId, only)
          : await sql.begin(async (tx) => {
              const rung: number[] = [];
              for (const transition of transitions)
                rung.push(...(await recordOne(tx, organisationId, incidentId, transition)));
              return rung;
            });
      bell.ring('outbox', new Set(shards));
    },
  };
}

/**
 * Everything a transition changes, in one statement: all parts follow from the first, which finds no row when the
 * transition was stored before. Payloads later render from `snapshot` (domain/incident/snapshot.ts), so it takes
 * names and numbers as they are now. A delivery's shard is `shardOf` of its subscription: the last byte of the id.
 */
async function recordOne(
  sql: Queryable,
  organisationId: string,
  incidentId: string,
  transition: Transition,
): Promise<number[]> {
  const { lifecycle, action } = transition;
  const event = sql.json({
    id: transition.id,
    type: transition.type,
    at: transition.at,
    agent: transition.agent,
    channel: transition.channel,
    action,
  } as never);
  const rows = await sql<{ shard: number }[]>`
    WITH changed AS (
      UPDATE incidents SET
        sequence = ${transition.sequence}, status = ${lifecycle.status}, lifecycle = ${sql.json(lifecycle as never)},
        acknowledged_at = ${lifecycle.acknowledgedAt}, resolved_at = ${lifecycle.resolvedAt},
        resolution = coalesce(${transition.resolution}, resolution),
        root_cause = coalesce(${transition.rootCause}, root_cause)
      WHERE organisation_id = ${organisationId} AND id = ${incidentId} AND sequence < ${transition.sequence}
      RETURNING *
    ), stored AS (
      INSERT INTO transitions (organisation_id, incident_id, sequence, id, type, at, snapshot)
      SELECT i.organisation_id, i.id, i.sequence, ${transition.id}, ${transition.type}, ${transition.at},
        jsonb_build_object(
          'incident', jsonb_build_object(
            'id', i.id, 'number', i.number, 'name', i.name, 'description', i.description, 'status', i.status,
            'urgency', i.urgency, 'assignees', i.lifecycle->'assignees', 'incidentKey', i.incident_key,
            'occurrences', i.occurrences, 'createdAt', i.opening->>'createdAt',
            'acknowledgedAt', i.lifecycle->>'acknowledgedAt', 'resolvedAt', i.lifecycle->>'resolvedAt',
            'resolution', i.resolution, 'rootCause', i.root_cause, 'pendingActions', i.lifecycle->'pendingActions'),
          'organisation', jsonb_build_object('id', o.id, 'name', o.name),
          'team', jsonb_build_object('id', t.id, 'number', t.number, 'name', t.name),
          'service', CASE
            WHEN r.id IS NOT NULL THEN jsonb_build_object('type', 'ruleset', 'id', r.id, 'number', r.number, 'name', r.name)
            WHEN w.id IS NOT NULL THEN jsonb_build_object('type', 'webhook', 'id', w.id, 'number', w.number, 'name', w.name)
            ELSE jsonb_build_object('type', 'team', 'id', t.id, 'number', t.number, 'name', t.name) END,
          'webhook', CASE WHEN w.id IS NOT NULL THEN jsonb_build_object(
            'id', w.id, 'number', w.number, 'name', w.name,
            'monitorUrl', w.monitor_url, 'monitorMethod', w.monitor_method) END,
          'check', i.check_result,
          'transition', ${event}::jsonb)
      FROM changed i
      JOIN organisations o ON o.id = i.organisation_id
      JOIN teams t ON t.id = i.team_id AND t.organisation_id = i.organisation_id
      LEFT JOIN rulesets r ON r.id = i.ruleset_id AND r.organisation_id = i.organisation_id
      LEFT JOIN webhooks w ON w.id = i.webhook_id AND w.organisation_id = i.organisation_id
      RETURNING organisation_id, incident_id, sequence
    ), logged AS (
      INSERT INTO log_entries (organisation_id, incident_id, sequence, index, type, at, agent, channel, details)
      SELECT organisation_id, incident_id, sequence, 0, ${transition.type}, ${transition.at},
        ${sql.json(transition.agent as never)}, ${transition.channel}, ${sql.json(transition.details as never)}
      FROM stored
    ), acted AS (
      INSERT INTO actions (id, organisation_id, incident_id, sequence, type, trigger, settings, at)
      SELECT ${action?.id ?? null}::uuid, organisation_id, incident_id, sequence, ${action?.type ?? null}, ${action?.trigger ?? null},
        ${sql.json((action ? { subscriptionId: action.subscriptionId } : {}) as never)}, ${transition.at}
      FROM stored WHERE ${action !== null}
    ), released AS (
      DELETE FROM incident_claims c USING stored
      WHERE c.organisation_id = stored.organisation_id AND c.incident_id = stored.incident_id
        AND ${lifecycle.status === 'resolved'}
    )
    INSERT INTO deliveries (
      id, organisation_id, subscription_id, incident_id, sequence, transition_type, shard, next_attempt_at, created_at)
    SELECT gen_random_uuid(), s.organisation_id, s.id, stored.incident_id, stored.sequence, ${transition.type},
      get_byte(uuid_send(s.id), 15) % 4, now(), now()
    FROM stored JOIN subscriptions s ON s.organisation_id = stored.organisation_id AND s.enabled
    WHERE CASE WHEN ${action?.subscriptionId ?? null}::uuid IS NULL THEN ${transition.type} = ANY(s.transition_types)
      -- Asked for by name, whatever it subscribed to; but its dialect must have a word for it.
      ELSE s.id = ${action?.subscriptionId ?? null}::uuid AND s.dialect = ANY(${dialectsWith(transition.type)}) END
    RETURNING shard`;
  return rows.map((row) => row.shard);
}

function dialectsWith(type: TransitionType): string[] {
  return Object.values(dialects)
    .filter((dialect) => eventNameOf(dialect, type) !== undefined)
    .map(({ name }) => name);
}
