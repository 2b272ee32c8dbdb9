import { v7 as uuid } from 'uuid';
import { openIncident } from '../../../domain/incident/open-incident.ts';
import type { Assignee } from '../../../domain/incident/incident.ts';
import { coreStatusOf } from '../../../domain/incident/status-category.ts';
import { urgencyOfSeverity } from '../../../domain/incident/urgency-of-severity.ts';
import type { ApiKey } from '../../../stores/api-keys.ts';
import type { IncidentStatus } from '../../../stores/incident-statuses.ts';
import type { IncidentType } from '../../../stores/incident-types.ts';
import type { NewIncident } from '../../../stores/incidents.ts';
import { agentOfKey } from '../../incidents/agent.ts';
import type { Opening } from '../../incidents/open-incident.ts';
import type { GivenIncident } from './request-schema.ts';
import type { SettingsNamed } from './settings-named.ts';

/** What an incident without name and summary is called. */
const unnamed = 'Unnamed incident';
const longestName = 255;

export interface Creation {
  key: ApiKey;
  body: GivenIncident;
  named: SettingsNamed;
  teamId: string;
  /** Of an incident that names none. */
  defaultType: IncidentType;
  closed: IncidentStatus | undefined;
  /** Of all severities. */
  ranks: number[];
}

/**
 * An incident of incident.io's API as ours. Neither an acknowledgement that lapses nor an age ends anything: its people
 * do that. Whoever leads it is assigned, else the team.
 */
export function openingOf(creation: Creation): Omit<Opening, 'reporter'> {
  const { key, body, named, teamId, ranks } = creation;
  const type = named.type ?? creation.defaultType;
  const assignee: Assignee = named.leadId ? { type: 'member', id: named.leadId } : { type: 'team', id: teamId };
  const incidentId = uuid();
  const build = (number: number): NewIncident => ({
    state: openIncident(
      {
        organisationId: key.organisationId,
        incidentId,
        number,
        teamId,
        name: nameOf(body),
        urgency: urgencyOfSeverity(named.severity?.rank ?? null, ranks),
        createdAt: new Date().toISOString(),
        acknowledgementTimeout: null,
        autoResolveTimeout: null,
        openedBy: agentOfKey(key),
        openedThrough: 'api',
        openingActions: [],
      },
      [assignee],
    ),
    description: body.summary ?? '',
    incidentKey: null,
    severity: named.severity?.name ?? null,
    visibility: type.privateIncidentsOnly ? 'private' : body.visibility,
    apiKeyId: key.id,
    idempotencyKey: body.idempotency_key,
    statusId: statusIdOf(creation, type),
    typeId: named.type?.id ?? null,
    mode: body.mode ?? 'standard',
    customFields: withoutEmpty(named.customFields),
    roleAssignments: withoutNull(named.roleAssignments),
    timestamps: withoutNull(named.timestamps),
  });
  return { incidentId, teamId, build };
}

function nameOf({ name, summary }: GivenIncident): string {
  const lines = [name ?? '', ...(summary ?? '').split(/[\r\n]+/)].map((line) => line.trim());
  const first = lines.find((line) => /[^\s\p{Cc}\ufeff]/u.test(line)) ?? unnamed;
  const characters = [...first];
  return characters.length <= longestName ? first : `${characters.slice(0, longestName - 1).join('')}…`;
}

/** What is told of after it was over is over, unless somebody says otherwise. */
function statusIdOf({ body, named, closed }: Creation, type: IncidentType): string | null {
  const isRetrospective = body.mode === 'retrospective';
  if (type.createInTriage === 'always' && !isRetrospective) {
    const { status } = named;
    return status && coreStatusOf(status.category) === 'triggered' ? status.id : null;
  }
  return named.status?.id ?? (isRetrospective ? (closed?.id ?? null) : null);
}

function withoutEmpty(values: Record<string, string[]>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(values).filter(([, list]) => list.length > 0));
}

function withoutNull(values: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null));
}
