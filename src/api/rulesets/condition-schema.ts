import { z } from 'zod';
import { longestPath } from '../../domain/json/path.ts';
import { conditionTypes } from '../../domain/ruleset/condition.ts';
import { operators } from '../../domain/ruleset/operators.ts';
import { longestValue, mostValues } from '../../domain/ruleset/validate-conditions.ts';
import { optionalText } from '../fields.ts';

type Names = [string, ...string[]];

export const condition = z
  .strictObject({
    type: z.enum([...conditionTypes.keys()] as Names).meta({
      description:
        '`json-check`: a value in the payload; `text-check`: the body as text; `tag-check`: tags and labels; `metadata-check`: webhook, address, headers.',
    }),
    key: optionalText(longestPath)
      .default('')
      .meta({
        description:
          'Of a `json-check` a path such as `products[0].count`, or a JSON Pointer; of a `tag-check` the name of a tag, or `*`; of a `metadata-check` `webhook_id`, `webhook_name`, `ip`, `content_type` or `header.<name>`; of a `text-check` nothing.',
        examples: ['products[0].count'],
      }),
    operator: z.enum([...operators.keys()] as Names),
    values: z.array(optionalText(longestValue)).max(mostValues).default([]).meta({ description: 'Any of them.' }),
  })
  .meta({ id: 'Condition' });

export const shownCondition = z.object({
  type: z.string(),
  key: z.string(),
  operator: z.string(),
  values: z.array(z.string()),
});
