import type { z } from 'zod';
import type { IncidentChanges } from '../../domain/incident/command.ts';
import type { NewDefinition } from '../../stores/action-definitions.ts';
import { viewerOf } from '../../stores/api-keys.ts';
import type { IncidentRead } from '../../stores/incident-reads.ts';
import type { CompositeChange, IncidentCommand } from '../../temporal/incident-workflows.ts';
import { draftsOf } from '../actions/schema.ts';
import type { ApiDeps } from '../deps.ts';
import { pathId } from '../fields.ts';
import { uuidOf } from '../../stores/uuid-of.ts';
import { defineRoute, type Route } from '../route.ts';
import { definitionsFor, runsOf } from './action-runs.ts';
import { agentOf } from './agent.ts';
import { unknownAssignees } from './assignees.ts';
import { carryOut } from './carry-out.ts';
import { incidentUpdate } from './request-schema.ts';
import { presentIncident, storedIncident } from './schema.ts';
import { requireAgent, requireIncident, type Wish } from './send-command.ts';

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
    permission: 'edit_incidents',
    params: pathId,
    body: incidentUpdate,
    responses: { 200: storedIncident },
    refusals: ['already_acknowledged', 'not_acknowledged', 'incident_resolved', 'not_confirmed'],
    handler: async ({ key, params, body, commandId }) => {
      const { organisationId } = key;
      const before = await requireIncident(deps, key, params.id);
      // By what they do, not by request: two requests at once with the same action have the same ids.
      const idOf = (place: string, digest: string) =>
        digest === '' ? commandId(place) : uuidOf(`definition:${params.id}:${digest}`);
      const [agent, unknown, { definitions, errors }] = await Promise.all([
        agentOf(stores.members, key, body.by),
        unknownAssignees(stores.members, organisationId, body.assignees ?? []),
        definitionsFor(deps, organisationId, params.id, draftsOf(body.actions ?? []), idOf),
      ]);
      const sender = requireAgent(agent, [...unknown, ...errors]);

      const fresh = await freshOf(organisationId, params.id, definitions);
      const wish: CompositeChange = {
        changes: changesOf(body, before),
        priority: body.priority === undefined || body.priority === before.priority ? null : { to: body.priority },
        actions: runsOf(fresh, ({ digest }) => uuidOf(`run:${params.id}:${digest}`)),
        status: statusOf(body, before),
      };
      if (wish.changes === null && wish.priority === null && wish.actions.length === 0 && wish.status === null)
        return { status: 200, body: presentStored(before) };
      if (before.status !== 'resolved')
        await stores.actionDefinitions.insertForIncident(organisationId, params.id, fresh);
      const command = { ...commandOf(wish), id: commandId('command'), agent: sender } as IncidentCommand;
      return { status: 200, body: presentStored(await carryOut(deps, organisationId, before, command, viewerOf(key))) };
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
    severity: body.severity,
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
function commandOf(wish: CompositeChange): Wish {
  const { resolution = null, rootCause = null, ...others } = wish.changes ?? {};
  const hasMore = wish.priority || wish.actions.length > 0 || Object.keys(others).length > 0;
  if (wish.status === 'resolve' && !hasMore) return { type: 'resolve', resolution, rootCause };
  return { type: 'change', ...wish };
}
