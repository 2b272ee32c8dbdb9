import { v7 as uuid } from 'uuid';
import type { Agent } from '../domain/incident/log-entry.ts';
import type { ServiceType } from '../domain/incident/snapshot.ts';
import type { ServiceChange, ServiceSnapshot } from '../domain/webhook/outbound-event.ts';
import { planService } from '../outbound/dialect.ts';
import { dialects } from '../outbound/index.ts';
import { ringAtCommit } from './doorbell.ts';
import { insertOwnDeliveries } from './own-deliveries.ts';
import { plainServiceJson, rulesetServiceJson } from './snapshot-columns.ts';
import type { Transaction } from './sql.ts';

/** A ruleset, a webhook or a team, which other vendors call a service, and who changes it. */
export interface ChangedService {
  type: ServiceType;
  id: string;
  agent: Agent;
}

/**
 * Tells the subscriptions that ask for it, in the transaction of the change and with the service as it is then: those of
 * the whole account, of the service itself, and of the team whose it is. What is told of one service arrives in order.
 */
export async function recordServiceChange(
  tx: Transaction,
  organisationId: string,
  { type, id, agent, change }: ChangedService & { change: ServiceChange },
): Promise<void> {
  const planned = planService(Object.values(dialects), change);
  const rows = await tx<{ subscriptionId: string; event: string }[]>`
    SELECT s.id AS subscription_id, planned.event FROM subscriptions s
    JOIN jsonb_to_recordset(${tx.json(planned)}::jsonb) AS planned (dialect text, event text)
      ON planned.dialect = s.dialect AND planned.event = ANY(s.events)
    WHERE s.organisation_id = ${organisationId} AND s.enabled AND s.deleted_at IS NULL
      AND CASE s.filter_type WHEN 'service' THEN s.filter_id = ${id} WHEN 'team' THEN s.filter_id = (${teamOf(tx, organisationId, type, id)})
        ELSE s.filter_type = 'account' END
    ORDER BY s.id FOR KEY SHARE OF s`;
  if (rows.length === 0) return;
  const snapshot: ServiceSnapshot = {
    kind: 'service',
    change,
    at: new Date().toISOString(),
    agent,
    ...(await readService(tx, organisationId, type, id)),
  };
  const deliveries = rows.map((row) => ({ ...row, id: uuid(), item: 0, snapshot, subjectId: id }));
  await ringAtCommit(tx, 'outbox', await insertOwnDeliveries(tx, organisationId, deliveries));
}

/**
 * Runs `update`, and tells of it where it has changed something. Until the transaction ends nobody else changes the
 * service.
 */
export async function recordServiceUpdate<Result>(
  tx: Transaction,
  organisationId: string,
  service: ChangedService,
  update: () => Promise<Result>,
): Promise<Result> {
  const before = await digestOf(tx, organisationId, service);
  const result = await update();
  const after = before === undefined ? undefined : await digestOf(tx, organisationId, service);
  if (after !== before) await recordServiceChange(tx, organisationId, { ...service, change: 'updated' });
  return result;
}

const tables = { ruleset: 'rulesets', webhook: 'webhooks', team: 'teams' } as const satisfies Record<
  ServiceType,
  string
>;

/** Of all that can be set; a version counts up even when nothing is another. Undefined: there is no such service. */
async function digestOf(tx: Transaction, organisationId: string, { type, id }: ChangedService) {
  const [row] = await tx<{ digest: string }[]>`
    SELECT md5((to_jsonb(one) - 'version' - 'verification_version')::text) AS digest FROM ${tx(tables[type])} AS one
    WHERE organisation_id = ${organisationId} AND id = ${id} AND deleted_at IS NULL FOR NO KEY UPDATE`;
  return row?.digest;
}

/** The id of the team whose it is: a webhook is nobody's. */
function teamOf(tx: Transaction, organisationId: string, type: ServiceType, id: string) {
  if (type === 'webhook') return tx`NULL::uuid`;
  return type === 'team'
    ? tx`${id}::uuid`
    : tx`SELECT team_id FROM rulesets WHERE organisation_id = ${organisationId} AND id = ${id}`;
}

/** Also of one that has just been deleted. Throws for one that never was. */
async function readService(
  tx: Transaction,
  organisationId: string,
  type: ServiceType,
  id: string,
): Promise<Pick<ServiceSnapshot, 'organisation' | 'service' | 'team'>> {
  const service = {
    ruleset: () => rulesetServiceJson(tx),
    webhook: () => plainServiceJson(tx, 'w', 'webhook'),
    team: () => plainServiceJson(tx, 't', 'team'),
  }[type]();
  const source = {
    ruleset: tx`rulesets r JOIN teams t ON t.organisation_id = r.organisation_id AND t.id = r.team_id
      LEFT JOIN escalation_policies p ON p.organisation_id = r.organisation_id AND p.id = r.escalation_policy_id`,
    webhook: tx`webhooks w LEFT JOIN teams t ON false`,
    team: tx`teams t`,
  }[type];
  const row = { ruleset: 'r', webhook: 'w', team: 't' }[type];
  const isOpen = (status: string) => tx`EXISTS (SELECT FROM incidents i
    WHERE i.organisation_id = ${organisationId} AND i.service_id = ${id} AND i.status = ${status} AND i.status <> 'resolved'
      AND i.visibility = 'public')`;
  const [read] = await tx<Pick<ServiceSnapshot, 'organisation' | 'service' | 'team'>[]>`
    SELECT jsonb_build_object('id', o.id, 'name', o.name) AS organisation,
      CASE WHEN t.id IS NOT NULL THEN jsonb_build_object('id', t.id, 'number', t.number, 'name', t.name) END AS team,
      jsonb_build_object(
        'lastIncidentAt', (SELECT max(i.created_at) FROM incidents i
          WHERE i.organisation_id = ${organisationId} AND i.service_id = ${id} AND i.visibility = 'public'),
        'status', CASE WHEN ${isOpen('triggered')} THEN 'triggered' WHEN ${isOpen('acknowledged')} THEN 'acknowledged'
          ELSE 'resolved' END) || ${service} AS service
    FROM ${source} JOIN organisations o ON o.id = ${organisationId}
    WHERE ${tx(row)}.organisation_id = ${organisationId} AND ${tx(row)}.id = ${id}`;
  if (!read) throw new Error(`There never was a ${type} ${id}`);
  return read;
}
