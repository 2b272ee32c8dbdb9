import type { FieldError } from '../../../domain/error-code.ts';
import type { CustomField } from '../../../stores/custom-fields.ts';
import type { GivenValue } from './request-schema.ts';

const names = {
  text: 'value_text',
  link: 'value_link',
  numeric: 'value_numeric',
  single_select: 'value_option_id',
  multi_select: 'value_option_id',
} as const satisfies Record<CustomField['fieldType'], keyof GivenValue>;

/**
 * The values of one entry as they are stored: texts, or ids of options, each once. One of which nothing is given, or only
 * blanks, is none. `place` is where the entry stands in the body.
 */
export function customFieldValues(
  field: CustomField,
  given: GivenValue[],
  place: string,
): { values: string[]; faults: FieldError[] } {
  const faults: FieldError[] = [];
  const values = new Set<string>();
  const wanted = names[field.fieldType];
  for (const [index, value] of given.entries()) {
    const others = Object.entries(value).filter(([name, one]) => name !== wanted && !isBlank(one));
    for (const [name] of others)
      faults.push({
        field: `${place}.values[${index}].${name}`,
        message: `is not for a field of type ${field.fieldType}`,
      });
    const own = value[wanted];
    if (isBlank(own)) continue;
    const fault = faultOf(field, own);
    if (fault !== undefined) faults.push({ field: `${place}.values[${index}].${wanted}`, message: fault });
    // A text is kept as it was given.
    values.add(field.fieldType === 'link' || field.fieldType === 'numeric' ? own.trim() : own);
  }
  if (field.fieldType !== 'multi_select' && values.size > 1)
    faults.push({ field: `${place}.values`, message: `must be one at most: the field is of type ${field.fieldType}` });
  return { values: [...values], faults };
}

function isBlank(value: string | null | undefined): value is null | undefined {
  return value === undefined || value === null || value.trim() === '';
}

function faultOf({ fieldType, options }: CustomField, value: string): string | undefined {
  switch (fieldType) {
    case 'text':
      return undefined;
    case 'link':
      return isLink(value.trim()) ? undefined : 'must be a URL: https, http or mailto';
    case 'numeric':
      return /^[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})$/.test(value.trim()) ? undefined : 'must be a decimal number';
    case 'single_select':
    case 'multi_select':
      return options.some(({ id, isDeleted }) => id === value && !isDeleted)
        ? undefined
        : 'is not an option of this custom field';
  }
}

function isLink(value: string): boolean {
  return URL.canParse(value) && /^(https?|mailto):$/.test(new URL(value).protocol);
}
