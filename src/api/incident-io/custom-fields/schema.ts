import { z } from 'zod';
import { microseconds } from '../../../outbound/incident-io/times.ts';
import { type CustomField, customFieldRequirements, customFieldTypes } from '../../../stores/custom-fields.ts';
import { optionalText, text } from '../../fields.ts';
import { customFieldOption, presentCustomFieldOption } from '../custom-field-options/schema.ts';
import { answeredId, answeredTime, ulidOf } from '../ids.ts';

type Requirement = CustomField['required'];

const name = text(100);
const description = optionalText(2_000);
const fieldType = z.enum(customFieldTypes).meta({ description: 'It never changes.' });

/** `required` of version 1 calls one of them otherwise. */
const required = z
  .enum(['never', 'before_closure', 'always'])
  .meta({ description: 'As `required_v2`, which goes before it.' });
const requiredV2 = z
  .enum(customFieldRequirements)
  .meta({ description: 'When forms ask for it; an incident without it is never refused.' });

const visibility = {
  show_before_creation: z.boolean().meta({ description: 'Must be true for a field that is always required.' }),
  show_before_closure: z.boolean(),
  show_before_update: z.boolean(),
  show_in_announcement_post: z.boolean(),
};
type Visibility = { [Field in keyof typeof visibility]?: boolean | undefined };

const example = { name: 'Affected Team', description: 'Which team is impacted', field_type: 'single_select' };
const settingsExample = {
  required: 'never',
  required_v2: 'never',
  show_before_creation: true,
  show_before_closure: true,
  show_before_update: true,
  show_in_announcement_post: true,
};

const shown = {
  id: answeredId,
  name: z.string(),
  description: z.string(),
  field_type: fieldType,
  created_at: answeredTime,
  updated_at: answeredTime,
};
const shownExample = {
  id: '01FCNDV6P870EA6S7TK1DSYDG0',
  ...example,
  created_at: '2026-03-01T09:00:00.000000Z',
  updated_at: '2026-03-01T09:00:00.000000Z',
};
const option = {
  id: '01FCNDV6P870EA6S7TK1DSYDG1',
  custom_field_id: '01FCNDV6P870EA6S7TK1DSYDG0',
  value: 'Product',
  sort_key: 10,
};

const customFieldV1 = z
  .object({ ...shown, ...visibility, required, required_v2: requiredV2, options: z.array(customFieldOption) })
  .meta({ id: 'IncidentIoCustomFieldV1', examples: [{ ...shownExample, ...settingsExample, options: [option] }] });
const customFieldV2 = z.object(shown).meta({ id: 'IncidentIoCustomFieldV2', examples: [shownExample] });

/** Version 1 says the options, and when forms ask for the field. */
export const customFieldSchemas = {
  v1: {
    new: z
      .object({
        name,
        description: description.default(''),
        field_type: fieldType,
        required: required.optional(),
        required_v2: requiredV2.optional(),
        show_before_creation: visibility.show_before_creation.default(false),
        show_before_closure: visibility.show_before_closure.default(false),
        show_before_update: visibility.show_before_update.default(false),
        show_in_announcement_post: visibility.show_in_announcement_post.default(false),
      })
      .meta({ examples: [{ ...example, ...settingsExample }] }),
    changed: z
      .object({
        name: name.optional(),
        description: description.optional(),
        field_type: fieldType.optional(),
        required: required.optional(),
        required_v2: requiredV2.optional(),
        show_before_creation: visibility.show_before_creation.optional(),
        show_before_closure: visibility.show_before_closure.optional(),
        show_before_update: visibility.show_before_update.optional(),
        show_in_announcement_post: visibility.show_in_announcement_post.optional(),
      })
      .meta({ examples: [{ name: 'Affected Teams', required_v2: 'before_resolution' }] }),
    one: z.object({ custom_field: customFieldV1 }),
    all: z.object({ custom_fields: z.array(customFieldV1) }),
  },
  v2: {
    new: z.object({ name, description: description.default(''), field_type: fieldType }).meta({ examples: [example] }),
    changed: z
      .object({ name: name.optional(), description: description.optional(), field_type: fieldType.optional() })
      .meta({ examples: [{ name: 'Affected Teams' }] }),
    one: z.object({ custom_field: customFieldV2 }),
    all: z.object({ custom_fields: z.array(customFieldV2) }),
  },
} as const;

/** What version 1 says beside name, description and type, in our words; what is absent is undefined. */
export function formsOf(
  body: Visibility & {
    name?: string | undefined;
    required?: z.output<typeof required> | undefined;
    required_v2?: Requirement | undefined;
  },
) {
  const first = body.required === 'before_closure' ? ('before_resolution' as const) : body.required;
  return {
    required: body.required_v2 ?? first,
    showBeforeCreation: body.show_before_creation,
    showBeforeClosure: body.show_before_closure,
    showBeforeUpdate: body.show_before_update,
    showInAnnouncementPost: body.show_in_announcement_post,
  };
}

/** Version 1; answers of version 2 leave out what they do not name. */
export function presentCustomField(row: CustomField): z.input<typeof customFieldV1> {
  return {
    id: ulidOf(row.id),
    name: row.name,
    description: row.description,
    field_type: row.fieldType,
    required: row.required === 'before_resolution' ? 'before_closure' : row.required,
    required_v2: row.required,
    show_before_creation: row.showBeforeCreation,
    show_before_closure: row.showBeforeClosure,
    show_before_update: row.showBeforeUpdate,
    show_in_announcement_post: row.showInAnnouncementPost,
    options: row.options.map(presentCustomFieldOption),
    created_at: microseconds(row.createdAt),
    updated_at: microseconds(row.updatedAt),
  };
}
