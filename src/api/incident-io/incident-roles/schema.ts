import { z } from 'zod';
import { microseconds } from '../../../outbound/incident-io/times.ts';
import type { IncidentRole } from '../../../stores/incident-roles.ts';
import { optionalText, text } from '../../fields.ts';
import { answeredId, answeredTime, ulidOf } from '../ids.ts';

const name = text(100);
const description = optionalText(2_000);
const instructions = optionalText(10_000).meta({ description: 'For whoever gets the role.' });
const shortform = text(50).meta({ description: 'A short name, as commands in a chat use it.' });
const required = z.boolean().meta({ description: 'Kept for clients that send it; nothing follows from it.' });

const fieldsOfNew = { name, description: description.default(''), instructions: instructions.default(''), shortform };
const fieldsOfChanged = {
  name: name.optional(),
  description: description.optional(),
  instructions: instructions.optional(),
  shortform: shortform.optional(),
};
const example = {
  name: 'Communications Lead',
  description: 'Tells everybody **what is going on**.',
  instructions: 'Update the status page; answer customers.',
  shortform: 'communications',
};

const shown = {
  id: answeredId,
  name: z.string(),
  description: z.string(),
  instructions: z.string(),
  shortform: z.string(),
  role_type: z.enum(['lead', 'reporter', 'custom']),
  created_at: answeredTime,
  updated_at: answeredTime,
};
const shownExample = {
  id: '01FCNDV6P870EA6S7TK1DSYDG0',
  ...example,
  role_type: 'custom',
  created_at: '2026-03-01T09:00:00.000000Z',
  updated_at: '2026-03-01T09:00:00.000000Z',
};

const roleV1 = z
  .object({ ...shown, required: z.boolean() })
  .meta({ id: 'IncidentIoRoleV1', examples: [{ ...shownExample, required: false }] });
const roleV2 = z.object(shown).meta({ id: 'IncidentIoRoleV2', examples: [shownExample] });

/** Version 1 says `required` as well. */
export const incidentRoleSchemas = {
  v1: {
    new: z
      .object({ ...fieldsOfNew, required: required.default(false) })
      .meta({ examples: [{ ...example, required: false }] }),
    changed: z
      .object({ ...fieldsOfChanged, required: required.optional() })
      .meta({ examples: [{ name: 'Communications', required: false }] }),
    one: z.object({ incident_role: roleV1 }),
    all: z.object({ incident_roles: z.array(roleV1) }),
  },
  v2: {
    new: z.object(fieldsOfNew).meta({ examples: [example] }),
    changed: z.object(fieldsOfChanged).meta({ examples: [{ name: 'Communications' }] }),
    one: z.object({ incident_role: roleV2 }),
    all: z.object({ incident_roles: z.array(roleV2) }),
  },
} as const;

/** Version 1; answers of version 2 leave out what they do not name. Also as an incident shows it. */
export function presentIncidentRole(row: IncidentRole): z.input<typeof roleV1> {
  return {
    id: ulidOf(row.id),
    name: row.name,
    description: row.description,
    instructions: row.instructions,
    shortform: row.shortform,
    role_type: row.roleType,
    required: row.required,
    created_at: microseconds(row.createdAt),
    updated_at: microseconds(row.updatedAt),
  };
}
