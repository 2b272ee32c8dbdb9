import { z } from 'zod';
import { contactMethodTypes } from '../../domain/notification/contact-method.ts';
import type { ContactMethod } from '../../stores/contact-methods.ts';
import { email, id, text, timestamp } from '../fields.ts';

export const memberPath = z.object({ id, member_id: id });
export const contactMethodPath = z.object({ id, member_id: id, contact_method_id: id });

const name = text(255).optional().meta({ description: 'For people to tell methods apart; absent: what it is.' });

export const newContactMethod = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('email'), name, address: email }),
    z.strictObject({
      type: z.enum(['slack', 'webhook']),
      name,
      url: text(2_048).meta({
        format: 'uri',
        description: "Kept sealed. `slack`: an incoming webhook of Slack's kind. `webhook`: gets signed JSON.",
      }),
    }),
  ])
  .meta({ examples: [{ type: 'email', name: 'At work', address: 'ada@example.com' }] });

export const changedContactMethod = z
  .strictObject({ name: text(255).optional() })
  .meta({ examples: [{ name: 'On the road' }] });

export const givenCode = z
  .strictObject({ code: z.string().regex(/^[0-9]{6}$/, 'must be the six digits that were sent') })
  .meta({ examples: [{ code: '042137' }] });

const shape = {
  id,
  member_id: id,
  type: z.enum(contactMethodTypes),
  name: z.string(),
  address: z.string().nullable().meta({ description: 'Of mail.' }),
  url: z.string().nullable().meta({ description: 'Of the others, only as far as its origin: the rest is a secret.' }),
  verified_at: timestamp.nullable().meta({ description: 'Null: nothing but a code is sent to it.' }),
  created_at: timestamp,
};
const example = {
  id: '01993c54-1a2b-7c3d-8e4f-5a6b7c8d9e0f',
  member_id: '01993c4d-7f31-7d42-8b5c-6d7e8f90a1b2',
  type: 'webhook',
  name: 'Pager bridge',
  address: null,
  url: 'https://pager.example.com',
  verified_at: null,
  created_at: '2026-03-01T09:10:00.000Z',
} as const;

export const contactMethod = z.object(shape).meta({ id: 'ContactMethod', examples: [example] });
export const contactMethodWithSecret = z
  .object({
    ...shape,
    secret: z.string().nullable().meta({ description: 'What a `webhook` gets is signed with. Shown once.' }),
  })
  .meta({
    id: 'NewContactMethod',
    examples: [{ ...example, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=' }],
  });

export function presentContactMethod(row: ContactMethod): z.input<typeof contactMethod> {
  return {
    id: row.id,
    member_id: row.memberId,
    type: row.type,
    name: row.name,
    address: row.address,
    url: row.origin,
    verified_at: row.verifiedAt,
    created_at: row.createdAt,
  };
}
