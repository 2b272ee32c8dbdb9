import type { ActionDraft } from '../../domain/action/action-draft.ts';
import type { FieldError } from '../../domain/error-code.ts';
import type { NewDefinition } from '../../stores/action-definitions.ts';
import type { ActionToRun } from '../../temporal/incident-workflows.ts';
import { refusedUrls, unknownTargets } from '../actions/unknown-targets.ts';
import type { ApiDeps } from '../deps.ts';

/** Checks actions for an incident and gives them their ids; every fault is named, and nothing stored. */
export async function definitionsFor(
  deps: Pick<ApiDeps, 'stores' | 'targetRefusal'>,
  organisationId: string,
  incidentId: string,
  drafts: ActionDraft[],
  idOf: (place: string, digest: string) => string,
): Promise<{ definitions: NewDefinition[]; errors: FieldError[] }> {
  const [refused, unknown, settled] = await Promise.all([
    refusedUrls(deps, drafts),
    unknownTargets(deps, organisationId, drafts),
    deps.stores.actionDefinitions.settleForIncident(organisationId, incidentId, drafts, idOf),
  ]);
  const errors = [...refused, ...unknown, ...('errors' in settled ? settled.errors : [])];
  return { definitions: 'errors' in settled ? [] : settled.definitions, errors };
}

/** `runId` is the same for a repeat: by it the incident knows a run that it has had. */
export function runsOf(
  definitions: NewDefinition[],
  runId: (definition: NewDefinition, index: number) => string,
): ActionToRun[] {
  return definitions.map((definition, index) => {
    const { id: definitionId, type, subscriptionId } = definition;
    return { id: runId(definition, index), type, subscriptionId, definitionId };
  });
}
