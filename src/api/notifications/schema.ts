import { z } from 'zod';
import { contactMethodTypes } from '../../domain/notification/contact-method.ts';
import { longestRuleDelay, mostRules, type NotificationRule } from '../../domain/notification/rule.ts';
import { notificationReasons } from '../../domain/notification/still-asks.ts';
import type { Notification } from '../../stores/notifications.ts';
import { id, timestamp, urgency } from '../fields.ts';

const delayRange = `must be a whole number of seconds from 0 to ${longestRuleDelay}`;

const rule = z.strictObject({
  urgency: urgency.meta({ description: 'Of the incident, when it asks.' }),
  delay: z
    .int(delayRange)
    .min(0, delayRange)
    .max(longestRuleDelay, delayRange)
    .meta({ description: 'Seconds after the member was asked.' }),
  contact_method_id: id,
});

const examples = [
  {
    rules: [
      { urgency: 'high', delay: 0, contact_method_id: '01993c54-1a2b-7c3d-8e4f-5a6b7c8d9e0f' },
      { urgency: 'high', delay: 300, contact_method_id: '01993c54-3c4d-7e5f-9a60-7b8c9d0e1f20' },
    ],
  },
];

export const givenRules = z
  .strictObject({ rules: z.array(rule).max(mostRules, `must be at most ${mostRules} rules`) })
  .meta({ examples });

export const notificationRules = z
  .object({ rules: z.array(z.object({ urgency, delay: z.int(), contact_method_id: id })) })
  .meta({ id: 'NotificationRules', examples });

export const notification = z
  .object({
    id: id.meta({ description: 'The same on every attempt: in `webhook-id`, and in a mail’s Message-ID.' }),
    member_id: id,
    member_name: z.string(),
    contact_method_id: id,
    type: z.enum(contactMethodTypes),
    reason: z.enum(notificationReasons),
    due_at: timestamp.meta({ description: 'When it goes out, or is tried again.' }),
    status: z.enum(['pending', 'sent', 'failed', 'cancelled']),
    attempts: z.int(),
    error: z.string().nullable().meta({ description: 'Why the last attempt failed.' }),
    finished_at: timestamp.nullable(),
  })
  .meta({
    id: 'Notification',
    examples: [
      {
        id: '6f1c2f9e-3f0a-4f7b-9d57-0c2b8a1e4d35',
        member_id: '01993c4d-7f31-7d42-8b5c-6d7e8f90a1b2',
        member_name: 'Ada Lovelace',
        contact_method_id: '01993c54-1a2b-7c3d-8e4f-5a6b7c8d9e0f',
        type: 'email',
        reason: 'level',
        due_at: '2026-03-15T19:09:39.000Z',
        status: 'sent',
        attempts: 1,
        error: null,
        finished_at: '2026-03-15T19:09:39.412Z',
      },
    ],
  });

export function presentRules(rules: NotificationRule[]): z.input<typeof notificationRules> {
  return {
    rules: rules.map(({ urgency, delay, contactMethodId }) => ({ urgency, delay, contact_method_id: contactMethodId })),
  };
}

export function presentNotification(row: Notification): z.input<typeof notification> {
  return {
    id: row.id,
    member_id: row.memberId,
    member_name: row.memberName,
    contact_method_id: row.contactMethodId,
    type: row.type,
    reason: row.reason,
    due_at: row.dueAt,
    status: row.status,
    attempts: row.attempts,
    error: row.error,
    finished_at: row.finishedAt,
  };
}
