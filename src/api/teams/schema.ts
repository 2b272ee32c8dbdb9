import { z } from 'zod';
import type { Member } from '../../stores/members.ts';
import type { Team } from '../../stores/teams.ts';
import { email, id, text, timestamp, timeZone } from '../fields.ts';

export const newTeam = z
  .strictObject({ name: text(255), time_zone: timeZone.default('UTC') })
  .meta({ examples: [{ name: 'Payments', time_zone: 'Europe/Berlin' }] });

export const changedTeam = z
  .strictObject({ name: text(255).optional(), time_zone: timeZone.optional() })
  .meta({ examples: [{ name: 'Payments and billing' }] });

export const newMember = z
  .strictObject({ name: text(255), email, time_zone: timeZone.nullable().default(null) })
  .meta({ examples: [{ name: 'Ada Lovelace', email: 'ada@example.com', time_zone: 'Europe/London' }] });

export const changedMember = z
  .strictObject({
    name: text(255).optional(),
    email: email.optional(),
    time_zone: timeZone.nullable().optional().meta({ description: "Null: the team's." }),
  })
  .meta({ examples: [{ time_zone: null }] });

export const team = z
  .object({ id, number: z.int(), name: z.string(), time_zone: z.string(), created_at: timestamp })
  .meta({
    id: 'Team',
    examples: [
      {
        id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
        number: 1,
        name: 'Payments',
        time_zone: 'Europe/Berlin',
        created_at: '2026-03-01T09:00:00.000Z',
      },
    ],
  });

export const member = z
  .object({
    id,
    team_id: id,
    name: z.string(),
    email: z.string(),
    time_zone: z.string().nullable().meta({ description: "Null: the team's." }),
    created_at: timestamp,
  })
  .meta({
    id: 'Member',
    examples: [
      {
        id: '01993c4d-7f31-7d42-8b5c-6d7e8f90a1b2',
        team_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
        name: 'Ada Lovelace',
        email: 'ada@example.com',
        time_zone: 'Europe/London',
        created_at: '2026-03-01T09:05:00.000Z',
      },
    ],
  });

export function presentTeam({ id, number, name, timeZone, createdAt }: Team): z.input<typeof team> {
  return { id, number, name, time_zone: timeZone, created_at: createdAt };
}

export function presentMember(row: Member): z.input<typeof member> {
  const { id, teamId, name, email, timeZone, createdAt } = row;
  return { id, team_id: teamId, name, email, time_zone: timeZone, created_at: createdAt };
}
