import type { IncidentSnapshot } from '../../domain/incident/snapshot.ts';
import type { RenderContext } from '../dialect.ts';
import type { Limits } from './limits.ts';
import { createReferences, type References } from './reference.ts';

/** All that a payload of an incident is written from. */
export interface Draft {
  snapshot: IncidentSnapshot;
  context: RenderContext;
  limits: Limits;
  references: References;
}

export function createDraft(snapshot: IncidentSnapshot, context: RenderContext, limits: Limits): Draft {
  return { snapshot, context, limits, references: createReferences(context.publicUrl, limits, snapshot.team) };
}
