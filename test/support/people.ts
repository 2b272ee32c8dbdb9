import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { NotificationRule } from '../../src/domain/notification/rule.ts';
import { createContactMethodStore, type NewContactMethod } from '../../src/stores/contact-methods.ts';
import { createNotificationRuleStore } from '../../src/stores/notification-rules.ts';
import type { Sealer } from '../../src/stores/sealed.ts';
import type { Sql } from '../../src/stores/sql.ts';
import type { TestOrganisation } from './organisation.ts';

export async function insertMember(
  sql: Sql,
  { organisationId, teamId }: TestOrganisation,
  name = 'Ada',
): Promise<string> {
  const id = uuid();
  await sql`
    INSERT INTO members (id, organisation_id, team_id, name, email)
    VALUES (${id}, ${organisationId}, ${teamId}, ${name}, ${`${id}@example.com`})`;
  return id;
}

/** A verified contact method of a member. */
export async function insertContactMethod(
  sql: Sql,
  sealer: Sealer,
  { organisationId, teamId }: TestOrganisation,
  memberId: string,
  method: NewContactMethod,
): Promise<string> {
  const store = createContactMethodStore(sql, sealer);
  const made = await sql.begin((tx) => store.create(organisationId, teamId, memberId, method, tx));
  assert.ok(typeof made !== 'string', String(made));
  await sql`UPDATE contact_methods SET verified_at = now() WHERE id = ${made.id}`;
  return made.id;
}

/** Rules at urgency `high`, unless they say another. */
export async function setRules(
  sql: Sql,
  { organisationId, teamId }: TestOrganisation,
  memberId: string,
  rules: (Omit<NotificationRule, 'urgency'> & Partial<NotificationRule>)[],
): Promise<void> {
  const store = createNotificationRuleStore(sql);
  const given = rules.map((rule) => ({ urgency: 'high' as const, ...rule }));
  await sql.begin((tx) => store.replace(organisationId, teamId, memberId, given, tx));
}
