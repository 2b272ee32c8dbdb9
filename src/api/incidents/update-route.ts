import type { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import type { IncidentChanges } from '../../domain/incident/transition.ts';
import type { NewDefinition } from '../../stores/action-definitions.ts';
import type { IncidentRead } from '../../stores/incident-reads.ts';
import type { CompositeChange, IncidentCommand } from '../../temporal/incident-workflows.ts';
import { draftsOf } from '../actions/schema.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { pathId } from '../fields.ts';
import { uuidOf } from '../idempotency.ts';
import { defineRoute, type Route } from '../route.ts';
import { definitionsFor, runsOf } from './action-runs.ts';
import { agentOf } from './agent.ts';
import { unknownAssignees } from './assignees.ts';
import { carryOut } from './carry-out.ts';
import { incidentUpdate } from './request-schema.ts';
import { presentIncident, storedIncident } from './schema.ts';

type Update = z.output<typeof incidentUpdate>;

export function createUpdateRoute(deps: ApiDeps): Route {
  const { stores } = deps;

  return defineRoute({
    method: 'PUT',
    path: '/v1/incident/{id}',
    summary: 'Change an incident',
    description:
      'Fields left out stay as they are. All of it happens, or none. An action that the incident has had is not run again, so a repeat is harmless.',
    tag: 'Incidents',
    role: 'command',
    auth: 'key',
    params: pathId,
    body: incidentUpdate,
    responses: { 200: storedIncident },
    refusals: ['already_acknowledged', 'not_acknowledged', 'incident_resolved', 'not_confirmed'],
    handler: async ({ key, params, body, commandId }) => {
      const { organisationId } = key;
      const before = await stores.incidentReads.get(organisationId, params.id);
      if (!before) throw notFound();
      // By what they do, not by request: two requests at once with the same action have the same ids.
      const idOf = (place: string, digest: string) =>
        digest === '' ? commandId(place) : uuidOf(`definition:${params.id}:${digest}`);
      const [agent, unknown, { definitions, errors }] = await Promise.all([
        agentOf(stores.members, key, body.by),
        unknownAssignees(stores.members, organisationId, body.assignees ?? []),
        definitionsFor(deps, organisationId, params.id, draftsOf(body.actions ?? []), idOf),
      ]);
      const faults = [...unknown, ...errors];
      if (!agent) faults.push({ field: 'by', message: 'is not a member of this organisation' });
      if (!agent || faults.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', faults);

      const fresh = await freshOf(organisationId, params.id, definitions);
      const wish: CompositeChange = {
        changes: changesOf(body, before),
        actions: runsOf(fresh, ({ digest }) => uuidOf(`run:${params.id}:${digest}`)),
        status: statusOf(body, before),
      };
      if (wish.changes === null && wish.actions.length === 0 && wish.status === null)
        return { status: 200, body: presentStored(before) };
      if (before.status !== 'resolved')
        await stores.actionDefinitions.insertForIncident(organisationId, params.id, fresh);
      const command = { ...commandOf(wish), id: commandId('command'), agent } as IncidentCommand;
      return { status: 200, body: presentStored(await carryOut(deps, organisationId, before, command)) };
    },
  });

  /** Those that the incident has not had, each once. */
  async function freshOf(
    organisationId: string,
    incidentId: string,
    definitions: NewDefinition[],
  ): Promise<NewDefinition[]> {
    if (definitions.length === 0) return [];
    const seen = await stores.actionDefinitions.digestsOfIncident(organisationId, incidentId);
    return definitions.filter(({ digest }) => !seen.has(digest) && seen.add(digest));
  }
}

function presentStored(row: IncidentRead): z.input<typeof storedIncident> {
  return { message: 'The incident was updated.', ...presentIncident(row) };
}

/** What differs from what is; null when nothing does. */
function changesOf(body: Update, before: IncidentRead): IncidentChanges | null {
  const assignees = body.assignees?.length === 0 ? [{ type: 'team' as const, id: before.teamId }] : body.assignees;
  const wanted: IncidentChanges = {
    name: body.name,
    description: body.description,
    urgency: body.urgency,
    assignees,
    resolution: body.resolution,
    rootCause: body.root_cause,
  };
  const changed = Object.entries(wanted).filter(
    ([field, value]) => value !== undefined && !isEqual(value, before[field as keyof IncidentChanges]),
  );
  return changed.length === 0 ? null : (Object.fromEntries(changed) as IncidentChanges);
}

function isEqual(one: IncidentChanges[keyof IncidentChanges], other: typeof one | null): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return (
    one.length === other.length && one.every(({ type, id }, at) => type === other[at]?.type && id === other[at].id)
  );
}

/** Null when the incident is to stay as it is. Whether the step can be made is for its workflow to say. */
function statusOf({ status }: Update, before: IncidentRead): CompositeChange['status'] {
  if (status === undefined) return null;
  if (status === 'acknowledged') return 'acknowledge';
  if (status === 'resolved') return 'resolve';
  return before.status === 'triggered' ? null : 'unacknowledge';
}

/** A resolve with its own texts and nothing else is one step, as by the command. */
function commandOf(wish: CompositeChange) {
  const { resolution = null, rootCause = null, ...others } = wish.changes ?? {};
  if (wish.status === 'resolve' && wish.actions.length === 0 && Object.keys(others).length === 0)
    return { type: 'resolve', resolution, rootCause } as const;
  return { type: 'change', ...wish } as const;
}
