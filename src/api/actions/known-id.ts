import { z } from 'zod';
import { id } from '../fields.ts';

/** Of an action or settings that stand. Empty is absent, as in the examples of the API this one follows. */
export const knownId = z
  .union([id, z.literal('')], 'must be a UUID')
  .optional()
  .meta({ description: 'Of one that stands; absent or empty: a new one.' });
