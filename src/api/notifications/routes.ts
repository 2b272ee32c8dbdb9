import { z } from 'zod';
import { type FieldError, Refusal } from '../../domain/error-code.ts';
import { type NotificationRule, repeatedRules } from '../../domain/notification/rule.ts';
import { requireMember } from '../contact-methods/require-member.ts';
import { memberPath } from '../contact-methods/schema.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { nextCursor, page, pathId } from '../fields.ts';
import { requireIncident } from '../incidents/send-command.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { givenRules, notification, notificationRules, presentNotification, presentRules } from './schema.ts';

export function createNotificationRoutes(deps: ApiDeps): Route[] {
  const { stores, cursors } = deps;
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/team/{id}/member/{member_id}/notification-rules',
      summary: 'How a member wants to be notified',
      tag: 'Notifications',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: memberPath,
      responses: { 200: notificationRules },
      refusals: [],
      handler: async ({ key: { organisationId }, params }) => {
        const { id: memberId } = await requireMember(stores.members, organisationId, params);
        return { status: 200, body: presentRules(await stores.notificationRules.get(organisationId, memberId)) };
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/team/{id}/member/{member_id}/notification-rules',
      summary: 'Say how a member wants to be notified',
      description:
        'The list replaces the one before. A rule counts once its contact method is verified. A member whom no rule fits is not reached: incidents that ask nobody else say so in their log.',
      tag: 'Notifications',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: memberPath,
      body: givenRules,
      checkBody,
      responses: { 200: notificationRules },
      refusals: [],
      handler: ({ key: { organisationId }, params, body, transaction }) =>
        transaction(async (tx) => {
          const { id: teamId, member_id: memberId } = params;
          const rules = rulesOf(body);
          const stored = await stores.notificationRules.replace(organisationId, teamId, memberId, rules, tx);
          if (stored === 'unknown_member') throw notFound();
          if ('unknownMethods' in stored) throw unknownMethods(stored.unknownMethods);
          return { status: 200 as const, body: presentRules(stored) };
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/incident/{id}/notifications',
      summary: 'List who was notified of an incident, oldest first, with what came of each',
      description:
        'Each is one message to one contact method. An acknowledge, a snooze, an escalation, a new assignment or a resolve cancels those that were not sent yet.',
      tag: 'Notifications',
      role: 'query',
      auth: 'key',
      permission: 'view_data',
      params: pathId,
      query: z.strictObject(page),
      responses: { 200: z.object({ notifications: z.array(notification), next_cursor: nextCursor }) },
      refusals: [],
      handler: async ({ key, params, query }) => {
        const { organisationId } = key;
        await requireIncident(deps, key, params.id);
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'notifications', organisationId, filters: { incident: params.id } },
          query,
          (limit, after) => {
            const last = after && { createdAt: String(after[0]), id: String(after[1]) };
            return stores.notifications.list(organisationId, params.id, { limit, after: last });
          },
          ({ createdAt, id }) => [createdAt, id],
        );
        return { status: 200, body: { notifications: rows.map(presentNotification), next_cursor: nextCursor } };
      },
    }),
  ];
}

function rulesOf({ rules }: z.output<typeof givenRules>): NotificationRule[] {
  return rules.map(({ urgency, delay, contact_method_id: contactMethodId }) => ({ urgency, delay, contactMethodId }));
}

/** One rule twice would be one message twice. */
function checkBody(given: unknown): FieldError[] {
  const parsed = givenRules.safeParse(given);
  if (!parsed.success) return [];
  return repeatedRules(rulesOf(parsed.data)).map(({ index, first }) => ({
    field: `rules[${index}]`,
    message: `says the same as rules[${first}]`,
  }));
}

function unknownMethods(places: number[]): Refusal {
  const errors = places.map((index) => ({
    field: `rules[${index}].contact_method_id`,
    message: 'is no contact method of this member',
  }));
  return new Refusal('invalid_fields', 'Some fields are invalid.', errors);
}
