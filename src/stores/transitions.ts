import postgres from 'postgres';
import type { TransitionType } from '../domain/incident/log-entry.ts';
import { trailChange } from '../domain/incident/trail.ts';
import type { Transition } from '../domain/incident/transition.ts';
import { quietingTypes } from '../domain/notification/still-asks.ts';
import { planTransition } from '../outbound/dialect.ts';
import { dialects } from '../outbound/index.ts';
import { contentAssignments, contentOf, type TakenRole } from './command-contents.ts';
import type { Bell } from './doorbell.ts';
import { isKeyTaken } from './incident-keys.ts';
import { isMerged } from './incident-status.ts';
import { firstDueAt } from './quieting.ts';
import { recordedRun } from './recorded-run.ts';
import { snapshotOf } from './snapshot-columns.ts';
import type { Queryable, Sql } from './sql.ts';
import { readAhead, type StoredAhead } from './stored-ahead.ts';
import { isOfInterest } from './subscription-filters.ts';
import { createTargetStore, ScheduleTooLong } from './targets.ts';

export interface TransitionStore {
  /**
   * Stores transitions of one incident in order, in one transaction: row, snapshot, log entry, action and deliveries.
   * One that stands already changes nothing. Where another one stands in its place, it and those after it are not
   * stored, and the answer is what stands; otherwise null. The same when an incident is to resolve for want of
   * occurrences, and one came since; and when one is to reopen whose key another one has by now (`refused`). Rings the outbox after the commit.
   */
  record(organisationId: string, incidentId: string, transitions: Transition[]): Promise<StoredAhead | null>;
}

export function createTransitionStore(sql: Sql, bell: Bell): TransitionStore {
  const targets = createTargetStore(sql);

  /** By the team whose schedule it is. Few incidents are assigned to a schedule: the others cost no look. */
  const onCallFor = async (organisationId: string, { lifecycle, at }: Transition) => {
    const schedules = lifecycle.assignees.filter(({ type }) => type === 'schedule');
    const entries = schedules.map(async (schedule) => {
      const members = await targets.membersOf(organisationId, [schedule], at).catch((error: unknown) => {
        // A payload that names nobody is better than an incident that stands still.
        if (error instanceof ScheduleTooLong) return [];
        throw error;
      });
      return [schedule.id.toLowerCase(), members.map(({ memberId }) => memberId)] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  };

  return {
    async record(organisationId, incidentId, transitions) {
      const rung = new Set<number>();
      const onCall: Record<string, string[]>[] = [];
      for (const transition of transitions) onCall.push(await onCallFor(organisationId, transition));
      const recordAll = async (open: Queryable) => {
        for (const [index, transition] of transitions.entries()) {
          const shards = await recordOne(open, organisationId, incidentId, transition, onCall[index]!);
          if (shards) for (const shard of shards) rung.add(shard);
          else {
            const ahead = await readAhead(open, organisationId, incidentId, transition, transitions);
            if (ahead) return ahead;
          }
        }
        return null;
      };
      try {
        // One statement is one transaction by itself; BEGIN and COMMIT would be two round trips more.
        const ahead = transitions.length === 1 ? await recordAll(sql) : await sql.begin(recordAll);
        bell.ring('outbox', rung);
        return ahead;
      } catch (error) {
        const [first] = transitions;
        if (!first || !isStoredElsewhere(error)) throw error;
        return readAhead(sql, organisationId, incidentId, first, transitions);
      }
    },
  };
}

/**
 * Everything a transition changes, in one statement: all parts follow from the first, which finds no row when the
 * transition was stored before; the answer is null then. Payloads later render from `snapshot`
 * (domain/incident/snapshot.ts), so it takes
 * names and numbers as they are now. `onCall`: who is, for each team whose schedule is assigned. A delivery's shard is `shardOf` of its subscription: the last byte of the id.
 */
async function recordOne(
  sql: Queryable,
  organisationId: string,
  incidentId: string,
  transition: Transition,
  onCall: Record<string, string[]>,
): Promise<number[] | null> {
  const { id, type, at, agent, channel, details, lifecycle, action } = transition;
  const event = { id, type, at, agent, channel, details, action };
  const snapshot = snapshotOf(sql, onCall, event, agent.type === 'member' ? agent.id : null);
  const trail = trailChange(transition);
  const planned = planTransition(Object.values(dialects), transition);
  const [row] = await sql<{ isStored: boolean; shards: number[] }[]>`
    WITH was AS (
      SELECT workflow_ended_at IS NOT NULL AS had_ended, organisation_id, status, sequence, incident_status_id,
        ${isMerged(sql, 'incidents')} AS is_merged FROM incidents
      WHERE organisation_id = ${organisationId} AND id = ${incidentId}
    ), content AS (
      ${contentOf(sql, organisationId, incidentId, id)}
    ), changed AS (
      UPDATE incidents SET
        updated_at = greatest(updated_at, ${transition.at}::text::timestamptz),
        sequence = ${transition.sequence}, status = ${lifecycle.status}, lifecycle = ${sql.json(lifecycle as never)},
        acknowledged_at = ${lifecycle.acknowledgedAt}, resolved_at = ${lifecycle.resolvedAt},
        resolution = coalesce(changes->>'resolution', ${transition.resolution}, resolution),
        root_cause = coalesce(changes->>'rootCause', ${transition.rootCause}, root_cause),
        name = coalesce(changes->>'name', ${transition.name ?? null}, name),
        description = coalesce(changes->>'description', ${transition.description ?? null}, description),
        urgency = coalesce(${transition.urgency ?? null}, urgency),
        severity = CASE WHEN changes ? 'severity' THEN changes->>'severity' WHEN ${(transition.severity ?? null) !== null} THEN ${transition.severity?.to ?? null} ELSE severity END,
        priority = CASE WHEN changes ? 'priority' THEN changes->>'priority' WHEN ${(transition.priority ?? null) !== null} THEN ${transition.priority?.to ?? null} ELSE priority END,
        ${contentAssignments(sql, roleTakenBy(transition))},
        conference_bridge = CASE WHEN changes ? 'conferenceBridge' THEN nullif(changes->'conferenceBridge', 'null')
          WHEN ${transition.type === 'conference_bridge_updated'} THEN NULL ELSE conference_bridge END,
        escalation_policy = coalesce(${policyJson(sql, transition)}, escalation_policy),
        -- A sender's acknowledge that the workflow was yet to hear of has come, or come too late.
        acknowledging_event_id = CASE WHEN ${isTriggeredStill(transition)} THEN acknowledging_event_id END,
        acknowledging_since = CASE WHEN ${isTriggeredStill(transition)} THEN acknowledging_since END,
        clearing_event_id = CASE WHEN ${transition.type === 'reopened'} THEN NULL ELSE clearing_event_id END,
        clearing_since = CASE WHEN ${transition.type === 'reopened'} THEN NULL ELSE clearing_since END,
        trail = trail || ${sql.json(trail.set as never)}
          || jsonb_build_object('escalations', coalesce((trail->>'escalations')::integer, 0) + ${trail.escalations}::integer),
        -- Its workflow runs, or it could not have recorded this.
        workflow_ended_at = NULL, workflow_end = NULL,
        merging_into = CASE WHEN ${transition.type === 'reopened'} THEN NULL ELSE merging_into END
      FROM content
      WHERE organisation_id = ${organisationId} AND id = ${incidentId} AND sequence < ${transition.sequence}
        -- Under the row's lock, as joining is: what joined before this is known here.
        AND (${!isForQuiet(transition)} OR last_occurrence_at IS NULL OR quiet_resolve IS NULL
          OR last_occurrence_at + make_interval(secs => quiet_resolve) <= ${transition.at}::text::timestamptz)
        AND (${transition.type !== 'reopened'} OR NOT ${isKeyTaken(sql, 'incidents')})
      RETURNING incidents.*
    ), stored AS (
      INSERT INTO transitions (organisation_id, incident_id, sequence, id, type, at, snapshot)
      SELECT i.organisation_id, i.id, i.sequence, ${transition.id}, ${transition.type}, ${transition.at},
        ${snapshot.json}
      FROM changed i CROSS JOIN was CROSS JOIN content ${snapshot.joins}
      RETURNING organisation_id, incident_id, sequence, snapshot->'incident'->'incidentStatus'->>'id' AS shown_status,
        snapshot->'transition'->'previousIncidentStatus'->>'id' AS earlier_status
    ), logged AS (
      INSERT INTO log_entries (organisation_id, incident_id, sequence, index, type, at, agent, channel, details)
      SELECT organisation_id, incident_id, sequence, 0, ${transition.type}, ${transition.at},
        ${sql.json(transition.agent as never)}, ${transition.channel},
        ${sql.json(transition.details as never)}::jsonb || content.brought
      FROM stored CROSS JOIN content
    ), claimed AS (
      -- What is resolved loses its keys by a trigger.
      -- A claim that came between the look above and this fails the statement, and the next try sees it.
      INSERT INTO incident_claims (organisation_id, scope_id, incident_key, incident_id)
      SELECT i.organisation_id, i.service_id, i.incident_key, i.id
      FROM changed i CROSS JOIN was
      WHERE i.incident_key IS NOT NULL AND (${transition.type === 'reopened'}
        -- Its key was given up when its workflow ended. It goes on without it where the next one has it by now.
        OR was.had_ended AND ${lifecycle.status !== 'resolved'} AND NOT ${isKeyTaken(sql)})
    ), quieted AS (
      -- Whoever was asked before need not be told any more; help is asked for until the end.
      UPDATE notifications n SET status = 'cancelled', finished_at = ${transition.at} FROM stored
      WHERE n.organisation_id = stored.organisation_id AND n.incident_id = stored.incident_id AND n.status = 'pending'
        AND ${transition.type === 'escalated' || (quietingTypes as readonly TransitionType[]).includes(transition.type)}
        AND (${transition.type !== 'escalated'} OR ${transition.at}::text::timestamptz <= ${firstDueAt(sql)})
        AND (n.reason <> 'responders' OR ${transition.type === 'resolved'})
    ), sent AS (
      INSERT INTO deliveries (
        id, organisation_id, subscription_id, incident_id, subject_id, sequence, transition_type, event, item, shard,
        next_attempt_at, created_at)
      SELECT gen_random_uuid(), s.organisation_id, s.id, stored.incident_id, stored.incident_id, stored.sequence,
        ${transition.type}, planned.event, planned.item, get_byte(uuid_send(s.id), 15) % 4, now(), now()
      FROM stored CROSS JOIN was JOIN changed i ON i.id = stored.incident_id
      JOIN subscriptions s ON s.organisation_id = stored.organisation_id AND s.enabled AND s.deleted_at IS NULL
      JOIN jsonb_to_recordset(${sql.json(planned as never)}::jsonb)
        AS planned (dialect text, event text, item smallint, "ifStatusChanged" boolean, visibility text)
        ON planned.dialect = s.dialect
      WHERE (planned.visibility IS NULL OR planned.visibility = i.visibility)
        AND (NOT planned."ifStatusChanged" OR was.sequence = 0 OR was.status <> i.status
          OR stored.shown_status IS DISTINCT FROM stored.earlier_status)
        AND (i.visibility = 'public' OR s.includes_private)
        AND CASE WHEN ${action?.subscriptionId ?? null}::uuid IS NULL THEN planned.event = ANY(s.events) AND ${isOfInterest(sql)}
          -- Asked for by name, whatever it subscribed to; but its dialect must have a word for it.
          ELSE s.id = ${action?.subscriptionId ?? null}::uuid END
      RETURNING shard
    )${action === null ? sql`` : sql`, ${recordedRun(sql, transition.at, action)}`}
    SELECT EXISTS (SELECT FROM stored) AS is_stored, ARRAY(SELECT DISTINCT shard FROM sent) AS shards`;
  return row?.isStored ? row.shards : null;
}

/** Whoever opens an incident reports it; whoever first acknowledges it leads it. */
function roleTakenBy({ type, agent, at, lifecycle }: Transition): TakenRole | null {
  if (agent.type !== 'member' || agent.id === null) return null;
  if (type === 'triggered') return { role: 'reporter', memberId: agent.id };
  return lifecycle.status === 'acknowledged' && lifecycle.acknowledgedAt === at
    ? { role: 'lead', memberId: agent.id }
    : null;
}

function policyJson(sql: Queryable, { escalationPolicy }: Transition) {
  return escalationPolicy ? sql`${sql.json(escalationPolicy.to as never)}::jsonb` : sql`NULL::jsonb`;
}

function isTriggeredStill({ type, lifecycle }: Transition): boolean {
  return lifecycle.status === 'triggered' && type !== 'reopened';
}

function isForQuiet({ id }: Transition): boolean {
  return id.startsWith('timer:quiet_resolve:');
}

/** One of the commands stands at an earlier place: so old that the workflow has forgotten its id. */
function isStoredElsewhere(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.constraint_name === 'transitions_incident_id_id_key';
}
