import { z } from 'zod';
import {
  assignModes,
  longestDelay,
  mostLevels,
  mostRepeats,
  mostTargets,
  shortestDelay,
} from '../../domain/escalation/policy.ts';
import type { PolicyDraft } from '../../domain/escalation/validate-policy.ts';
import type { EscalationPolicy } from '../../stores/escalation-policies.ts';
import { assignee, id, text, timestamp } from '../fields.ts';

const example = {
  name: 'Checkout',
  levels: [
    {
      delay: 300,
      targets: [{ type: 'schedule' as const, id: 'c03b02ec-244f-4d2c-8f68-3910071ed5c8' }],
      assign: 'everyone' as const,
    },
    {
      delay: 900,
      targets: [
        { type: 'member' as const, id: '445a5c1f-c0eb-403a-96d7-3976e5dc74ed' },
        { type: 'team' as const, id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091' },
      ],
      assign: 'everyone' as const,
    },
  ],
  repeat: 1,
  repeat_from_level: 1,
};

export const target = assignee;

const whoIsAsked =
  '`everyone`: all targets. `round_robin`: one of them, with each incident and each repeat the next one.';

const level = z.strictObject({
  delay: z
    .int('must be a whole number of seconds')
    .min(shortestDelay, `must be ${shortestDelay} second or more`)
    .max(longestDelay, `must be at most ${longestDelay} seconds`)
    .meta({ description: 'Seconds until the next level is asked.' }),
  targets: z
    .array(target)
    .min(1, 'must not be empty')
    .max(mostTargets, `must be at most ${mostTargets}`)
    .meta({ description: 'Each of them once.' }),
  assign: z.enum(assignModes).default('everyone').meta({ description: whoIsAsked }),
});

const fields = {
  name: text(255),
  levels: z.array(level).min(1, 'must not be empty').max(mostLevels, `must be at most ${mostLevels}`),
  repeat: z
    .int()
    .min(0, 'must be 0 or more')
    .max(mostRepeats, `must be at most ${mostRepeats}`)
    .meta({ description: 'How often it begins again after its last level.' }),
  repeat_from_level: z
    .int()
    .min(1, 'must be 1 or more')
    .max(mostLevels, `must be at most ${mostLevels}`)
    .meta({ description: 'At which level it begins again, counted from 1.' }),
};

export const newPolicy = z
  .strictObject({
    ...fields,
    repeat: fields.repeat.default(0),
    repeat_from_level: fields.repeat_from_level.default(1),
  })
  .meta({ examples: [example] });

export const changedPolicy = z
  .strictObject(fields)
  .partial()
  .meta({ examples: [{ repeat: 2 }, example] });

export const policy = z
  .object({
    id,
    number: z.int(),
    version: z.int().meta({ description: 'Counts its changes; an incident keeps the one it was given.' }),
    name: z.string(),
    levels: z.array(z.object({ delay: z.int(), targets: z.array(target), assign: z.enum(assignModes) })),
    repeat: z.int(),
    repeat_from_level: z.int(),
    created_at: timestamp,
  })
  .meta({
    id: 'EscalationPolicy',
    examples: [
      {
        id: '01993c4e-1f00-7a11-8b22-3c4d5e6f7081',
        number: 2,
        version: 1,
        ...example,
        created_at: '2026-03-15T19:09:39.000Z',
      },
    ],
  });

export function draftOf(body: z.output<typeof newPolicy>): PolicyDraft {
  return { name: body.name, levels: body.levels, repeat: body.repeat, repeatFromLevel: body.repeat_from_level };
}

/** What becomes of a policy that is changed by `body`. */
export function changeOf(stored: PolicyDraft, body: z.output<typeof changedPolicy>): PolicyDraft {
  return {
    name: body.name ?? stored.name,
    levels: body.levels ?? stored.levels,
    repeat: body.repeat ?? stored.repeat,
    repeatFromLevel: body.repeat_from_level ?? stored.repeatFromLevel,
  };
}

export function presentPolicy(row: EscalationPolicy): z.input<typeof policy> {
  return {
    id: row.id,
    number: row.number,
    version: row.version,
    name: row.name,
    levels: row.levels,
    repeat: row.repeat,
    repeat_from_level: row.repeatFromLevel,
    created_at: row.createdAt,
  };
}
