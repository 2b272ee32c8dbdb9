import type { PolicySnapshot } from '../domain/escalation/policy.ts';
import { incidentReference, type IncidentState, type Lifecycle, type Status } from '../domain/incident/incident.ts';
import type { CheckResult, Visibility } from '../domain/incident/snapshot.ts';
import { Refusal } from '../domain/error-code.ts';
import type { SupportHours } from '../domain/schedule/support-hours.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';

/** incident.io's: `retrospective` is told of after it was over, `test` and `tutorial` are no real ones. */
export const incidentModes = ['standard', 'retrospective', 'test', 'tutorial'] as const;
export type IncidentMode = (typeof incidentModes)[number];

/**
 * A new incident's row. Its number is in the state; take one with `nextIncidentNumbers` in the same transaction. The
 * state of a private one is stored, and given to its workflow, under its reference: its row alone has the name.
 */
export interface NewIncident {
  state: IncidentState;
  description: string;
  incidentKey: string | null;
  rulesetId?: string | null;
  rulesetVersion?: number | null;
  webhookId?: string | null;
  eventId?: string | null;
  severity?: string | null;
  priority?: string | null;
  /** Public unless given. */
  visibility?: Visibility;
  supportHours?: SupportHours | null;
  check?: CheckResult | null;
  /** The key that reported it. */
  apiKeyId?: string | null;
  /** The sender's own name for the problem, within the webhook. */
  dedupKey?: string | null;
  /** Names it for ever. */
  idempotencyKey?: string | null;
  statusId?: string | null;
  typeId?: string | null;
  /** As the columns of `incidents` say. */
  mode?: IncidentMode;
  customFields?: Record<string, string[]>;
  roleAssignments?: Record<string, string>;
  timestamps?: Record<string, string>;
  occurrences?: number;
  lastOccurrenceAt?: string | null;
}

/** An incident as its workflow last recorded it, and what it opened with. */
export interface StoredIncident {
  status: Status;
  opening: IncidentState;
  /** Of the newest transition; 0: not even the opening is stored. */
  sequence: number;
  lifecycle: Lifecycle;
  escalationPolicy: PolicySnapshot | null;
  /** Of the newest transitions, oldest first. */
  commandIds: string[];
  occurrences: number;
  lastOccurrenceAt: string | null;
}

/** As many as a workflow remembers. */
const rememberedCommands = 1_000;

export interface IncidentStore {
  /**
   * Stores an incident made by API: row, claim and what `storeMore` stores in one transaction; of a private one the
   * member as whom the reporting key acts is a member from the start. `build` gets the number,
   * and may take more in that transaction. Throws `Refusal` `already_exists` while an incident of the team with the same
   * key is open.
   */
  create(
    organisationId: string,
    scopeId: string,
    build: (number: number, tx: Transaction) => NewIncident | Promise<NewIncident>,
    storeMore?: (tx: Transaction) => Promise<void>,
  ): Promise<IncidentState>;
  /** The workflow runs: housekeeping need not start it. */
  markStarted(organisationId: string, incidentIds: string[]): Promise<void>;
  /** What a workflow starts from that does not run (yet, or any more); null for an unknown id. */
  opening(organisationId: string, incidentId: string): Promise<StoredIncident | null>;
}

export function createIncidentStore(sql: Sql): IncidentStore {
  return {
    async create(organisationId, scopeId, build, storeMore = async () => {}) {
      return sql.begin(async (tx) => {
        const incident = await build(await nextIncidentNumbers(tx, organisationId, 1), tx);
        await insertIncidents(tx, organisationId, [incident]);
        if (incident.incidentKey !== null) {
          const claimed = await tx`
            INSERT INTO incident_claims (organisation_id, scope_id, incident_key, incident_id)
            VALUES (${organisationId}, ${scopeId}, ${incident.incidentKey}, ${incident.state.incidentId})
            ON CONFLICT DO NOTHING RETURNING incident_id`;
          if (claimed.length === 0)
            throw new Refusal(
              'already_exists',
              'An open incident has this incident_key; resolve it or use another key.',
              [{ field: 'incident_key', message: 'is the key of an open incident' }],
            );
        }
        await letReporterIn(tx, organisationId, incident);
        await storeMore(tx);
        return toldState(incident);
      });
    },

    async markStarted(organisationId, incidentIds) {
      await sql`
        UPDATE incidents SET workflow_started = true
        WHERE organisation_id = ${organisationId} AND id = ANY(${incidentIds}::uuid[]) AND NOT workflow_started`;
    },

    async opening(organisationId, incidentId) {
      const [row] = await sql<StoredIncident[]>`
        SELECT i.status, i.opening, i.sequence, i.lifecycle, i.escalation_policy, i.occurrences, i.last_occurrence_at,
          ARRAY(SELECT t.id FROM transitions t
            WHERE t.organisation_id = i.organisation_id AND t.incident_id = i.id
              AND t.sequence > i.sequence - ${rememberedCommands} ORDER BY t.sequence) AS command_ids
        FROM incidents i WHERE i.organisation_id = ${organisationId} AND i.id = ${incidentId}`;
      return row ?? null;
    },
  };
}

/** Takes `count` numbers and answers the first; the counter's row stays locked until the transaction ends. */
export async function nextIncidentNumbers(tx: Queryable, organisationId: string, count: number): Promise<number> {
  const [row] = await tx<{ value: number }[]>`
    INSERT INTO counters (organisation_id, kind, value) VALUES (${organisationId}, 'incident', ${count})
    ON CONFLICT (organisation_id, kind) DO UPDATE SET value = counters.value + excluded.value
    RETURNING value`;
  if (!row) throw new Error('The counter answered no row.');
  return row.value - count + 1;
}

/** Inserts rows of one organisation, all or none; a row that stands already is left alone. */
export async function insertIncidents(tx: Queryable, organisationId: string, incidents: NewIncident[]): Promise<void> {
  const rows = incidents.map(({ state, ...rest }) => ({
    id: state.incidentId,
    organisation_id: organisationId,
    number: state.number,
    team_id: state.teamId,
    ruleset_id: rest.rulesetId ?? null,
    ruleset_version: rest.rulesetVersion ?? null,
    webhook_id: rest.webhookId ?? null,
    event_id: rest.eventId ?? null,
    severity: rest.severity ?? null,
    priority: rest.priority ?? null,
    visibility: rest.visibility ?? 'public',
    quiet_resolve: state.quietResolveTimeout ?? null,
    escalation_policy: state.escalationPolicy ? tx.json(state.escalationPolicy as never) : null,
    support_hours: rest.supportHours ? tx.json(rest.supportHours as never) : null,
    incident_key: rest.incidentKey,
    name: state.name,
    description: rest.description,
    urgency: state.urgency,
    check_result: rest.check ? tx.json(rest.check as never) : null,
    api_key_id: rest.apiKeyId ?? null,
    dedup_key: rest.dedupKey ?? null,
    idempotency_key: rest.idempotencyKey ?? null,
    incident_status_id: rest.statusId ?? null,
    incident_type_id: rest.typeId ?? null,
    mode: rest.mode ?? 'standard',
    custom_fields: tx.json(rest.customFields ?? {}),
    role_assignments: tx.json(rest.roleAssignments ?? {}),
    timestamps: tx.json(rest.timestamps ?? {}),
    updated_at: state.createdAt,
    created_at: state.createdAt,
    status: state.lifecycle.status,
    lifecycle: tx.json(state.lifecycle as never),
    opening: tx.json(toldState({ state, visibility: rest.visibility ?? 'public' }) as never),
    occurrences: rest.occurrences ?? 1,
    last_occurrence_at: rest.lastOccurrenceAt ?? null,
    // The workflow begins with one occurrence; more of them are signalled once.
    occurrences_signalled: 1,
  }));
  await tx`INSERT INTO incidents ${tx(rows)} ON CONFLICT (id) DO NOTHING`;
}

/** What its workflow knows of it. */
function toldState({ state, visibility = 'public' }: Pick<NewIncident, 'state' | 'visibility'>): IncidentState {
  return visibility === 'public' ? state : { ...state, name: incidentReference(state.number) };
}

async function letReporterIn(
  tx: Transaction,
  organisationId: string,
  { state, visibility, apiKeyId = null }: NewIncident,
): Promise<void> {
  if (visibility !== 'private' || apiKeyId === null) return;
  await tx`
    INSERT INTO incident_memberships (id, organisation_id, incident_id, member_id, granted_by)
    SELECT gen_random_uuid(), k.organisation_id, ${state.incidentId}, k.member_id, ${tx.json(state.openedBy as never)}
    FROM api_keys k WHERE k.organisation_id = ${organisationId} AND k.id = ${apiKeyId} AND k.member_id IS NOT NULL`;
}
