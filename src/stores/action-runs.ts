import type postgres from 'postgres';
import type { IncidentSnapshot } from '../domain/incident/snapshot.ts';
import type { Sealer } from './sealed.ts';
import type { Sql } from './sql.ts';

/** One run of an action, with all it takes to carry it out. */
export interface ActionRun {
  id: string;
  organisationId: string;
  incidentId: string;
  sequence: number;
  type: string;
  /** The one thing to run, as the API shows it: whoever reads it checks it. Undefined when there is none. */
  settings: unknown;
  /** Opens the headers' values. Throws when SECRET_KEY is not the one that sealed them. */
  headers(): Record<string, string>;
  /** The incident as it was when the run was recorded. */
  snapshot: IncidentSnapshot;
  /** How many of our own actions lie between the event that opened the incident and one from outside. */
  hops: number;
  /** Attempts begun, this one included. */
  attempts: number;
}

/** Why runs fail. `gave_up`: the last attempt ended without saying why, as when its worker died. */
export const actionErrorCodes = [
  'http_error',
  'timeout',
  'network_error',
  'tls_error',
  'refused_address',
  'invalid_template',
  'body_too_large',
  'invalid_header',
  'too_many_hops',
  'unknown_webhook',
  'unknown_component',
  'unknown_subscription',
  'nobody_reachable',
  'internal_error',
  'gave_up',
] as const;
export type ActionErrorCode = (typeof actionErrorCodes)[number];

/** `error` is short and can be stored. */
export interface ActionFailureDetails {
  errorCode: ActionErrorCode;
  error: string;
  statusCode: number | null;
}

export type ActionOutcome =
  { outcome: 'succeeded'; statusCode: number | null } | ({ outcome: 'failed' } & ActionFailureDetails);

/**
 * Runs that an activity carries out: for one that is done by recording it (alerts, subscriptions) each of these does
 * nothing, as for one that is unknown or has its outcome.
 */
export interface ActionRunStore {
  /** Counts an attempt and answers what to do; null when there is nothing (more) to do. */
  begin(organisationId: string, actionId: string): Promise<ActionRun | null>;
  /** Notes why an attempt failed that is to be repeated. */
  note(organisationId: string, actionId: string, failure: ActionFailureDetails): Promise<void>;
  /** Stores the outcome with its log entry; the first one stands. Answers whether it was this one. */
  finish(organisationId: string, actionId: string, outcome: ActionOutcome): Promise<boolean>;
  /** Stores failure: the last one noted, or else `gave_up` with `error`. Answers like `finish`. */
  giveUp(organisationId: string, actionId: string, error: string): Promise<boolean>;
  /**
   * Gives up to `limit` runs up that were recorded more than a day ago, across organisations; answers how many. Their
   * workflows are gone: an operator terminated or reset them, and nobody else would end the runs.
   */
  giveUpAbandoned(limit: number): Promise<number>;
}

export function createActionRunStore(sql: Sql, sealer: Sealer): ActionRunStore {
  /** As the index `actions_under_way` says it. */
  const underWay = sql`
    outcome IS NULL AND type <> 'trigger-alerts' AND settings->0->>'subscription_id' IS NULL`;
  const unfinished = (organisationId: string, actionId: string) => sql`
    organisation_id = ${organisationId} AND id = ${actionId} AND ${underWay}`;

  /** One statement, so that an outcome never stands without its log entry; the entry follows from the row it changed. */
  const settle = async (which: Fragment, values: Fragment) => {
    const rows = await sql`
      WITH settled AS (
        UPDATE actions SET ${values}, finished_at = now(), headers = NULL
        WHERE ${which}
        RETURNING *
      )
      INSERT INTO log_entries (organisation_id, incident_id, sequence, index, type, at, agent, channel, details)
      SELECT s.organisation_id, s.incident_id, s.sequence, 1, 'action_' || s.outcome, s.finished_at,
        t.snapshot->'transition'->'agent', t.snapshot->'transition'->>'channel',
        jsonb_strip_nulls(jsonb_build_object(
          'action_id', s.id, 'action_type', s.type, 'error', s.error, 'status_code', s.status_code))
      FROM settled s
      JOIN transitions t ON t.organisation_id = s.organisation_id
        AND t.incident_id = s.incident_id AND t.sequence = s.sequence
      RETURNING sequence`;
    return rows.length;
  };
  const failure = (error: string) => sql`
    outcome = 'failed', error_code = coalesce(error_code, 'gave_up'), error = coalesce(error, ${error})`;

  return {
    async begin(organisationId, actionId) {
      const [row] = await sql<BegunRow[]>`
        WITH begun AS (
          UPDATE actions SET attempts = attempts + 1
          WHERE ${unfinished(organisationId, actionId)}
          RETURNING *
        )
        SELECT b.id, b.organisation_id, b.incident_id, b.sequence, b.type, b.settings->0 AS settings, b.attempts,
          b.definition_id, b.headers AS sealed_headers, t.snapshot, coalesce(e.hops, 0) AS hops
        FROM begun b
        JOIN transitions t ON t.organisation_id = b.organisation_id
          AND t.incident_id = b.incident_id AND t.sequence = b.sequence
        JOIN incidents i ON i.organisation_id = b.organisation_id AND i.id = b.incident_id
        LEFT JOIN events e ON e.organisation_id = i.organisation_id AND e.id = i.event_id`;
      if (!row) return null;
      const { definitionId, sealedHeaders, ...run } = row;
      return { ...run, settings: run.settings ?? undefined, headers: () => open(sealer, sealedHeaders, definitionId) };
    },

    async note(organisationId, actionId, { errorCode, error, statusCode }) {
      await sql`
        UPDATE actions SET error_code = ${errorCode}, error = ${error}, status_code = ${statusCode}
        WHERE ${unfinished(organisationId, actionId)}`;
    },

    async finish(organisationId, actionId, given) {
      const { outcome, statusCode } = given;
      const { errorCode, error } = given.outcome === 'failed' ? given : { errorCode: null, error: null };
      const changed = await settle(
        unfinished(organisationId, actionId),
        sql`outcome = ${outcome}, error_code = ${errorCode}, error = ${error}, status_code = ${statusCode}`,
      );
      return changed > 0;
    },

    async giveUp(organisationId, actionId, error) {
      return (await settle(unfinished(organisationId, actionId), failure(error))) > 0;
    },

    giveUpAbandoned: (limit) =>
      settle(
        sql`id IN (
          SELECT id FROM actions
          WHERE (${underWay} OR (outcome IS NULL AND type = 'trigger-alerts')) AND at < now() - interval '1 day'
          ORDER BY at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`,
        failure('nobody carried it out within a day'),
      ),
  };
}

type Fragment = postgres.PendingQuery<postgres.Row[]>;

type BegunRow = Omit<ActionRun, 'headers'> & { definitionId: string | null; sealedHeaders: Uint8Array | null };

function open(sealer: Sealer, sealed: Uint8Array | null, definitionId: string | null): Record<string, string> {
  if (sealed === null) return {};
  const text = sealer.open(sealed, definitionId ?? '');
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    // The parser's own message would repeat what it read.
    throw new Error('The headers of an action are not JSON');
  }
}
