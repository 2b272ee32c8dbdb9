import { z } from 'zod';
import { longestDelay, mostLevels, mostRepeats } from '../../domain/escalation/policy.ts';
import type { SimulatedStep, Simulation } from '../../domain/escalation/simulate.ts';
import { contactMethodTypes } from '../../domain/notification/contact-method.ts';
import type { PlannedNotification } from '../../stores/notification-plans.ts';
import type { TargetMember } from '../../stores/targets.ts';
import { id, timestamp, urgency } from '../fields.ts';
import { moment } from '../schedules/times.ts';
import { target } from './schema.ts';

/** No policy takes longer. */
const longestStory = mostLevels * (1 + mostRepeats) * longestDelay;
/** Members and notifications of all steps: what teams of thousands would make of an answer is megabytes. */
const mostNamed = 10_000;

export const simulation = z
  .strictObject({
    at: moment
      // Its end has to have four digits, too.
      .refine((at) => at < '9990', 'must be before the year 9990')
      .meta({
        jsonSchema: {
          type: 'string',
          format: 'date-time',
          pattern: '^(19[7-9][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9])-',
        },
      })
      .optional()
      .meta({ description: 'When the incident opens; now unless given.' }),
    acknowledged_after: z
      .int('must be a whole number of seconds, or null')
      .min(0, 'must be 0 seconds or more')
      .max(longestStory, `must be at most ${longestStory} seconds`)
      .nullable()
      .default(null)
      .meta({ description: 'Seconds until somebody acknowledges it; null: nobody does.' }),
    urgency: urgency.default('high').meta({ description: "Of the incident: by it members' notification rules go." }),
  })
  .meta({ examples: [{ at: '2026-03-15T22:58:00Z', acknowledged_after: 420, urgency: 'high' }] });

const step = z.object({
  at: timestamp,
  level: z.int().meta({ description: 'Counted from 1.' }),
  cycle: z.int().meta({ description: 'How often the policy began again.' }),
  reason: z
    .enum(['level', 'nobody_on_call'])
    .meta({ description: 'Why now: its time has come, or the step before found nobody.' }),
  targets: z.array(target),
  members: z
    .array(z.object({ id, name: z.string(), team_id: id }))
    .meta({ description: 'Whom the targets stand for at this instant. Empty: it goes on to the next level at once.' }),
  notifications: z
    .array(z.object({ member_id: id, contact_method_id: id, type: z.enum(contactMethodTypes), at: timestamp }))
    .meta({ description: 'What they get by their rules until the next step or the acknowledgement, soonest first.' }),
});

export const simulated = z
  .object({
    steps: z.array(step),
    exhausted_at: timestamp.nullable().meta({
      description: 'When the last level was asked in vain for the last time; null: it does not come to that.',
    }),
    acknowledged_at: timestamp.nullable(),
    truncated: z
      .boolean()
      .meta({ description: `More than ${mostNamed} members and notifications: later steps are left out.` }),
  })
  .meta({
    id: 'SimulatedEscalation',
    examples: [
      {
        steps: [
          {
            at: '2026-03-15T22:58:00.000Z',
            level: 1,
            cycle: 0,
            reason: 'level',
            targets: [{ type: 'schedule', id: 'c03b02ec-244f-4d2c-8f68-3910071ed5c8' }],
            members: [
              {
                id: '445a5c1f-c0eb-403a-96d7-3976e5dc74ed',
                name: 'Ada Lovelace',
                team_id: 'c03b02ec-244f-4d2c-8f68-3910071ed5c8',
              },
            ],
            notifications: [
              {
                member_id: '445a5c1f-c0eb-403a-96d7-3976e5dc74ed',
                contact_method_id: '01993c4d-8c00-7e53-9c6d-7e8f90a1b2c3',
                type: 'email',
                at: '2026-03-15T22:58:00.000Z',
              },
            ],
          },
        ],
        exhausted_at: null,
        acknowledged_at: '2026-03-15T23:02:00.000Z',
        truncated: false,
      },
    ],
  });

export function presentSimulation(
  { steps, exhaustedAt, acknowledgedAt }: Simulation<TargetMember>,
  planned: PlannedNotification[],
): z.input<typeof simulated> {
  const byMember = new Map<string, PlannedNotification[]>();
  for (const plan of planned) byMember.set(plan.memberId, [...(byMember.get(plan.memberId) ?? []), plan]);

  const shown: z.input<typeof step>[] = [];
  let named = 0;
  for (const one of steps) {
    const presented = presentStep(one, byMember);
    named += presented.members.length + presented.notifications.length;
    if (shown.length > 0 && named > mostNamed) break;
    shown.push(presented);
  }
  const truncated = shown.length < steps.length;
  return { steps: shown, exhausted_at: exhaustedAt, acknowledged_at: acknowledgedAt, truncated };
}

function presentStep(
  { at, level, cycle, reason, targets, members, until }: SimulatedStep<TargetMember>,
  planned: Map<string, PlannedNotification[]>,
): z.input<typeof step> {
  const end = until === null ? Infinity : Date.parse(until);
  const notifications = members
    .flatMap(({ memberId }) => planned.get(memberId) ?? [])
    .map((plan) => ({ ...plan, due: Date.parse(at) + plan.delay * 1_000 }))
    // A step and an acknowledgement take back what is not due before them.
    .filter(({ due }) => due < end)
    .sort((a, b) => a.due - b.due);
  return {
    at,
    level,
    cycle,
    reason,
    targets,
    members: members.map(({ memberId, name, teamId }) => ({ id: memberId, name, team_id: teamId })),
    notifications: notifications.map(({ memberId, contactMethodId, type, due }) => {
      return { member_id: memberId, contact_method_id: contactMethodId, type, at: new Date(due).toISOString() };
    }),
  };
}
