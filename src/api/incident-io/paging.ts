import { z } from 'zod';
import { invalidField } from '../errors.ts';
import { queryInteger } from '../fields.ts';
import { answeredId, incidentIoId, ulidOf } from './ids.ts';

/** What a list with pages takes: how many, and the id of the last one of the page before. */
export const incidentIoPage = { page_size: queryInteger(1, 250, 25), after: incidentIoId.optional() };

export const paginationMeta = z.object({ after: answeredId.optional(), page_size: z.int() }).meta({
  id: 'IncidentIoPaginationMeta',
  description: '`after` is missing on the last page.',
  examples: [{ after: '01FCNDV6P870EA6S7TK1DSYDG0', page_size: 25 }],
});

export const paginationMetaWithTotal = z
  .object({ after: answeredId.optional(), page_size: z.int(), total_record_count: z.int().optional() })
  .meta({
    id: 'IncidentIoPaginationMetaWithTotal',
    description:
      '`after` is missing on the last page; `total_record_count` where there are more than 10,000, which nobody counts.',
    examples: [{ after: '01FCNDV6P870EA6S7TK1DSYDG0', page_size: 25, total_record_count: 238 }],
  });

/**
 * One page. `read` gives the rows behind the one with the UUID `after`, in the order of the list, one more than the page
 * has; undefined where the list has no such row (a foreign id is an unknown one), which is refused naming `after`.
 */
export async function readIncidentIoPage<Row extends { id: string }>(
  { page_size: size, after }: { page_size: number; after?: string | undefined },
  read: (limit: number, after: string | undefined) => Promise<Row[] | undefined>,
): Promise<{ rows: Row[]; paginationMeta: z.input<typeof paginationMeta> }> {
  const found = await read(size + 1, after);
  if (!found) throw invalidField('query.after', 'must be the id of an entry of this list');
  const rows = found.slice(0, size);
  const more = found.length > size;
  return { rows, paginationMeta: { ...(more ? { after: ulidOf(rows.at(-1)!.id) } : {}), page_size: size } };
}
