import { z } from 'zod';
import type { Member } from '../../stores/members.ts';
import type { Team } from '../../stores/teams.ts';
import { email, id, text, timestamp, timeZone } from '../fields.ts';

export const changedTeam = z.strictObject({ name: text(255).optional(), time_zone: timeZone.optional() });

export const changedMember = z.strictObject({
  name: text(255).optional(),
  email: email.optional(),
  time_zone: timeZone.nullable().optional().meta({ description: "Null: the team's." }),
});

export const team = z
  .object({ id, number: z.int(), name: z.string(), time_zone: z.string(), created_at: timestamp })
  .meta({ id: 'Team' });

export const member = z
  .object({
    id,
    team_id: id,
    name: z.string(),
    email: z.string(),
    time_zone: z.string().nullable().meta({ description: "Null: the team's." }),
    created_at: timestamp,
  })
  .meta({ id: 'Member' });

export function presentTeam({ id, number, name, timeZone, createdAt }: Team): z.input<typeof team> {
  return { id, number, name, time_zone: timeZone, created_at: createdAt };
}

export function presentMember(row: Member): z.input<typeof member> {
  const { id, teamId, name, email, timeZone, createdAt } = row;
  return { id, team_id: teamId, name, email, time_zone: timeZone, created_at: createdAt };
}
