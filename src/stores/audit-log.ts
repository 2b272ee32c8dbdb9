import type { Agent } from '../domain/incident/log-entry.ts';
import type { Sql, Transaction } from './sql.ts';

/** Triggers give them to what they record (migrations/0008); `test/stores/audit-log.test.ts` holds the list. */
export const auditSubjects = [
  'organisation',
  'api_key',
  'team',
  'member',
  'contact_method',
  'notification_rule',
  'webhook',
  'ruleset',
  'action',
  'subscription',
  'subscription_secret',
  'schedule_entry',
  'override',
  'escalation_policy',
  'status_page',
  'status_page_component',
  'severity',
  'custom_field',
  'custom_field_option',
  'incident_role',
  'incident_status',
  'incident_type',
] as const;
export const auditActions = ['created', 'updated', 'deleted'] as const;

/** Whose request changes something. */
export interface Origin {
  /** Of the key: what it changes elsewhere is an operator's doing there. */
  organisationId: string;
  agent: Agent;
  apiKeyId: string;
  ip: string;
  requestId: string;
}

/** One change of one row of the configuration. Rows are as they are stored, secrets hidden. */
export interface AuditEntry {
  id: string;
  sequence: number;
  at: string;
  /** Null: the product itself. */
  agent: Agent | null;
  apiKeyId: string | null;
  ip: string | null;
  requestId: string | null;
  action: (typeof auditActions)[number];
  subjectType: (typeof auditSubjects)[number];
  subjectId: string;
  subjectName: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

/** Each takes part when it is there; `since` is the first time that counts, `until` the first that does not. */
export interface AuditFilter {
  subjectType?: string | undefined;
  subjectId?: string | undefined;
  action?: string | undefined;
  apiKeyId?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

export interface AuditLog {
  /** Newest first; `before` is the sequence of the last one seen. */
  list(
    organisationId: string,
    filter: AuditFilter,
    page: { limit: number; before?: number | undefined },
  ): Promise<AuditEntry[]>;
  get(organisationId: string, id: string): Promise<AuditEntry | undefined>;
}

export function createAuditLog(sql: Sql): AuditLog {
  const columns = sql`
    id, sequence, at, agent, api_key_id, ip, request_id, action, subject_type, subject_id, subject_name, before, after`;
  const where = (given: string | undefined, condition: (value: string) => ReturnType<typeof sql>) =>
    given === undefined ? sql`` : sql`AND ${condition(given)}`;

  return {
    async list(organisationId, filter, { limit, before }) {
      const rows = await sql<AuditEntry[]>`
        SELECT ${columns} FROM audit_entries
        WHERE organisation_id = ${organisationId}
          ${before === undefined ? sql`` : sql`AND sequence < ${before}`}
          ${where(filter.subjectType, (type) => sql`subject_type = ${type}`)}
          ${where(filter.subjectId, (id) => sql`subject_id = ${id}`)}
          ${where(filter.action, (action) => sql`action = ${action}`)}
          ${where(filter.apiKeyId, (id) => sql`api_key_id = ${id}::uuid`)}
          ${where(filter.since, (since) => sql`at >= ${since}::text::timestamptz`)}
          ${where(filter.until, (until) => sql`at < ${until}::text::timestamptz`)}
        ORDER BY sequence DESC LIMIT ${limit}`;
      return [...rows];
    },

    async get(organisationId, id) {
      const [row] = await sql<AuditEntry[]>`
        SELECT ${columns} FROM audit_entries WHERE organisation_id = ${organisationId} AND id = ${id}`;
      return row;
    },
  };
}

/** Whose changes those of this transaction are; without it they are the product's own. */
export async function setOrigin(tx: Transaction, origin: Origin): Promise<void> {
  await tx`SELECT set_config('tocsin.origin', ${JSON.stringify(origin)}, true)`;
}
