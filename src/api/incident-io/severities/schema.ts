import { z } from 'zod';
import { longestLabel } from '../../../domain/ruleset/ruleset.ts';
import { microseconds } from '../../../outbound/incident-io/times.ts';
import { highestRank, type Severity } from '../../../stores/severities.ts';
import { optionalText, text } from '../../fields.ts';
import { answeredId, answeredTime, ulidOf } from '../ids.ts';

const name = text(longestLabel).meta({ description: 'Incidents have it as their label.' });
const description = optionalText(2_000);
const rank = z
  .int()
  .min(0)
  .max(highestRank)
  .meta({ description: 'The higher, the more severe. Without one a new severity is the most severe.' });

export const newSeverity = z
  .object({ name, description: description.default(''), rank: rank.optional() })
  .meta({ examples: [{ name: 'Minor', description: 'Issues with **low impact**.', rank: 1 }] });

export const changedSeverity = z
  .object({ name: name.optional(), description: description.optional(), rank: rank.optional() })
  .meta({ examples: [{ name: 'Moderate', description: 'Issues with **some impact**.', rank: 2 }] });

const severity = z
  .object({
    id: answeredId,
    name: z.string(),
    description: z.string(),
    rank: z.int(),
    created_at: answeredTime,
    updated_at: answeredTime,
  })
  .meta({
    id: 'IncidentIoSeverity',
    examples: [
      {
        id: '01FCNDV6P870EA6S7TK1DSYDG0',
        name: 'Minor',
        description: 'Issues with **low impact**.',
        rank: 1,
        created_at: '2026-03-01T09:00:00.000000Z',
        updated_at: '2026-03-01T09:00:00.000000Z',
      },
    ],
  });

export const oneSeverity = z.object({ severity });
export const allSeverities = z.object({ severities: z.array(severity) });

/** Also as an incident shows it. */
export function presentSeverity(row: Severity): z.input<typeof severity> {
  return {
    id: ulidOf(row.id),
    name: row.name,
    description: row.description,
    rank: row.rank,
    created_at: microseconds(row.createdAt),
    updated_at: microseconds(row.updatedAt),
  };
}
