import { z } from 'zod';
import { type CustomFieldOption, highestSortKey } from '../../../stores/custom-field-options.ts';
import { text } from '../../fields.ts';
import { answeredId, incidentIoId, ulidOf } from '../ids.ts';
import { incidentIoPage, paginationMeta } from '../paging.ts';

const value = text(255)
  .refine(
    (given) => !/^\s|\s$|[\t\r\n]/.test(given),
    'must neither begin nor end with white space, nor have tabs or lines',
  )
  .meta({ pattern: '^(?!\\s)[^\\t\\r\\n\\u0000]*[^\\s\\u0000-\\u001f\\u007f-\\u009f\\ufeff]$' });
const sortKey = z
  .int()
  .min(0)
  .max(highestSortKey)
  .meta({ description: 'Options are listed by it. Without one a new option is the last.' });

export const newCustomFieldOption = z
  .object({ custom_field_id: incidentIoId, value, sort_key: sortKey.optional() })
  .meta({ examples: [{ custom_field_id: '01FCNDV6P870EA6S7TK1DSYDG0', value: 'Product', sort_key: 10 }] });

export const changedCustomFieldOption = z
  .object({ value: value.optional(), sort_key: sortKey.optional() })
  .meta({ examples: [{ value: 'Product and design', sort_key: 20 }] });

export const optionsQuery = z.object({ ...incidentIoPage, custom_field_id: incidentIoId });

export const customFieldOption = z
  .object({ id: answeredId, custom_field_id: answeredId, value: z.string(), sort_key: z.int() })
  .meta({
    id: 'IncidentIoCustomFieldOption',
    examples: [
      {
        id: '01FCNDV6P870EA6S7TK1DSYDG1',
        custom_field_id: '01FCNDV6P870EA6S7TK1DSYDG0',
        value: 'Product',
        sort_key: 10,
      },
    ],
  });

export const oneCustomFieldOption = z.object({ custom_field_option: customFieldOption });
export const someCustomFieldOptions = z.object({
  custom_field_options: z.array(customFieldOption),
  pagination_meta: paginationMeta,
});

export function presentCustomFieldOption(row: CustomFieldOption): z.input<typeof customFieldOption> {
  return {
    id: ulidOf(row.id),
    custom_field_id: ulidOf(row.customFieldId),
    value: row.value,
    sort_key: row.sortKey,
  };
}
