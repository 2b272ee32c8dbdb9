import { z } from 'zod';
import type { IncidentChanges } from '../../../domain/incident/command.ts';
import { detailsOf } from '../../../domain/incident/details-of.ts';
import { Refusal } from '../../../domain/error-code.ts';
import { coreStatusOf } from '../../../domain/incident/status-category.ts';
import { type ApiKey, viewerOf } from '../../../stores/api-keys.ts';
import { type CommandContent, storeCommandContent } from '../../../stores/command-contents.ts';
import type { EditableColumns } from '../../../stores/incident-io-incidents.ts';
import type { IncidentRead } from '../../../stores/incident-reads.ts';
import type { CompositeChange, IncidentCommand } from '../../../temporal/incident-workflows.ts';
import type { ApiDeps } from '../../deps.ts';
import { agentOfKey } from '../../incidents/agent.ts';
import { carryOut } from '../../incidents/carry-out.ts';
import { conceal } from '../../incidents/conceal.ts';
import { requireIncident } from '../../incidents/send-command.ts';
import { defineRoute, type Route } from '../../route.ts';
import { incidentIoSurface } from '../surface.ts';
import { type Brought, changesOf, contentOf, stepTo } from './edit-changes.ts';
import { incidentPath, requireIncidentIoRead } from './incident-path.ts';
import { editedIncident, type GivenEdit } from './request-schema.ts';
import { incidentV2, presentIncidentV2 } from './schema.ts';
import { type SettingsNamed, settingsNamed } from './settings-named.ts';

/** incident.io's way to edit an incident (https://docs.incident.io/api-reference/incidents-v2/edit). */
export function createEditRoute(deps: ApiDeps): Route {
  const { stores, publicUrl, sql } = deps;

  return defineRoute({
    method: 'POST',
    path: '/v2/incidents/{id}/actions/edit',
    summary: 'Edit an incident',
    description:
      'What is left out stays. A status of another category acknowledges the incident, takes that back, resolves or reopens it. Whoever gets a role is not assigned by that, and the urgency stays when the severity changes.',
    tag: 'incident.io incidents',
    role: 'command',
    auth: 'key',
    surface: incidentIoSurface,
    permission: 'edit_incidents',
    params: incidentPath,
    body: editedIncident,
    responses: { 200: z.object({ incident: incidentV2 }) },
    refusals: [
      'already_acknowledged',
      'not_acknowledged',
      'not_resolved',
      'incident_resolved',
      'key_in_use',
      'not_confirmed',
    ],
    handler: async ({ key, params, body: { incident: given }, commandId }) => {
      const { id } = await requireIncidentIoRead(deps, key, params.id);
      const [before, columns, { named, faults }] = await Promise.all([
        requireIncident(deps, key, id),
        stores.incidentIoReads.columns(key.organisationId, id),
        settingsNamed(deps, key.organisationId, given, { place: 'incident.', isNew: false }),
      ]);
      if (faults.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', faults);
      await edit(key, before, columns!, given, named, commandId);
      const row = await requireIncidentIoRead(deps, key, { id });
      return { status: 200, body: { incident: presentIncidentV2(row, publicUrl) } };
    },
  });

  async function edit(
    key: ApiKey,
    before: IncidentRead,
    columns: EditableColumns,
    given: GivenEdit,
    named: SettingsNamed,
    commandId: (purpose: string) => string,
  ): Promise<void> {
    const agent = agentOfKey(key);
    const send = (incident: IncidentRead, command: IncidentCommand) =>
      carryOut(deps, key.organisationId, incident, command, viewerOf(key));
    const wanted = named.status ? coreStatusOf(named.status.category) : before.status;
    const url = given.call_url ?? undefined;
    const isOtherCall = url !== undefined && url !== (before.conferenceBridge?.url ?? '');
    // Before anything is done, since the rest of it could be.
    if (isOtherCall && before.status === 'resolved' && wanted === 'resolved')
      throw new Refusal('incident_resolved', 'The incident is resolved: nobody talks about it any more.');

    let incident = before;
    const setCall = async () => {
      const number = before.conferenceBridge?.number ?? null;
      const call = { type: 'conference_bridge', number, url: url || null } as const;
      incident = await send(incident, { ...call, id: commandId('call'), agent });
    };
    if (before.status === 'resolved' && wanted !== 'resolved')
      incident = await send(incident, { type: 'reopen', id: commandId('reopen'), agent });
    if (isOtherCall && wanted === 'resolved') await setCall();

    const changes = changesOf(given, named, before);
    const status = stepTo(wanted, incident.status);
    const content = contentOf(status === null ? named : { ...named, status: undefined }, columns);
    if (changes !== null || content !== null || status !== null) {
      const change: CompositeChange = { changes: changes ?? (content ? {} : null), actions: [], status };
      const command: IncidentCommand = { type: 'change', ...change, id: commandId('edit'), agent };
      if (content !== null) await bring(key.organisationId, before, command, changes ?? {}, content);
      // With the step itself: a step earlier the incident would show another status for a moment, and webhooks tell of it.
      if (status !== null && named.status)
        await storeCommandContent(sql, key.organisationId, before.id, command.id, {
          changes: { statusId: named.status.id },
        });
      incident = await send(incident, command);
    }
    if (isOtherCall && wanted !== 'resolved') await setCall();
  }

  /** What the workflow need not know waits for the transition that stores it, beside what it must not know. */
  async function bring(
    organisationId: string,
    { id, visibility }: IncidentRead,
    command: Extract<IncidentCommand, { type: 'change' }>,
    changes: IncidentChanges,
    { content, fields }: Brought,
  ): Promise<void> {
    const commandId = command.status === null ? command.id : `${command.id}:change`;
    const hidden =
      visibility === 'private' ? conceal(command).contents.find((one) => one.commandId === commandId) : undefined;
    const own: CommandContent = {
      changes: { ...hidden?.content.changes, ...content },
      details: { ...hidden?.content.details, changed: [...(detailsOf(changes)['changed'] as string[]), ...fields] },
    };
    await storeCommandContent(sql, organisationId, id, commandId, own);
  }
}
