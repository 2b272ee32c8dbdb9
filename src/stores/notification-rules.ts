import { isDeepStrictEqual } from 'node:util';
import { v7 as uuid } from 'uuid';
import { defaultRules, type NotificationRule } from '../domain/notification/rule.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';

export interface NotificationRuleStore {
  /** In the order they were given. */
  get(organisationId: string, memberId: string): Promise<NotificationRule[]>;
  /**
   * Puts these in place of all there are. Otherwise the places in `rules` whose contact method is none of the member's,
   * or that the team has no such member; then nothing is stored.
   */
  replace(
    organisationId: string,
    teamId: string,
    memberId: string,
    rules: NotificationRule[],
    tx: Transaction,
  ): Promise<NotificationRule[] | { unknownMethods: number[] } | 'unknown_member'>;
}

export function createNotificationRuleStore(sql: Sql): NotificationRuleStore {
  return {
    get: (organisationId, memberId) => sql<NotificationRule[]>`
      SELECT urgency, delay, contact_method_id FROM notification_rules
      WHERE organisation_id = ${organisationId} AND member_id = ${memberId}
      ORDER BY id`,

    async replace(organisationId, teamId, memberId, rules, tx) {
      if (!(await lockMember(tx, organisationId, memberId, teamId))) return 'unknown_member';
      const known = await tx<{ id: string }[]>`
        SELECT id FROM contact_methods
        WHERE organisation_id = ${organisationId} AND member_id = ${memberId} AND deleted_at IS NULL`;
      const ids = new Set(known.map(({ id }) => id));
      const unknownMethods = rules.flatMap(({ contactMethodId }, index) => (ids.has(contactMethodId) ? [] : [index]));
      if (unknownMethods.length > 0) return { unknownMethods };
      const standing = await tx<NotificationRule[]>`
        SELECT urgency, delay, contact_method_id FROM notification_rules
        WHERE organisation_id = ${organisationId} AND member_id = ${memberId} ORDER BY id`;
      // A repeat changes nothing, so the audit log tells nothing of it.
      if (isDeepStrictEqual([...standing], rules)) return rules;
      await forgetNotificationRules(tx, organisationId, memberId);
      await insertRules(tx, organisationId, memberId, rules);
      return rules;
    },
  };
}

/** Methods and rules of one member change one at a time. False when there is no such member (in the team). */
export async function lockMember(
  tx: Transaction,
  organisationId: string,
  memberId: string,
  teamId?: string,
): Promise<boolean> {
  const [member] = await tx`
    SELECT id FROM members
    WHERE organisation_id = ${organisationId} AND id = ${memberId} AND deleted_at IS NULL
      ${teamId === undefined ? tx`` : tx`AND team_id = ${teamId}`}
    FOR NO KEY UPDATE`;
  return member !== undefined;
}

/** For a member who has said nothing yet. Lock the member first. */
export async function insertDefaultRules(
  tx: Transaction,
  organisationId: string,
  memberId: string,
  contactMethodId: string,
): Promise<void> {
  const [rule] = await tx`
    SELECT id FROM notification_rules
    WHERE organisation_id = ${organisationId} AND member_id = ${memberId} LIMIT 1`;
  if (!rule) await insertRules(tx, organisationId, memberId, defaultRules(contactMethodId));
}

export async function forgetNotificationRules(tx: Queryable, organisationId: string, memberId: string): Promise<void> {
  await tx`DELETE FROM notification_rules WHERE organisation_id = ${organisationId} AND member_id = ${memberId}`;
}

/** Their ids rise in the order given. */
async function insertRules(
  tx: Queryable,
  organisationId: string,
  memberId: string,
  rules: NotificationRule[],
): Promise<void> {
  await tx`
    INSERT INTO notification_rules (id, organisation_id, member_id, contact_method_id, urgency, delay)
    SELECT given.id, ${organisationId}, ${memberId}, given.contact_method_id, given.urgency, given.delay
    FROM unnest(
      ${rules.map(() => uuid())}::uuid[], ${rules.map(({ contactMethodId }) => contactMethodId)}::uuid[],
      ${rules.map(({ urgency }) => urgency)}::text[], ${rules.map(({ delay }) => delay)}::integer[]
    ) AS given (id, contact_method_id, urgency, delay)`;
}
