import { z } from 'zod';
import { viewerOf, type ApiKey } from '../../../stores/api-keys.ts';
import type { IncidentIoRead } from '../../../stores/incident-io-incidents.ts';
import type { ApiDeps } from '../../deps.ts';
import { notFound } from '../../errors.ts';
import { incidentIoId } from '../ids.ts';

/** `123` and `INC-123`. */
const reference = /^(?:INC-)?([1-9]\d{0,8})$/i;

/** The parameters of a path with an incident: its id, or the number that people know it by, as incident.io takes both. */
export const incidentPath = z.object({
  id: z
    .string()
    .transform((given, context): { id: string } | { number: number } => {
      const number = reference.exec(given)?.[1];
      if (number !== undefined) return { number: Number(number) };
      const { data: id } = incidentIoId.safeParse(given);
      if (id !== undefined) return { id };
      context.addIssue({ code: 'custom', message: 'must be the id of an incident' });
      return z.NEVER;
    })
    .meta({
      jsonSchema: { type: 'string' },
      description: 'Its id (a ULID, or the UUID that the rest of this API has), its reference, or the number in that.',
    }),
});

/** Throws `Refusal` `not_found` also for one that the key may not see. */
export async function requireIncidentIoRead(
  { stores }: Pick<ApiDeps, 'stores'>,
  key: ApiKey,
  by: { id: string } | { number: number },
): Promise<IncidentIoRead> {
  const found = await stores.incidentIoReads.get(key.organisationId, by, viewerOf(key));
  if (!found) throw notFound();
  return found;
}
